// SPDX-License-Identifier: Apache-2.0
/** Small worlds whose outcome was derived from what simulate promises, and only then compared with what it says. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { bgp, endpoints, holder, l2, node, peer, pool, service } from './build.ts'
import { partOf } from './rule-outcome.ts'
import { SENTENCES, SHOWN_ELSEWHERE } from './sentences.ts'
import { parseExactly, simulated } from './simulate.ts'

const directory = mkdtempSync(join(tmpdir(), 'metallb-by-hand-'))
after(() => rmSync(directory, { recursive: true }))

/** Sentences shown, arguments (a text that begins with `---` and a line break becomes a file), status, part of the JSON. */
type World = readonly [shows: string, args: readonly string[], status: 0 | 1, expected: object]

const POOL = pool('a', '192.0.2.0/30')
const ONE = pool('a', '192.0.2.0/32')
const STALE = pool('a', '1.2.3')
const SIX = pool('a', '"2001:db8::/126"')
const BOTH = pool('a', '192.0.2.10/32, "2001:DB8:0::0001/128"')
const TO_PEER = bgp() + peer()
const S = service('s')
const S_ENDS = S + endpoints('s', 'node-1')
const ours = (...services: object[]) => ({ services })
const error = (code: string) => ({ severity: 'error', code })
const oldest = (name: string, year: number) => service(name, '', `, creationTimestamp: "${year}-01-01T00:00:00Z"`)
const silent = (at: string, protocol: string, reason: string) => ({ node: at, protocol, reason })
const EXCLUDED = node('n1', 'node.kubernetes.io/exclude-from-external-load-balancers: ""')
const OTHER = ', loadBalancerClass: example.com/other'

