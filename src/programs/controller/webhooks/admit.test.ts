// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bgp,
  community,
  host,
  l2,
  metallb,
  NAMESPACE,
  node,
  peer,
  pool,
  profile,
} from '../../../../test/model/objects.ts'
import type { KubeApi } from '../../../kube/api.ts'
import { KubeFault } from '../../../kube/api.ts'
import { createLog } from '../../../lib/log.ts'
import type { KubeObject } from '../../../lib/object.ts'
import { PEER_V1BETA1 } from '../../../model/convert-peer.ts'
import { makeRoutes } from './routes.ts'
import { RULES } from './rules.ts'

type Operation = 'CREATE' | 'UPDATE' | 'DELETE'

/** Lists, in pages of two, what a cluster has; remembers what was asked. */
function clusterOf(objects: readonly KubeObject[], asked: string[] = []): KubeApi {
  return {
    async request({ path, query = {} }) {
      const plural = path.split('/').at(-1) ?? ''
      asked.push(plural)
      const all = objects.filter(({ kind }) => `${kind.toLowerCase().replace(/y$/, 'ie')}s` === plural)
      const start = Number(query['continue'] ?? 0)
      const next = start + 2 < all.length ? { continue: String(start + 2) } : {}
      return { metadata: { resourceVersion: '1', ...next }, items: all.slice(start, start + 2) }
    },
    async *stream() {},
    close() {},
  }
}

type Call = Readonly<{ objects: readonly KubeObject[]; operation: Operation; object: KubeObject; asked?: string[] }>

/** `code` of a refusal, its sentence, warnings and what was logged. */
async function call({ objects, operation, object, asked = [] }: Call) {
  const lines: string[] = []
  const log = createLog('all', (line) => lines.push(line))
  const rule = RULES.find(({ resource }) => resource.kind === object.kind)
  const routes = makeRoutes({ api: clusterOf(objects, asked), namespace: NAMESPACE, log })
  const route = routes.get(rule?.path ?? '')
  assert.ok(route?.review === 'admission')
  const { metadata, kind } = object
  const before = objects.find((other) => other.kind === kind && other.metadata.name === metadata.name) ?? null
  const { refusal, warnings } = await route.decide({
    uid: 'u',
    operation,
    object: operation === 'DELETE' ? null : object,
    oldObject: operation === 'CREATE' ? null : before,
  })
  const codes = refusal?.causes.map(({ reason, field }) => `${field} ${reason}`) ?? []
  return { codes, message: refusal?.message ?? '', warnings, log: lines.join('') }
}

const elsewhere = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, namespace: 'default' },
})
const A = '192.0.2.0/28'
const B = '192.0.2.16/28'
const n1 = { nodeSelectors: [host('n1')] }
const n2 = { nodeSelectors: [host('n2')] }
const NODES = [node('n1'), node('n2')]
const OTHER_PEER = { peerAddress: '192.0.2.253' }

type Row = readonly [string, readonly KubeObject[], Operation, KubeObject, readonly string[]]

