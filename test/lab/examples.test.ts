// SPDX-License-Identifier: Apache-2.0
/**
 * Every example directory has the outcome that it promises, and so has the form that guides print where it differs:
 * that one is made from the example by undoing the one named correction.
 */
import assert from 'node:assert/strict'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Outcome, outcomeOf, summary } from './outcome.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples')

function file(path: string): string {
  return readFileSync(join(EXAMPLES, path), 'utf8')
}

const tried = new Set<string>()

/** All manifests of a directory, in the order of their names. */
function all(directory: string): string[] {
  tried.add(directory)
  const names = globSync('*.yaml', { cwd: join(EXAMPLES, directory) }).toSorted()
  assert.notEqual(names.length, 0, directory)
  return names.map((name) => file(`${directory}/${name}`))
}

function replaced(text: string, before: string, now: string): string {
  assert.ok(text.includes(before), `the example has no ${before}`)
  return text.replace(before, now)
}

const BASICS_WITHOUT_POOL = ['deployment', 'machines', 'service'].map((name) => file(`basics/${name}.yaml`))
const BASICS_WITHOUT_SERVICE = ['deployment', 'machines', 'pool'].map((name) => file(`basics/${name}.yaml`))
/** Of what the example corrects, guides also print these, which work and are warned of. */
const BGP_DEPRECATED = all('basics-bgp').map((text) => {
  if (!text.includes('kind: BGPPeer')) return text
  const old = replaced(text, 'metallb.io/v1beta2\nkind: BGPPeer', 'metallb.io/v1beta1\nkind: BGPPeer')
  return replaced(old, '  communities:\n', '  localPref: 100\n  communities:\n')
})
const BGP_AS_PRINTED = BGP_DEPRECATED.map((text) =>
  text.includes('- router1\n')
    ? replaced(text, '    - router1\n', '    - router1.example.com\n    - router2.example.com\n')
    : text,
)
/** SHA-256 of node-3#192.168.1.240 is the lowest of the three. */
const OWNER = 'node-3'

type Expected = Readonly<{
  problems: readonly string[]
  addresses: Outcome['addresses']
  answers: Outcome['answers']
  routes: readonly string[]
}>
const NGINX_AT_240: Expected = {
  problems: [],
  addresses: { 'default/nginx-service': '192.168.1.240' },
  answers: { 'default/nginx-service': [`${OWNER} 192.168.1.240 all`] },
  routes: [],
}
const LOCAL_PREF = 'warning localPrefOnEbgp BGPAdvertisement/bgp-advertisement spec.localPref'

