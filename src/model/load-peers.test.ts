// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { community, core, host, load, metallb, node, peer, profile, summarize } from '../../test/model/objects.ts'
import type { KubeObject } from '../lib/object.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const secret = (sections: object) => core('Secret', 'bgp', { data: { password: base64('s3cret') }, ...sections })
const withSecret = (passwordSecret: object, ...objects: KubeObject[]) => [peer('p', { passwordSecret }), ...objects]
const one = (spec: object): KubeObject[] => [peer('p', spec)]
const unset = undefined

/** Each rule with what trips it and what is just inside. */
const CASES: readonly (readonly [string, readonly KubeObject[], readonly string[]])[] = [
  ['a plain peer', one({}), []],
  ['without our ASN', one({ myASN: 0 }), ['spec.myASN missingMyAsn']],
  ['the highest ASN', one({ myASN: 4294967295 }), []],
  ['without any peer ASN', one({ peerASN: unset }), ['spec.peerASN missingPeerAsn']],
  ['a peer ASN of 0', one({ peerASN: 0 }), ['spec.peerASN missingPeerAsn']],
  ['dynamicASN instead', one({ peerASN: unset, dynamicASN: 'external' }), []],
  ['peerASN and dynamicASN', one({ dynamicASN: 'internal' }), ['spec.dynamicASN contradictingPeerAsn']],
  ['multihop inside an AS', one({ peerASN: 64500, ebgpMultiHop: true }), ['spec.ebgpMultiHop multihopToInternalPeer']],
  ['multihop between two', one({ ebgpMultiHop: true }), []],
  ['neither address nor interface', one({ peerAddress: unset }), ['spec.peerAddress missingPeerAddress']],
  ['an interface instead', one({ peerAddress: unset, interface: 'eth0' }), []],
  ['address and interface', one({ interface: 'eth0' }), ['spec.interface contradictingPeerAddress']],
  ['a name for an address', one({ peerAddress: 'router1' }), ['spec.peerAddress invalidIp']],
  ['a prefix for an address', one({ peerAddress: '192.0.2.254/24' }), ['spec.peerAddress invalidIp']],
  ['an IPv6 peer', one({ peerAddress: '2001:db8::1' }), []],
  ['a broken source address', one({ sourceAddress: '192.0.2.256' }), ['spec.sourceAddress invalidIp']],
  ['a broken router ID', one({ routerID: '1' }), ['spec.routerID invalidIp']],
  ['an IPv6 router ID', one({ routerID: '2001:db8::1' }), ['spec.routerID invalidIp']],
  ['a router ID', one({ routerID: '10.0.0.1' }), []],
  ['a duration without unit', one({ holdTime: '90' }), ['spec.holdTime invalidDuration']],
  ['a keepalive that is no duration', one({ keepaliveTime: 'soon' }), ['spec.keepaliveTime invalidDuration']],
  ['a hold time of 2s', one({ holdTime: '2999ms' }), ['spec.holdTime invalidHoldTime']],
  ['a hold time of 3s', one({ holdTime: '3s' }), []],
  ['no hold timer', one({ holdTime: '0s' }), []],
  ['half a second is no hold timer either', one({ holdTime: '500ms' }), []],
  ['a hold time a little below zero', one({ holdTime: '-500ms' }), ['spec.holdTime invalidHoldTime']],
  ['a hold time below zero', one({ holdTime: '-5s' }), ['spec.holdTime invalidHoldTime']],
  ['a hold time beyond two octets', one({ holdTime: '65536s' }), ['spec.holdTime invalidHoldTime']],
  ['the longest hold time', one({ holdTime: '65535s' }), []],
  ['a keepalive whose triple is too short', one({ keepaliveTime: '900ms' }), ['spec.keepaliveTime invalidHoldTime']],
  [
    'a keepalive longer than the hold time',
    one({ holdTime: '9s', keepaliveTime: '10s' }),
    ['spec.keepaliveTime invalidKeepaliveTime'],
  ],
  ['a keepalive as long as the hold time', one({ holdTime: '9s', keepaliveTime: '9s' }), []],
  [
    'a keepalive below zero',
    one({ holdTime: '9s', keepaliveTime: '-1s' }),
    ['spec.keepaliveTime invalidKeepaliveTime'],
  ],
  ['a connect time of 0s', one({ connectTime: '0s' }), ['spec.connectTime invalidConnectTime']],
  ['a connect time of 1s', one({ connectTime: '1s' }), []],
  ['a connect time of 65535s', one({ connectTime: '65535s' }), []],
  ['a connect time of 65536s', one({ connectTime: '65536s' }), ['spec.connectTime invalidConnectTime']],
  ['a connect time with a rest below a millisecond', one({ connectTime: '1000000001ns' }), []],
  ['a connect time with a fraction', one({ connectTime: '1500ms' }), ['spec.connectTime invalidConnectTime']],
  [
    'both ways of graceful restart, at odds',
    one({ enableGracefulRestart: false, gracefulRestart: { enabled: true } }),
    ['spec.gracefulRestart.enabled contradictingGracefulRestart'],
  ],
  [
    'both ways of graceful restart, agreed',
    one({ enableGracefulRestart: true, gracefulRestart: { enabled: true } }),
    [],
  ],
  [
    'a restart time below a second',
    one({ gracefulRestart: { enabled: true, restartTime: '999ms' } }),
    ['spec.gracefulRestart.restartTime invalidRestartTime'],
  ],
  ['the longest restart time', one({ gracefulRestart: { enabled: true, restartTime: '4095s' } }), []],
  [
    'a restart time beyond 12 bits',
    one({ gracefulRestart: { enabled: true, restartTime: '4096s' } }),
    ['spec.gracefulRestart.restartTime invalidRestartTime'],
  ],
  [
    'password and Secret',
    [peer('p', { password: 'x', passwordSecret: { name: 'bgp' } }), secret({})],
    ['spec.password contradictingPassword'],
  ],
  ['a Secret that is missing', withSecret({ name: 'bgp' }), ['transient spec.passwordSecret.name unknownSecret']],
  [
    'a Secret in another namespace is missing',
    withSecret(
      { name: 'bgp', namespace: 'x' },
      { ...secret({}), metadata: { name: 'bgp', namespace: 'x', labels: {}, annotations: {} } },
    ),
    ['transient spec.passwordSecret.name unknownSecret'],
  ],
  ['a Secret of type basic-auth', withSecret({ name: 'bgp' }, secret({ type: 'kubernetes.io/basic-auth' })), []],
  ['a Secret of type Opaque', withSecret({ name: 'bgp' }, secret({ type: 'Opaque' })), []],
  [
    'a Secret of another type',
    withSecret({ name: 'bgp' }, secret({ type: 'kubernetes.io/tls' })),
    ['spec.passwordSecret.name invalidSecret'],
  ],
  [
    'a Secret without the key',
    withSecret({ name: 'bgp', key: 'pw' }, secret({})),
    ['spec.passwordSecret.key invalidSecret'],
  ],
  [
    'a Secret with data that is no base64',
    withSecret({ name: 'bgp' }, secret({ data: { password: 's3cret!' } })),
    ['spec.passwordSecret.key invalidSecret'],
  ],
  [
    'a Secret with a list for data',
    withSecret({ name: 'bgp' }, secret({ data: ['x'] })),
    ['spec.passwordSecret.key invalidSecret'],
  ],
  ['a BFD profile that is missing', one({ bfdProfile: 'fast' }), ['transient spec.bfdProfile unknownBfdProfile']],
  ['a BFD profile', [peer('p', { bfdProfile: 'fast' }), profile('fast')], []],
  [
    'a node selector twice',
    one({ nodeSelectors: [host('n1'), host('n2'), host('n1')] }),
    ['spec.nodeSelectors[2] duplicateEntry'],
  ],
  [
    'an unknown operator',
    one({ nodeSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Like', values: ['x'] }] }] }),
    ['spec.nodeSelectors[0].matchExpressions[0] invalidSelector'],
  ],
  [
    'In without values',
    one({ nodeSelectors: [{ matchExpressions: [{ key: 'a', operator: 'In' }] }] }),
    ['spec.nodeSelectors[0].matchExpressions[0] invalidSelector'],
  ],
  [
    'Exists with values',
    one({ nodeSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Exists', values: ['x'] }] }] }),
    ['spec.nodeSelectors[0].matchExpressions[0] invalidSelector'],
  ],
  [
    'a label value that no label can have',
    one({ nodeSelectors: [{ matchLabels: { a: 'x y' } }] }),
    ['spec.nodeSelectors[0].matchLabels.a invalidSelector'],
  ],
  [
    'a label key that no label can have',
    one({ nodeSelectors: [{ matchLabels: { 'a/b/c': 'x' } }] }),
    ['spec.nodeSelectors[0].matchLabels["a/b/c"] invalidSelector'],
  ],
  [
    'an expression twice',
    one({
      nodeSelectors: [
        {
          matchExpressions: [
            { key: 'a', operator: 'Exists' },
            { key: 'a', operator: 'Exists' },
          ],
        },
      ],
    }),
    ['spec.nodeSelectors[0].matchExpressions[1] duplicateEntry'],
  ],
  [
    'a value twice',
    one({ nodeSelectors: [host('n1', 'n2', 'n1')] }),
    ['spec.nodeSelectors[0].matchExpressions[0].values[2] duplicateEntry'],
  ],
  ['disableMP hides nothing', one({ disableMP: true, myASN: 0 }), ['spec.myASN missingMyAsn']],
  [
    'every mistake is reported',
    one({ myASN: 0, peerASN: unset, peerAddress: unset, holdTime: '1s', routerID: 'x' }),
    [
      'spec.myASN missingMyAsn',
      'spec.peerASN missingPeerAsn',
      'spec.peerAddress missingPeerAddress',
      'spec.holdTime invalidHoldTime',
      'spec.routerID invalidIp',
    ],
  ],
]
for (const [name, objects, expected] of CASES) {
  test(name, () => {
    const { model, problems } = load(node('n1'), ...objects)
    assert.deepEqual(
      problems.map((problem) => summarize(problem).replace('BGPPeer/p ', '')),
      expected,
    )
    assert.equal(model === null, expected.length > 0)
  })
}

/** Two peers a and b, on nodes n1 and n2. */
const PAIRS: readonly (readonly [string, object, object, readonly string[]])[] = [
  ['one address twice', {}, {}, ['BGPPeer/b spec.peerAddress peersShareAddress']],
  [
    'one address, written in two ways',
    { peerAddress: '2001:db8::1' },
    { peerAddress: '2001:DB8:0::1' },
    ['BGPPeer/b spec.peerAddress peersShareAddress'],
  ],
  ['one address with two ports', {}, { peerPort: 1179 }, []],
  ['one address in two VRFs', {}, { vrf: 'red' }, []],
  ['one address in one VRF', { vrf: 'red' }, { vrf: 'red' }, ['BGPPeer/b spec.peerAddress peersShareAddress']],
  [
    'one interface twice',
    { peerAddress: unset, interface: 'eth0' },
    { peerAddress: unset, interface: 'eth0' },
    ['BGPPeer/b spec.interface peersShareAddress'],
  ],
  ['one address from two nodes', { nodeSelectors: [host('n1')] }, { nodeSelectors: [host('n2')] }, []],
  [
    'one address from nodes that meet',
    { nodeSelectors: [host('n1')] },
    {},
    ['BGPPeer/b spec.peerAddress peersShareAddress'],
  ],
  ['one address with two ports, one profile', { bfdProfile: 'fast' }, { bfdProfile: 'fast', peerPort: 1179 }, []],
  ['one address with two ports, one of them with BFD', { bfdProfile: 'fast' }, { peerPort: 1179 }, []],
  [
    'one address with two ports and two profiles',
    { bfdProfile: 'fast' },
    { bfdProfile: 'slow', peerPort: 1179 },
    ['BGPPeer/b spec.bfdProfile conflictingBfdProfiles'],
  ],
  [
    'one port and two profiles: that is said once',
    { bfdProfile: 'fast' },
    { bfdProfile: 'slow' },
    ['BGPPeer/b spec.peerAddress peersShareAddress'],
  ],
  [
    'one interface with two ports and two profiles',
    { bfdProfile: 'fast', peerAddress: unset, interface: 'eth0' },
    { bfdProfile: 'slow', peerAddress: unset, interface: 'eth0', peerPort: 1179 },
    ['BGPPeer/b spec.bfdProfile conflictingBfdProfiles'],
  ],
  ['two profiles in two VRFs', { bfdProfile: 'fast' }, { bfdProfile: 'slow', peerPort: 1179, vrf: 'red' }, []],
  [
    'two profiles from two addresses of ours',
    { bfdProfile: 'fast' },
    { bfdProfile: 'slow', peerPort: 1179, sourceAddress: '192.0.2.9' },
    [],
  ],
  [
    'two profiles over one hop and over several',
    { bfdProfile: 'fast' },
    { bfdProfile: 'slow', peerPort: 1179, ebgpMultiHop: true },
    [],
  ],
  [
    'two profiles from two nodes',
    { bfdProfile: 'fast', nodeSelectors: [host('n1')] },
    { bfdProfile: 'slow', peerPort: 1179, nodeSelectors: [host('n2')] },
    [],
  ],
  ['two ASNs of ours on one node', { myASN: 1 }, { myASN: 2, peerAddress: '192.0.2.1' }, []],
  ['two router IDs on one node', { routerID: '10.0.0.1' }, { routerID: '10.0.0.2', peerAddress: '192.0.2.1' }, []],
]
for (const [name, a, b, expected] of PAIRS) {
  test(name, () => {
    const { problems } = load(node('n1'), node('n2'), profile('fast'), profile('slow'), peer('b', b), peer('a', a))
    assert.deepEqual(problems.map(summarize), expected)
  })
}

test('two peers at one place are both named, and so are place and node', () => {
  const { problems } = load(node('n1'), peer('a'), peer('b'))
  const expected = 'BGPPeer b leads to 192.0.2.254 port 179 from node n1, and so does BGPPeer a; '
  assert.ok(problems[0]?.message.startsWith(expected), problems[0]?.message)
})

test('while no node is known, peers are taken to share one', () => {
  assert.deepEqual(
    load(peer('a', { nodeSelectors: [host('n1')] }), peer('b', { nodeSelectors: [host('n2')] })).problems.length,
    1,
  )
})

/** Timers in milliseconds: hold, keepalive. */
const TIMERS: readonly (readonly [string, object, number | null, number | null])[] = [
  ['unset', {}, null, null],
  ['keepalive follows from hold', { holdTime: '90s' }, 90_000, 30_000],
  ['hold follows from keepalive', { keepaliveTime: '10s' }, 30_000, 10_000],
  ['both as given', { holdTime: '1m30s', keepaliveTime: '5s' }, 90_000, 5000],
  ['hold is cut to whole seconds', { holdTime: '3900ms', keepaliveTime: '1s' }, 3000, 1000],
  ['hold switched off', { holdTime: '0s' }, 0, 0],
  ['hold cut to nothing: no keepalives either', { holdTime: '500ms' }, 0, 0],
  ['hold from keepalive cut to nothing: no keepalives either', { keepaliveTime: '100ms' }, 0, 0],
]
for (const [name, spec, holdMs, keepaliveMs] of TIMERS) {
  test(`timers: ${name}`, () => {
    const loaded = load(peer('p', spec)).model?.peers[0]
    assert.deepEqual([loaded?.holdMs, loaded?.keepaliveMs], [holdMs, keepaliveMs])
  })
}

test('v1beta1 without timers keeps them unset, and port 0 is the usual one', () => {
  const spec = { myASN: 1, peerASN: 2, peerAddress: '192.0.2.1', peerPort: 0, nodeSelectors: [{ matchLabels: {} }] }
  const old = { ...metallb('BGPPeer', 'p', spec), apiVersion: 'metallb.io/v1beta1' }
  const loaded = load(node('n1'), old).model?.peers[0]
  assert.deepEqual([loaded?.holdMs, loaded?.keepaliveMs, loaded?.port], [null, null, 179])
  assert.deepEqual(loaded?.nodes, new Set(['n1']))
})

/** Where the password comes from. */
const PASSWORDS: readonly (readonly [string, object, object, string | null])[] = [
  ['none', {}, {}, null],
  ['in the peer', { password: 'open' }, {}, 'open'],
  ['in the Secret', { passwordSecret: { name: 'bgp' } }, {}, 's3cret'],
  ['under another key', { passwordSecret: { name: 'bgp', key: 'k' } }, { data: { k: base64('other') } }, 'other'],
  [
    'in base64 with line breaks, as a YAML block gives it',
    { passwordSecret: { name: 'bgp' } },
    { data: { password: 'czNj\ncmV0\n' } },
    's3cret',
  ],
  ['as stringData, which wins', { passwordSecret: { name: 'bgp' } }, { stringData: { password: 'plain' } }, 'plain'],
]
for (const [name, spec, sections, expected] of PASSWORDS) {
  test(`password ${name}`, () =>
    assert.equal(load(peer('p', spec), secret(sections)).model?.peers[0]?.password, expected))
}

test('no message repeats what a Secret holds', () => {
  const data = { password: 'topsecret!', other: 'hidden' }
  const { problems } = load(
    ...withSecret({ name: 'bgp' }, secret({ data })),
    peer('q', { passwordSecret: { name: 'bgp', key: 'x' } }),
  )
  assert.equal(problems.length > 1, true)
  assert.doesNotMatch(JSON.stringify(problems), /topsecret|hidden/)
})

const restartOf = (spec: object) => load(peer('p', spec)).model?.peers[0]?.gracefulRestart

test('graceful restart takes 120s unless told otherwise, and is off by default', () => {
  assert.equal(restartOf({}), null)
  assert.equal(restartOf({ gracefulRestart: { enabled: false, restartTime: '10s' } }), null)
  assert.deepEqual(restartOf({ enableGracefulRestart: true }), { restartMs: 120_000 })
  assert.deepEqual(restartOf({ gracefulRestart: { enabled: true, restartTime: '1m' } }), { restartMs: 60_000 })
})

/** Community objects. */
const COMMUNITIES: readonly (readonly [string, readonly KubeObject[], readonly string[]])[] = [
  [
    'standard and large ones',
    [community('c', { name: 'a', value: '65535:65535' }, { name: 'b', value: 'large:4294967295:0:1' })],
    [],
  ],
  [
    'a name twice in one object',
    [community('c', { name: 'a', value: '1:1' }, { name: 'a', value: '1:2' })],
    ['Community/c spec.communities[1].name duplicateCommunity'],
  ],
  [
    'a name in two objects',
    [community('d', { name: 'a', value: '1:1' }), community('c', { name: 'a', value: '1:1' })],
    ['Community/d spec.communities[0].name duplicateCommunity'],
  ],
  [
    'a number above 16 bits',
    [community('c', { name: 'a', value: '65536:1' })],
    ['Community/c spec.communities[0].value invalidCommunity'],
  ],
  [
    'a large number above 32 bits',
    [community('c', { name: 'a', value: 'large:4294967296:0:1' })],
    ['Community/c spec.communities[0].value invalidCommunity'],
  ],
  [
    'a marker other than large',
    [community('c', { name: 'a', value: 'huge:1:1:1' })],
    ['Community/c spec.communities[0].value invalidCommunity'],
  ],
  [
    'one field',
    [community('c', { name: 'a', value: '1' })],
    ['Community/c spec.communities[0].value invalidCommunity'],
  ],
  [
    'three fields',
    [community('c', { name: 'a', value: '1:2:3' })],
    ['Community/c spec.communities[0].value invalidCommunity'],
  ],
  [
    'five fields',
    [community('c', { name: 'a', value: 'large:1:2:3:4' })],
    ['Community/c spec.communities[0].value invalidCommunity'],
  ],
]
for (const [name, objects, expected] of COMMUNITIES) {
  test(`communities: ${name}`, () => assert.deepEqual(load(...objects).problems.map(summarize), expected))
}