/** [what is tried, what is there, operation, object, `field code` of each cause of the refusal] */
const CASES: readonly Row[] = [
  // IPAddressPool
  ['a first pool', [], 'CREATE', pool('a', [A]), []],
  ['a pool beside another', [pool('a', [A])], 'CREATE', pool('b', [B]), []],
  ['a pool over another', [pool('a', [A])], 'CREATE', pool('b', [A]), ['spec.addresses[0] poolOverlap']],
  ['a pool over a later one', [pool('z', [A])], 'CREATE', pool('b', [A]), ['spec.addresses[0] poolOverlap']],
  [
    'a pool grows into another',
    [pool('a', [A]), pool('b', [B])],
    'UPDATE',
    pool('a', ['192.0.2.0/24']),
    ['spec.addresses[0] poolOverlap'],
  ],
  ['a pool changes', [pool('a', [A]), pool('b', [B])], 'UPDATE', pool('a', ['192.0.2.0/29']), []],
  ['a pool is not compared with itself', [pool('a', [A])], 'UPDATE', pool('a', [A], { autoAssign: false }), []],
  ['a pool without addresses', [], 'CREATE', pool('a', []), ['spec.addresses noAddresses']],
  [
    'a pool of nonsense',
    [],
    'CREATE',
    pool('a', ['x', '192.0.2.9-192.0.2.1']),
    ['spec.addresses[0] invalidAddress', 'spec.addresses[1] reversedRange'],
  ],
  [
    'a range from one family to the other',
    [],
    'CREATE',
    pool('a', ['192.0.2.1-2001:db8::1']),
    ['spec.addresses[0] mixedRange'],
  ],
  ['a pool elsewhere', [], 'CREATE', elsewhere(pool('a', [A])), ['metadata.namespace wrongNamespace']],
  ['a pool that was elsewhere already', [elsewhere(pool('a', [A]))], 'UPDATE', elsewhere(pool('a', ['x'])), []],
  ['a pool in use goes', [pool('a', [A]), l2('l', { ipAddressPools: ['a'] })], 'DELETE', pool('a', [A]), []],
  [
    'a pool shrinks under an aggregating advertisement',
    [pool('a', ['192.0.2.0/24']), bgp('x', { aggregationLength: 24 })],
    'UPDATE',
    pool('a', [A]),
    [],
  ],
  ['a pool beside others that overlap already', [pool('a', [A]), pool('b', [A])], 'CREATE', pool('c', [B]), []],
  ['one of two that overlap is mended', [pool('a', [A]), pool('b', [A])], 'UPDATE', pool('b', [B]), []],
  ['labels of a pool that never was right', [pool('a', ['x'])], 'UPDATE', pool('a', ['x'], {}, { l: 'v' }), []],
  [
    'addresses of the wrong type',
    [],
    'CREATE',
    metallb('IPAddressPool', 'a', { addresses: 'x' }),
    ['spec.addresses schema'],
  ],
  // L2Advertisement
  ['an advertisement', [pool('a', [A])], 'CREATE', l2('l', { ipAddressPools: ['a'] }), []],
  ['an advertisement of no pool', [], 'CREATE', l2('l', { ipAddressPools: ['a'] }), []],
  [
    'a pool named twice',
    [],
    'CREATE',
    l2('l', { ipAddressPools: ['a', 'a'] }),
    ['spec.ipAddressPools[1] duplicateEntry'],
  ],
  [
    'a bad selector',
    [],
    'CREATE',
    l2('l', { nodeSelectors: [{ matchLabels: { 'a b': 'c' } }] }),
    ['spec.nodeSelectors[0].matchLabels["a b"] invalidSelector'],
  ],
  ['an L2Advertisement elsewhere', [], 'CREATE', elsewhere(l2('l')), ['metadata.namespace wrongNamespace']],
  // BGPAdvertisement
  ['a BGPAdvertisement', [pool('a', [A]), peer('p')], 'CREATE', bgp('x', { peers: ['p'] }), []],
  [
    'an aggregation wider than the pool',
    [pool('a', ['192.168.2.240-192.168.2.250'])],
    'CREATE',
    bgp('x', { aggregationLength: 24 }),
    ['spec.aggregationLength aggregationExceedsPool'],
  ],
  [
    'another localPref for the same routes',
    [pool('a', [A]), bgp('x', { localPref: 100 })],
    'CREATE',
    bgp('y', { localPref: 50 }),
    ['spec.localPref localPrefConflict'],
  ],
  [
    'another localPref from other nodes',
    [...NODES, pool('a', [A]), bgp('x', { localPref: 100, ...n1 })],
    'CREATE',
    bgp('y', { localPref: 50, ...n2 }),
    [],
  ],
  ['a community that is yet to come', [], 'CREATE', bgp('x', { communities: ['vip'] }), []],
  [
    'a community that can be none',
    [],
    'CREATE',
    bgp('x', { communities: ['65536:1'] }),
    ['spec.communities[0] invalidCommunity'],
  ],
  [
    'prepending the peer',
    [peer('p')],
    'CREATE',
    bgp('x', { asPrepend: { count: 2, asn: 64501 } }),
    ['spec.asPrepend.asn prependsPeerAsn'],
  ],
  [
    'prepending a peer of other nodes',
    [...NODES, peer('p', n1)],
    'CREATE',
    bgp('x', { asPrepend: { count: 2, asn: 64501 }, ...n2 }),
    [],
  ],
  [
    'echo and IPv6 are for the reconcilers',
    [pool('a', ['2001:db8::/64']), peer('p', { bfdProfile: 'e' }), profile('e', { echoMode: true })],
    'CREATE',
    bgp('x'),
    [],
  ],
  ['a BGPAdvertisement elsewhere', [], 'CREATE', elsewhere(bgp('x')), ['metadata.namespace wrongNamespace']],
  // BGPPeer
  ['a peer', NODES, 'CREATE', peer('p'), []],
  [
    'a peer of several ASNs on a node',
    [...NODES, peer('p')],
    'CREATE',
    peer('q', { ...OTHER_PEER, myASN: 1, routerID: '192.0.2.1' }),
    [],
  ],
  ['two peers, one address', [...NODES, peer('p')], 'CREATE', peer('q'), ['spec.peerAddress peersShareAddress']],
  ['two peers, one address, two nodes', [...NODES, peer('p', n1)], 'CREATE', peer('q', n2), []],
  [
    'two peers, one address, one node',
    [...NODES, peer('p', n1)],
    'CREATE',
    peer('q', n1),
    ['spec.peerAddress peersShareAddress'],
  ],
  ['two peers, one address, two ports', [...NODES, peer('p')], 'CREATE', peer('q', { peerPort: 1179 }), []],
  [
    'a peer moves to an address that is taken',
    [...NODES, peer('p'), peer('q', OTHER_PEER)],
    'UPDATE',
    peer('q'),
    ['spec.peerAddress peersShareAddress'],
  ],
  [
    'a profile and a Secret that are yet to come',
    [],
    'CREATE',
    peer('p', { bfdProfile: 'x', passwordSecret: { name: 's' } }),
    [],
  ],
  ['no ASN of ours', [], 'CREATE', peer('p', { myASN: 0 }), ['spec.myASN missingMyAsn']],
  [
    'both ASNs of theirs',
    [],
    'CREATE',
    peer('p', { dynamicASN: 'external' }),
    ['spec.dynamicASN contradictingPeerAsn'],
  ],
  ['hold time of a second', [], 'CREATE', peer('p', { holdTime: '1s' }), ['spec.holdTime invalidHoldTime']],
  [
    'disableMP hides nothing',
    [],
    'CREATE',
    elsewhere(peer('p', { disableMP: true })),
    ['metadata.namespace wrongNamespace'],
  ],
  [
    'a password twice',
    [],
    'CREATE',
    peer('p', { password: 'x', passwordSecret: { name: 's' } }),
    ['spec.password contradictingPassword'],
  ],
  ['a v1beta1 peer', NODES, 'CREATE', { ...peer('p'), apiVersion: PEER_V1BETA1 }, []],
  [
    'a v1beta1 peer at an address that is taken',
    [...NODES, peer('p')],
    'CREATE',
    { ...peer('q'), apiVersion: PEER_V1BETA1 },
    ['spec.peerAddress peersShareAddress'],
  ],
  ['a peer goes', [peer('p')], 'DELETE', peer('p'), []],
  [
    'beside a peer that nobody could store today',
    [
      peer('p', { nodeSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Exists', values: null }] }] }),
      peer('r', { myASN: 'x' }),
    ],
    'CREATE',
    peer('q', OTHER_PEER),
    [],
  ],
  // Community
  ['a community', [], 'CREATE', community('c', { name: 'vip', value: '64512:100' }), []],
  [
    'an alias that is taken',
    [community('c', { name: 'vip', value: '64512:100' })],
    'CREATE',
    community('d', { name: 'vip', value: '64512:200' }),
    ['spec.communities[0].name duplicateCommunity'],
  ],
  [
    'an alias for nonsense',
    [],
    'CREATE',
    community('c', { name: 'vip', value: '1:2:3' }),
    ['spec.communities[0].value invalidCommunity'],
  ],
  ['a Community elsewhere', [], 'CREATE', elsewhere(community('c')), ['metadata.namespace wrongNamespace']],
  // BFDProfile
  ['a profile', [], 'CREATE', profile('fast', { receiveInterval: 100 }), []],
  ['a profile out of range', [], 'CREATE', profile('fast', { receiveInterval: 1 }), ['spec.receiveInterval schema']],
  ['a profile elsewhere', [], 'CREATE', elsewhere(profile('fast')), ['metadata.namespace wrongNamespace']],
  ['an unused profile goes', [profile('fast'), peer('p', { bfdProfile: 'slow' })], 'DELETE', profile('fast'), []],
  [
    'a profile in use goes',
    [profile('fast'), peer('p', { bfdProfile: 'fast' })],
    'DELETE',
    profile('fast'),
    ['metadata.name bfdProfileInUse'],
  ],
]
for (const [name, objects, operation, object, expected] of CASES) {
  test(`${operation} ${object.kind}: ${name}`, async () => {
    const { codes, message, log } = await call({ objects, operation, object })
    assert.deepEqual(codes, expected)
    const word = expected.length === 0 ? 'admitted' : 'refused'
    const isBgp = !['IPAddressPool', 'L2Advertisement'].includes(object.kind)
    assert.ok(log.includes(`"msg":"${isBgp ? 'bgp ' : ''}object ${word}"`), log)
    if (expected.length > 0) assert.ok(log.includes(JSON.stringify(message)), log)
  })
}

/** [name, what is there, object, the whole sentence] */
const SENTENCES: readonly (readonly [string, readonly KubeObject[], Operation, KubeObject, string])[] = [
  [
    'both pools',
    [pool('a', [A])],
    'CREATE',
    pool('b', [A]),
    'IPAddressPool b spec.addresses[0]: "192.0.2.0/28" of pool b overlaps "192.0.2.0/28" of pool a; every address may be in one pool only once (poolOverlap)',
  ],
  [
    'profile and peer',
    [profile('fast'), peer('p', { bfdProfile: 'fast' })],
    'DELETE',
    profile('fast'),
    'BFDProfile fast metadata.name: it cannot be deleted while BGPPeer p uses it (spec.bfdProfile); change that first (bfdProfileInUse)',
  ],
  [
    'the first of several',
    [],
    'CREATE',
    pool('a', ['x', 'y', '192.0.2.9-192.0.2.1']),
    'IPAddressPool a spec.addresses[0]: "x" is neither a prefix nor a range; write 192.0.2.0/24 or 192.0.2.10-192.0.2.20 (invalidAddress); 2 more of the kind invalidAddress, reversedRange',
  ],
]
for (const [name, objects, operation, object, sentence] of SENTENCES) {
  test(`a refusal names ${name}`, async () => {
    assert.equal((await call({ objects, operation, object })).message, sentence)
  })
}

test('warnings go to whoever wrote the object', async () => {
  const object = bgp('x', { localPref: 7, peers: ['p', 'lost'] })
  const { warnings } = await call({ objects: [peer('p')], operation: 'CREATE', object })
  assert.deepEqual(
    warnings.map((warning) => warning.replace(/^.*\((\w+)\)$/, '$1')),
    ['unknownPeer', 'localPrefOnEbgp'],
  )
  const disabled = await call({ objects: [], operation: 'CREATE', object: peer('p', { disableMP: true }) })
  assert.deepEqual(disabled.warnings, [
    "disable mp is deprecated and has no effect since it's the default behavior now",
  ])
})

test('nodes are read only for what depends on them', async () => {
  const asked: string[] = []
  await call({ objects: [...NODES, peer('p')], operation: 'CREATE', object: peer('q', OTHER_PEER), asked })
  assert.deepEqual(asked, ['bgppeers'])
  asked.length = 0
  await call({ objects: [...NODES, node('n3'), peer('p', n1)], operation: 'CREATE', object: peer('q', n2), asked })
  assert.deepEqual(asked, ['bgppeers', 'nodes', 'nodes'])
})

test('while the API server cannot be read nothing is decided', async () => {
  const fault = new KubeFault({ code: 'unavailable', status: 0, retryAfterMs: null }, 'nobody answers')
  const api = { ...clusterOf([]), request: () => Promise.reject(fault) }
  const log = createLog('none')
  const route = makeRoutes({ api, namespace: NAMESPACE, log }).get('/validate-metallb-io-v1beta1-ipaddresspool')
  assert.ok(route?.review === 'admission')
  const asked = route.decide({ uid: 'u', operation: 'CREATE', object: pool('a', [A]), oldObject: null })
  await assert.rejects(asked, fault)
})

test('peers are converted both ways, and nothing else is', async () => {
  const route = makeRoutes({ api: clusterOf([]), namespace: NAMESPACE, log: createLog('none') }).get('/convert')
  assert.ok(route?.review === 'conversion')
  const convert = async (desiredApiVersion: string, objects: readonly KubeObject[]) =>
    await route.decide({ uid: 'u', apiVersion: 'apiextensions.k8s.io/v1', desiredApiVersion, objects })
  const object = peer('p', { vrf: 'red' })
  const down = await convert('metallb.io/v1beta1', [object, { ...peer('q'), apiVersion: PEER_V1BETA1 }])
  assert.ok(down.ok)
  assert.deepEqual(await convert('metallb.io/v1beta2', down.objects.map(asObject)), {
    ok: true,
    objects: [object, peer('q')],
  })
  assert.equal((await convert('metallb.io/v2', [object])).ok, false)
  assert.equal((await convert('metallb.io/v1beta1', [pool('a', [A])])).ok, false)
})

function asObject(value: unknown): KubeObject {
  return JSON.parse(JSON.stringify(value))
}

test('the paths are those of MetalLB', () => {
  assert.deepEqual(RULES.map(({ path }) => path).toSorted(), [
    '/validate-metallb-io-v1beta1-bfdprofile',
    '/validate-metallb-io-v1beta1-bgpadvertisement',
    '/validate-metallb-io-v1beta1-community',
    '/validate-metallb-io-v1beta1-ipaddresspool',
    '/validate-metallb-io-v1beta1-l2advertisement',
    '/validate-metallb-io-v1beta2-bgppeer',
  ])
})