const CASES: [string, string[], Expected][] = [
  ['basics: the first address of the pool, answered by one node', all('basics'), NGINX_AT_240],
  [
    'basics-interface instead of the pool in basics: the same, on eth0',
    [...all('basics-interface'), ...BASICS_WITHOUT_POOL],
    { ...NGINX_AT_240, answers: { 'default/nginx-service': [`${OWNER} 192.168.1.240 eth0`] } },
  ],
  [
    'basics-interface beside basics: refused, for both hold the same addresses',
    [...all('basics'), ...all('basics-interface')],
    {
      problems: ['error poolOverlap IPAddressPool/layer2-pool spec.addresses[0]'],
      addresses: {},
      answers: {},
      routes: [],
    },
  ],
  [
    'basics-health instead of the Service in basics: address and owner as before',
    [...BASICS_WITHOUT_SERVICE, ...all('basics-health')],
    NGINX_AT_240,
  ],
  [
    'basics-ingress beside basics: its Service gets the next address, the Ingress is not ours',
    [...all('basics'), ...all('basics-ingress')],
    {
      ...NGINX_AT_240,
      addresses: { ...NGINX_AT_240.addresses, 'ingress-nginx/nginx-ingress': '192.168.1.241' },
      answers: { ...NGINX_AT_240.answers, 'ingress-nginx/nginx-ingress': [] }, // it has no Pods here
    },
  ],
  [
    'basics-bgp: .0 is the first address; the router hears it with its community',
    all('basics-bgp'),
    {
      problems: [],
      addresses: { 'default/nginx-service': '203.0.113.0' },
      answers: { 'default/nginx-service': [] },
      routes: ['node-1 → router1: 203.0.113.0/32 65000:100'],
    },
  ],
  [
    'basics-bgp with a localPref for an external peer and the deprecated BGPPeer: the same, and a warning',
    BGP_DEPRECATED,
    {
      problems: [LOCAL_PREF],
      addresses: { 'default/nginx-service': '203.0.113.0' },
      answers: { 'default/nginx-service': [] },
      routes: ['node-1 → router1: 203.0.113.0/32 65000:100'],
    },
  ],
  [
    'basics-bgp with host names in peers, as guides print it: an address, no route, and a warning for each name',
    BGP_AS_PRINTED,
    {
      problems: [0, 1].map((index) => `warning unknownPeer BGPAdvertisement/bgp-advertisement spec.peers[${index}]`),
      addresses: { 'default/nginx-service': '203.0.113.0' },
      answers: { 'default/nginx-service': [] },
      routes: [],
    },
  ],
  [
    'bgp-multi-router: every node tells each router its own of the first address',
    all('bgp-multi-router'),
    {
      problems: [],
      addresses: { 'default/critical-service': '198.51.100.240' },
      answers: { 'default/critical-service': [] },
      routes: ['node-1', 'node-2', 'node-3'].flatMap((node) =>
        ['router-1', 'router-2', 'router-3'].map((router) => `${node} → ${router}: 198.51.100.240/32 64500:100`),
      ),
    },
  ],
  [
    'basics-bgp may stand beside basics: the pools are apart',
    [...all('basics'), file('basics-bgp/bgp.yaml')],
    NGINX_AT_240,
  ],
]
for (const [name, files, expected] of CASES) {
  test(name, () => {
    const outcome = outcomeOf(...files)
    const { addresses, answers, routes } = outcome
    assert.deepEqual({ problems: summary(outcome), addresses, answers, routes }, expected)
  })
}

test('bgp-multi-router: the second router is told a longer path, the inner one a preference', () => {
  const told = outcomeOf(...all('bgp-multi-router')).model?.bgpByPool.get('production-pool') ?? []
  const seen = told.map(({ peers, asPrepend, med, localPref }) => [
    [...peers].join(' '),
    { longerBy: asPrepend?.count ?? 0, med, localPref },
  ])
  assert.deepEqual(Object.fromEntries(seen), {
    'router-1': { longerBy: 0, med: null, localPref: null },
    'router-2': { longerBy: 2, med: 50, localPref: null },
    'router-3': { longerBy: 0, med: null, localPref: 150 },
  })
})

test('no example is left out', () => {
  const directories = readdirSync(EXAMPLES, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  assert.deepEqual([...tried].toSorted(), directories.map(({ name }) => name).toSorted())
})

test('an overlap is reported with both pools and what they both hold', () => {
  const [problem] = outcomeOf(...all('basics'), ...all('basics-interface')).problems
  assert.match(problem?.message ?? '', /first-pool/)
  assert.match(problem?.message ?? '', /192\.168\.1\.240/)
})

test('an unknown peer is reported with the peers there are', () => {
  const [problem] = outcomeOf(...BGP_AS_PRINTED).problems
  assert.match(problem?.message ?? '', /router1\.example\.com/)
  assert.match(problem?.message ?? '', /\brouter1\b(?!\.)/)
})

test('the deprecated BGPPeer version is read with its timers and its router ID', () => {
  const [peer] = outcomeOf(...BGP_DEPRECATED).model?.peers ?? []
  assert.deepEqual([peer?.myAsn, peer?.remoteAs, peer?.holdMs, peer?.keepaliveMs], [65001, 65000, 30_000, 10_000])
  assert.deepEqual(peer?.routerId, { family: 'ipv4', bits: 0xc0a8010an })
})