const WORLDS: readonly World[] = [
  [
    'metallb-namespace',
    [POOL + S, '--namespace', 'lb'],
    0,
    { pools: [{ name: 'a' }], services: [{ namespace: 'default' }] },
  ],
  [
    'ignored',
    [POOL + '---\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: x }\n'],
    0,
    { ignored: { 'apps/v1 Deployment': 1 } },
  ],
  ['live-state', [POOL + holder('s', ['192.0.2.3'])], 0, ours({ ips: ['192.0.2.3'], pool: 'a', events: [] })],
  ['replaces', [POOL, '--then', pool('a', '198.51.100.0/32')], 0, { pools: [{ name: 'a', availableIPv4: 1 }] }],
  [
    'carries-over',
    [POOL + service('s', ', loadBalancerIP: 192.0.2.2'), '--then', S],
    0,
    { ...ours({ ips: ['192.0.2.2'] }), changes: [] },
  ],
  [
    'own-status',
    [POOL + service('s', ', loadBalancerIP: 192.0.2.2'), '--then', holder('s', ['192.0.2.3'])],
    0,
    ours({ ips: ['192.0.2.3'] }),
  ],
  [
    'own-status',
    [POOL + service('s', ', loadBalancerIP: 192.0.2.2'), '--then', `${S}status: { loadBalancer: {} }\n`],
    0,
    ours({ ips: ['192.0.2.0'] }),
  ],
  [
    'deletes-node',
    [POOL + l2() + node('n1') + node('n2') + S_ENDS, '--then', '--delete', 'Node/n2'],
    0,
    ours({ l2: [{ node: 'n1' }] }),
  ],
  [
    'changes-against',
    [POOL + S, '--then', service('t'), '--then', service('u')],
    0,
    { changes: [{ name: 'u', before: null, after: ['192.0.2.2'] }] },
  ],
  [
    'speakers-all silent',
    [POOL + l2() + node('n1') + node('n2') + S],
    0,
    ours({
      silent: [
        silent('n1', 'bgp', 'notOwner'),
        silent('n1', 'layer2', 'notOwner'),
        silent('n2', 'bgp', 'notOwner'),
        silent('n2', 'layer2', 'notOwner'),
      ],
    }),
  ],
  [
    'speakers-named',
    [POOL + l2() + node('n1') + node('n2') + S_ENDS, '--speakers', 'n2'],
    0,
    ours({ l2: [{ node: 'n2' }], silent: [silent('n2', 'bgp', 'notOwner')] }),
  ],
  ['node-1', [POOL + l2() + S_ENDS], 0, ours({ l2: [{ ip: '192.0.2.0', node: 'node-1', interfaces: 'all' }] })],
  [
    'configuration-first',
    [POOL + S + service('t'), '--then', ONE, '--delete', 'Service/default/s'],
    0,
    ours({ name: 't', ips: ['192.0.2.0'] }),
  ],
  [
    'older-first error-exits-1',
    [ONE + oldest('a', 2021) + oldest('b', 2020)],
    1,
    ours({ ips: [], refusal: { code: 'poolExhausted' } }, { ips: ['192.0.2.0'] }),
  ],
  ['older-first', [ONE + oldest('a', 2020) + service('b')], 1, ours({ ips: [] }, { ips: ['192.0.2.0'] })],
  ['families-given', [BOTH + service('s', ', ipFamilies: [IPv6]')], 0, ours({ ips: ['2001:db8::1'] })],
  ['families-given', [BOTH + service('s', ', clusterIPs: ["fd00::1"]')], 0, ours({ ips: ['2001:db8::1'] })],
  ['families-given', [BOTH + S], 0, ours({ ips: ['192.0.2.10'] })],
  [
    'families-both l2-by-ip',
    [BOTH + l2() + service('s', ', ipFamilyPolicy: RequireDualStack') + endpoints('s', 'node-1')],
    0,
    ours({ ips: ['192.0.2.10', '2001:db8::1'], l2: [{ ip: '192.0.2.10' }, { ip: '2001:db8::1' }] }),
  ],
  [
    'headless pool-null',
    [POOL + service('s', ', clusterIP: None')],
    1,
    ours({ ips: [], pool: null, events: [{ reason: 'AllocationFailed' }] }),
  ],
  [
    'schema-refuses configured-false gives-nothing',
    [POOL + pool('b', '198.51.100.0/24', ', autoAssign: 5') + S],
    1,
    {
      problems: [{ code: 'schema', field: 'spec.autoAssign' }],
      configured: false,
      ...ours({ ips: [], refusal: { code: 'notConfigured' } }),
      pools: [],
    },
  ],
  [
    'schema-refuses',
    [POOL + bgp('serviceSelectors: [{ matchLabels: { a: b } }], aggregationLength: 31')],
    1,
    { problems: [error('schema')], configured: false },
  ],
  [
    'schema-refuses',
    [POOL + peer('p', 'peerAddress: 10.0.0.1, connectTime: 0s')],
    1,
    { problems: [error('schema')], configured: false },
  ],
  [
    'wrong-namespace configured-false',
    [POOL + S + pool('b', '198.51.100.0/24').replace('name: b', 'name: b, namespace: x')],
    1,
    { problems: [error('wrongNamespace')], configured: false },
  ],
  ['object-twice configured-false', [POOL + ONE + S], 1, { problems: [error('duplicateObject')], configured: false }],
  [
    'object-twice',
    [POOL + service('s', ', loadBalancerIP: 192.0.2.1') + service('s', ', loadBalancerIP: 192.0.2.2')],
    1,
    { problems: [error('duplicateObject')], configured: true, ...ours({ ips: ['192.0.2.2'] }) },
  ],
  [
    'references configured-false',
    [POOL + peer('p', 'peerAddress: 10.0.0.1, passwordSecret: { name: x }')],
    1,
    { problems: [error('unknownSecret')], configured: false },
  ],
  [
    'references',
    [POOL + peer('p', 'peerAddress: 10.0.0.1, bfdProfile: x')],
    1,
    { problems: [error('unknownBfdProfile')], configured: false },
  ],
  ['references', [POOL + bgp('communities: [gold]')], 1, { problems: [error('unknownCommunity')], configured: false }],
  [
    'keeps-held silent',
    [STALE + l2() + bgp() + peer() + holder('s', ['192.0.2.9']) + endpoints('s', 'node-1')],
    1,
    ours({
      ips: ['192.0.2.9'],
      pool: null,
      refusal: null,
      l2: [],
      bgp: [],
      silent: [{ protocol: 'bgp' }, { protocol: 'layer2' }],
    }),
  ],
  [
    'last-valid',
    [POOL + l2() + endpoints('t', 'node-1'), '--then', pool('b', '1.2') + service('t')],
    1,
    { configured: false, ...ours({ ips: ['192.0.2.0'], l2: [{ ip: '192.0.2.0' }] }) },
  ],
  [
    'handled other-class-uncounted',
    [POOL + holder('o', ['192.0.2.0'], OTHER) + S],
    0,
    {
      ...ours(
        { handled: false, ips: ['192.0.2.0'], refusal: null, events: [], silent: [] },
        { handled: true, ips: ['192.0.2.0'] },
      ),
      pools: [{ assignedIPv4: 1, availableIPv4: 3 }],
    },
  ],
  [
    'lb-class',
    [POOL + service('o', OTHER) + S, '--lb-class', 'example.com/other'],
    0,
    ours({ handled: true, ips: ['192.0.2.0'] }, { handled: false, ips: [] }),
  ],
  ['pool-null', [POOL + holder('o', ['203.0.113.1'], OTHER)], 0, ours({ ips: ['203.0.113.1'], pool: null })],
  [
    'refusal-invalid error-exits-1',
    [POOL + holder('s', ['192.0.2.1'], ', loadBalancerIP: nope')],
    1,
    ours({
      ips: ['192.0.2.1'],
      refusal: { code: 'invalidRequest' },
      events: [{ type: 'Warning', reason: 'LoadBalancerFailed' }],
    }),
  ],
  [
    'events-last-step changes-none',
    [POOL + S],
    0,
    { ...ours({ events: [{ type: 'Normal', reason: 'IPAllocated' }] }), changes: [] },
  ],
  [
    'events-last-step',
    [POOL + S, '--then', service('t')],
    0,
    ours({ events: [] }, { events: [{ reason: 'IPAllocated' }] }),
  ],
  [
    'events-once',
    [
      POOL +
        service(
          's',
          '',
          ', annotations: { metallb.universe.tf/address-pool: a, metallb.universe.tf/allow-shared-ip: k }',
        ),
    ],
    0,
    ours({ events: [{ reason: 'IPAllocated' }, { reason: 'deprecatedAnnotation' }] }),
  ],
  [
    'bgp-sorted',
    [
      POOL +
        bgp() +
        bgp('aggregationLength: 30', 'c') +
        peer('q') +
        peer('p', 'peerAddress: 10.0.0.2') +
        node('n2') +
        node('n1') +
        S_ENDS,
    ],
    0,
    ours({
      bgp: ['n1', 'n2'].flatMap((at) =>
        ['p', 'q'].flatMap((to) => [30, 32].map((bits) => ({ node: at, peer: to, prefix: `192.0.2.0/${bits}` }))),
      ),
    }),
  ],
  [
    'no-peer',
    [POOL + bgp() + S_ENDS],
    0,
    ours({
      bgp: [],
      silent: [silent('node-1', 'bgp', 'noPeer'), silent('node-1', 'layer2', 'noMatchingAdvertisement')],
    }),
  ],
  ['no-peer', [POOL + bgp('peers: [q]') + peer() + S_ENDS], 0, ours({ silent: [{ reason: 'noPeer' }, {}] })],
  [
    'no-peer',
    [SIX + TO_PEER + service('s', ', ipFamilies: [IPv6]') + endpoints('s', 'node-1')],
    0,
    ours({ silent: [{ reason: 'noPeer' }, {}] }),
  ],
  [
    'silent',
    [POOL + TO_PEER + l2() + S],
    0,
    ours({ silent: [silent('node-1', 'bgp', 'noEndpoints'), silent('node-1', 'layer2', 'notOwner')] }),
  ],
  [
    'communities',
    [
      POOL +
        bgp('communities: ["65000:10", "65000:9", "large:3:2:1", "large:1:2:30", "large:1:2:4"]') +
        peer() +
        S_ENDS,
    ],
    0,
    ours({ bgp: [{ communities: ['65000:9', '65000:10'], largeCommunities: ['1:2:4', '1:2:30', '3:2:1'] }] }),
  ],
  [
    'prepend local-pref',
    [POOL + bgp('asPrepend: { count: 2 }, med: 5') + peer() + S_ENDS],
    0,
    ours({ bgp: [{ localPref: null, med: 5, prepend: [64500, 64500] }] }),
  ],
  [
    'changes-null',
    [ONE + S + service('t'), '--then', '--delete', 'Service/default/s'],
    0,
    {
      changes: [
        { name: 's', what: 'address', before: ['192.0.2.0'], after: null },
        { name: 't', what: 'address', before: [], after: ['192.0.2.0'] },
      ],
    },
  ],
  [
    'changes-null',
    [POOL + S, '--then', S.replace('LoadBalancer', 'ClusterIP')],
    0,
    { services: [], changes: [{ what: 'address', after: null }], pools: [{ assignedIPv4: 0 }] },
  ],
  [
    'changes-attributes',
    [POOL + TO_PEER + S_ENDS, '--then', bgp('localPref: 7')],
    0,
    { changes: [{ what: 'routes', before: [{ localPref: null }], after: [{ localPref: 7 }] }] },
  ],
  [
    'changes-beside',
    [POOL + TO_PEER + l2(), '--then', S_ENDS],
    0,
    {
      changes: [
        { what: 'address', before: null },
        { what: 'l2Node', before: null, after: [{ ip: '192.0.2.0', node: 'node-1' }] },
        { what: 'routes', before: null },
      ],
    },
  ],
  [
    'interfaces',
    [
      POOL + l2('interfaces: [eth1]') + node('n1') + node('n2') + S_ENDS,
      '--interfaces',
      'n1=eth0,eth1',
      '--interfaces',
      'n2=eth0',
    ],
    0,
    ours({ l2: [{ node: 'n1', interfaces: ['eth1'] }] }),
  ],
  [
    'unbounded',
    [pool('a', '"2001:db8::/64"') + service('s', ', ipFamilies: [IPv6]')],
    0,
    { pools: [{ assignedIPv6: 1, availableIPv6: JSON.stringify({ source: '9223372036854775806' }) }] },
  ],
  [
    'ignore-exclude',
    [POOL + EXCLUDED + l2() + TO_PEER + S_ENDS],
    0,
    ours({ l2: [], bgp: [], silent: [{ reason: 'nodeLabeledExcludeBalancers' }, { reason: 'notOwner' }] }),
  ],
  [
    'ignore-exclude',
    [POOL + EXCLUDED + l2() + TO_PEER + S_ENDS, '--ignore-exclude-lb'],
    0,
    ours({ l2: [{ node: 'n1' }], bgp: [{ node: 'n1' }], silent: [] }),
  ],
  [
    'line',
    [
      `${POOL}${peer('p', 'peerAddress: 10.0.0.1')}  holdTime: 1\n`
        .replace(
          'spec: { myASN: 64500, peerASN: 64501, peerAddress: 10.0.0.1 }\n',
          'spec:\n  myASN: 1\n  peerASN: 2\n  peerAddress: nowhere\n',
        )
        .replace('  holdTime: 1\n', ''),
    ],
    1,
    { problems: [{ field: 'spec.peerAddress', line: 13 }] },
  ],
]

for (const [index, [shows, args, status, expected]] of WORLDS.entries()) {
  test(`${index}: ${shows
    .split(' ')
    .map((id) => SENTENCES[id])
    .join('; ')}`, async () => {
    const words = args.map((text, at) => {
      if (!text.startsWith('---\n')) return text
      const file = join(directory, `${index}-${at}.yaml`)
      writeFileSync(file, text)
      return file
    })
    const found = await simulated(words.join(' '))
    assert.deepEqual(partOf(parseExactly(found.text), expected), expected)
    assert.equal(found.status, status)
  })
}

test('each sentence has a world, and each world a sentence', () => {
  const shown = new Set(WORLDS.flatMap(([shows]) => shows.split(' ')))
  assert.deepEqual([...shown].toSorted(), Object.keys(SENTENCES).toSorted())
})

for (const [sentence, [file, words]] of Object.entries(SHOWN_ELSEWHERE)) {
  test(`shown in ${file}: ${sentence}`, () => {
    assert.ok(readFileSync(join(import.meta.dirname, '../..', file), 'utf8').includes(words))
  })
}
