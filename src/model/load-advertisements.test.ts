// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bgp, community, host, l2, load, node, peer, pool, profile, summarize } from '../../test/model/objects.ts'
import type { KubeObject } from '../lib/object.ts'

const labels = (key: string, value: string) => ({ matchLabels: { [key]: value } })
const selective = { serviceSelectors: [labels('app', 'web')] }

/** The world of every case: two nodes, two pools of IPv4, one of both families, an external and an internal peer. */
const WORLD = [
  node('n1', { zone: 'a' }),
  node('n2', { zone: 'b' }),
  pool('narrow', ['192.0.2.240-192.0.2.250'], {}, { size: 's' }),
  pool('wide', ['198.51.100.0/24'], {}, { size: 'l' }),
  pool('dual', ['203.0.113.0/24', '2001:db8::/64'], {}, { size: 'l' }),
  peer('tor', { bfdProfile: 'plain' }),
  peer('core', { peerASN: 64500, peerAddress: '192.0.2.253', bfdProfile: 'echo' }),
  profile('plain'),
  profile('echo', { echoMode: true }),
  community('names', { name: 'gold', value: '64500:1' }),
]
const wide = { ipAddressPools: ['wide'], peers: ['tor'] }
const both = { ...wide, peers: ['tor', 'core'] }
const dual = { ipAddressPools: ['dual'], peers: ['tor'] }

const CASES: readonly (readonly [string, readonly KubeObject[], readonly string[]])[] = [
  ['a plain one of each', [l2('l'), bgp('b', { peers: ['tor'] })], []],
  [
    'a pool twice',
    [l2('a', { ipAddressPools: ['wide', 'wide'] })],
    ['L2Advertisement/a spec.ipAddressPools[1] duplicateEntry'],
  ],
  [
    'a pool twice, over BGP',
    [bgp('a', { ...wide, ipAddressPools: ['wide', 'wide'] })],
    ['BGPAdvertisement/a spec.ipAddressPools[1] duplicateEntry'],
  ],
  [
    'a pool selector twice',
    [l2('a', { ipAddressPoolSelectors: [labels('size', 'l'), labels('size', 'l')] })],
    ['L2Advertisement/a spec.ipAddressPoolSelectors[1] duplicateEntry'],
  ],
  [
    'a node selector twice',
    [l2('a', { nodeSelectors: [host('n1', 'n2'), host('n2', 'n1')] })],
    ['L2Advertisement/a spec.nodeSelectors[1] duplicateEntry'],
  ],
  [
    'a service selector twice',
    [l2('a', { serviceSelectors: [{}, {}] })],
    ['L2Advertisement/a spec.serviceSelectors[1] duplicateEntry'],
  ],
  [
    'a service selector twice, over BGP',
    [bgp('a', { ...wide, serviceSelectors: [{}, {}] })],
    ['BGPAdvertisement/a spec.serviceSelectors[1] duplicateEntry'],
  ],
  ['an interface twice is no matter', [l2('a', { interfaces: ['eth0', 'eth0'] })], []],
  [
    'a preference that no selector is',
    [
      l2('a', {
        preferredNodeSelectors: [{ weight: 1, preference: { matchExpressions: [{ key: 'a', operator: 'Is' }] } }],
      }),
    ],
    ['L2Advertisement/a spec.preferredNodeSelectors[0].preference.matchExpressions[0] invalidSelector'],
  ],
  [
    'a preference twice adds up',
    [
      l2('a', {
        preferredNodeSelectors: [
          { weight: 1, preference: {} },
          { weight: 1, preference: {} },
        ],
      }),
    ],
    [],
  ],
  ['a peer twice', [bgp('a', { ...wide, peers: ['tor', 'tor'] })], ['BGPAdvertisement/a spec.peers[1] duplicateEntry']],
  [
    'a community twice',
    [bgp('a', { ...wide, communities: ['gold', '1:1', 'gold'] })],
    ['BGPAdvertisement/a spec.communities[2] duplicateEntry'],
  ],
  ['a name and its value are no duplicate', [bgp('a', { ...wide, communities: ['gold', '64500:1'] })], []],
  [
    'an unknown name of a community',
    [bgp('a', { ...wide, communities: ['silver'] })],
    ['transient BGPAdvertisement/a spec.communities[0] unknownCommunity'],
  ],
  [
    'a community above 16 bits',
    [bgp('a', { ...wide, communities: ['1:65536'] })],
    ['BGPAdvertisement/a spec.communities[0] invalidCommunity'],
  ],
  [
    'a community whose object is wrong is blamed there only',
    [community('x', { name: 'bad', value: 'x' }), bgp('a', { ...wide, communities: ['bad'] })],
    ['Community/x spec.communities[0].value invalidCommunity'],
  ],
  [
    'IPv4 prefixes of 33 bits',
    [bgp('a', { ...wide, aggregationLength: 33 })],
    ['BGPAdvertisement/a spec.aggregationLength invalidAggregationLength'],
  ],
  [
    'IPv6 prefixes of 129 bits',
    [bgp('a', { ...wide, aggregationLengthV6: 129 })],
    ['BGPAdvertisement/a spec.aggregationLengthV6 invalidAggregationLength'],
  ],
  [
    'aggregation with service selectors',
    [bgp('a', { ...wide, ...selective, aggregationLength: 31 })],
    ['BGPAdvertisement/a spec.aggregationLength selectorsWithAggregation'],
  ],
  [
    'IPv6 aggregation with service selectors',
    [bgp('a', { ...wide, ...selective, aggregationLengthV6: 127 })],
    ['BGPAdvertisement/a spec.aggregationLengthV6 selectorsWithAggregation'],
  ],
  [
    'usual lengths with service selectors',
    [bgp('a', { ...wide, ...selective, aggregationLength: 32, aggregationLengthV6: 128 })],
    [],
  ],
  ['an aggregate as wide as the pool', [bgp('a', { ...wide, aggregationLength: 24 })], []],
  [
    'an aggregate wider than the pool',
    [bgp('a', { ...wide, aggregationLength: 23 })],
    ['BGPAdvertisement/a spec.aggregationLength aggregationExceedsPool'],
  ],
  [
    'an aggregate as wide as one prefix of a range',
    [bgp('a', { ...wide, ipAddressPools: ['narrow'], aggregationLength: 29 })],
    [],
  ],
  [
    'an aggregate wider than every prefix of a range',
    [bgp('a', { ...wide, ipAddressPools: ['narrow'], aggregationLength: 28 })],
    ['BGPAdvertisement/a spec.aggregationLength aggregationExceedsPool'],
  ],
  [
    'an IPv6 aggregate wider than the pool',
    [bgp('a', { ...dual, aggregationLengthV6: 63 })],
    ['BGPAdvertisement/a spec.aggregationLengthV6 aggregationExceedsPool'],
  ],
  ['an IPv6 length over IPv4 pools is no matter', [bgp('a', { ...wide, aggregationLengthV6: 1 })], []],
  [
    'two localPrefs for one prefix',
    [bgp('b', { ...both, localPref: 50 }), bgp('a', { ...both, localPref: 100 })],
    ['BGPAdvertisement/b spec.localPref localPrefConflict'],
  ],
  [
    'a localPref and none',
    [bgp('a', { ...both, localPref: 100 }), bgp('b', both)],
    ['BGPAdvertisement/b spec.localPref localPrefConflict'],
  ],
  ['none and 0 are the same', [bgp('a', both), bgp('b', { ...both, localPref: 0 })], []],
  ['one localPref twice', [bgp('a', { ...both, localPref: 100 }), bgp('b', { ...both, localPref: 100 })], []],
  [
    'two localPrefs for two pools',
    [bgp('a', { ...both, localPref: 1 }), bgp('b', { ...both, localPref: 2, ipAddressPools: ['narrow'] })],
    [],
  ],
  [
    'two localPrefs to two peers',
    [bgp('a', { ...wide, peers: ['core'], localPref: 1 }), bgp('b', { ...wide, localPref: undefined })],
    [],
  ],
  [
    'no peers means all of them',
    [bgp('a', { ipAddressPools: ['wide'], localPref: 1 }), bgp('b', wide)],
    ['BGPAdvertisement/b spec.localPref localPrefConflict'],
  ],
  [
    'two localPrefs from two nodes',
    [
      bgp('a', { ...both, localPref: 1, nodeSelectors: [host('n1')] }),
      bgp('b', { ...both, localPref: 2, nodeSelectors: [host('n2')] }),
    ],
    [],
  ],
  [
    'two localPrefs for two lengths',
    [bgp('a', { ...both, localPref: 1 }), bgp('b', { ...both, localPref: 2, aggregationLength: 24 })],
    [],
  ],
  [
    'the other family has to differ as well',
    [bgp('a', { ...dual }), bgp('b', { ...dual, peers: ['tor', 'nobody'], localPref: 2, aggregationLength: 24 })],
    [
      'warning BGPAdvertisement/b spec.peers[1] unknownPeer',
      'BGPAdvertisement/b spec.localPref localPrefConflict',
      'warning BGPAdvertisement/b spec.localPref localPrefOnEbgp',
    ],
  ],
  [
    'with both lengths different there is no conflict',
    [
      bgp('a', { ...dual, med: 1 }),
      bgp('b', { ...dual, localPref: 2, aggregationLength: 24, aggregationLengthV6: 64 }),
    ],
    ['warning BGPAdvertisement/b spec.localPref localPrefOnEbgp'],
  ],
  [
    'with service selectors it depends on the Service',
    [bgp('a', { ...both, localPref: 1, ...selective }), bgp('b', { ...both, localPref: 2 })],
    [],
  ],
  [
    'prepending the AS of the peer',
    [bgp('a', { ...wide, asPrepend: { count: 1, asn: 64501 } })],
    ['BGPAdvertisement/a spec.asPrepend.asn prependsPeerAsn'],
  ],
  [
    'prepending it to a peer elsewhere',
    [
      peer('far', { peerASN: 64777, peerAddress: '192.0.2.252', nodeSelectors: [host('n1')] }),
      bgp('a', { ...wide, peers: ['far'], nodeSelectors: [host('n2')], asPrepend: { count: 1, asn: 64777 } }),
    ],
    [],
  ],
  ['prepending our own AS', [bgp('a', { ...wide, asPrepend: { count: 10, asn: 64500 } })], []],
  ['prepending our own AS reaches no internal peer', [bgp('a', { ...both, asPrepend: { count: 1 } })], []],
  ['echo mode and IPv6', [bgp('a', { ...dual, peers: ['core'] })], ['BGPAdvertisement/a spec.peers echoWithIpv6']],
  ['echo mode and IPv4', [bgp('a', { ...wide, peers: ['core'] })], []],
  ['IPv6 to a peer without echo mode', [bgp('a', dual)], []],
  [
    'echo mode among all peers',
    [bgp('a', { ipAddressPools: ['dual'] })],
    ['BGPAdvertisement/a spec.peers echoWithIpv6'],
  ],
  [
    'a pool that does not exist',
    [l2('a', { ipAddressPools: ['wide', 'wode'] })],
    ['warning L2Advertisement/a spec.ipAddressPools[1] unknownPool'],
  ],
  [
    'a pool that does not exist, over BGP',
    [bgp('a', { ...wide, ipAddressPools: ['ghost'] })],
    ['warning BGPAdvertisement/a spec.ipAddressPools[0] unknownPool'],
  ],
  [
    'a peer that does not exist',
    [bgp('a', { ...wide, peers: ['tor', 'router1.example.com'] })],
    ['warning BGPAdvertisement/a spec.peers[1] unknownPeer'],
  ],
  [
    'localPref to external peers only',
    [bgp('a', { ...wide, localPref: 100 })],
    ['warning BGPAdvertisement/a spec.localPref localPrefOnEbgp'],
  ],
  ['localPref to an internal peer as well', [bgp('a', { ...both, localPref: 100 })], []],
]
for (const [name, objects, expected] of CASES) {
  test(name, () => {
    const { model, problems } = load(...WORLD, ...objects)
    assert.deepEqual(problems.map(summarize), expected)
    assert.equal(
      model === null,
      expected.some((line) => !line.startsWith('warning ')),
    )
  })
}

/** What the message has to name: both sides of a conflict, and the figures. */
const MESSAGES: readonly (readonly [string, readonly KubeObject[], readonly string[]])[] = [
  [
    'the pool, its widest prefix and the length',
    [bgp('a', { ...wide, ipAddressPools: ['narrow'], aggregationLength: 24 })],
    ['narrow', '29', '24'],
  ],
  [
    'both advertisements, both values and the pool',
    [bgp('a', { ...both, localPref: 100 }), bgp('b', { ...both, localPref: 50 })],
    ['a (localPref 100)', 'b (localPref 50)', 'wide'],
  ],
  [
    'the peers there are',
    [bgp('a', { ...wide, peers: ['router1.example.com'] })],
    ['router1.example.com', 'core', 'tor'],
  ],
  ['the peer that was meant', [bgp('a', { ...wide, peers: ['tar'] })], ['did you mean tor?']],
  ['the pool that was meant', [l2('a', { ipAddressPools: ['narow'] })], ['did you mean narrow?']],
  ['the name that was meant', [bgp('a', { ...wide, communities: ['gald'] })], ['did you mean gold?']],
  [
    'the profile that was meant',
    [peer('x', { peerAddress: '192.0.2.9', bfdProfile: 'plaine' })],
    ['did you mean plain?'],
  ],
]
for (const [name, objects, words] of MESSAGES) {
  test(`a message names ${name}`, () => {
    const [problem] = load(...WORLD, ...objects).problems
    for (const word of words) assert.ok(problem?.message.includes(word), problem?.message)
  })
}

const everywhere = ['dual', 'narrow', 'wide']
/** Which pools an advertisement is for. */
const CHOICES: readonly (readonly [string, object, readonly string[]])[] = [
  ['neither names nor selectors: all', {}, everywhere],
  ['names', { ipAddressPools: ['wide'] }, ['wide']],
  ['selectors', { ipAddressPoolSelectors: [labels('size', 'l')] }, ['dual', 'wide']],
  [
    'names and selectors together',
    { ipAddressPools: ['narrow'], ipAddressPoolSelectors: [labels('size', 'l')] },
    everywhere,
  ],
  ['selectors that match nothing: none', { ipAddressPoolSelectors: [labels('size', 'xl')] }, []],
  ['an empty selector: all', { ipAddressPoolSelectors: [{}] }, everywhere],
  ['an unknown name: none', { ipAddressPools: ['ghost'] }, []],
]
for (const [name, spec, expected] of CHOICES) {
  test(`pools of an advertisement: ${name}`, () => {
    const { model } = load(...WORLD, l2('l', spec), bgp('b', { peers: ['tor'], ...spec }))
    assert.deepEqual([...(model?.l2ByPool.keys() ?? [])], expected)
    assert.deepEqual([...(model?.bgpByPool.keys() ?? [])], expected)
  })
}

/** Names of the L2Advertisements attached to pool wide. */
const ATTACHED: readonly (readonly [string, readonly KubeObject[], readonly string[]])[] = [
  ['identical ones count once', [l2('a'), l2('b')], ['a']],
  [
    'the order of interfaces and selectors does not matter',
    [
      l2('a', { interfaces: ['eth0', 'eth1'], serviceSelectors: [labels('a', '1'), labels('b', '2')] }),
      l2('b', { interfaces: ['eth1', 'eth0'], serviceSelectors: [labels('b', '2'), labels('a', '1')] }),
    ],
    ['a'],
  ],
  ['by name and by label counts once', [l2('a', { ipAddressPools: ['wide'], ipAddressPoolSelectors: [{}] })], ['a']],
  [
    'selectors that choose the same nodes are identical',
    [l2('a', { nodeSelectors: [labels('zone', 'a')] }), l2('b', { nodeSelectors: [host('n1')] })],
    ['a'],
  ],
  ['other nodes', [l2('a'), l2('b', { nodeSelectors: [host('n1')] })], ['a', 'b']],
  ['other interfaces', [l2('a'), l2('b', { interfaces: ['eth0'] })], ['a', 'b']],
  ['other Services', [l2('a'), l2('b', selective)], ['a', 'b']],
  [
    'scores always count',
    [
      l2('a', { preferredNodeSelectors: [{ weight: 5, preference: {} }] }),
      l2('b', { preferredNodeSelectors: [{ weight: 5, preference: {} }] }),
    ],
    ['a', 'b'],
  ],
]
for (const [name, objects, expected] of ATTACHED) {
  test(`layer 2: ${name}`, () => {
    const { model } = load(...WORLD, ...objects)
    assert.deepEqual(
      model?.l2ByPool.get('wide')?.map(({ name: attached }) => attached),
      expected,
    )
  })
}

test('scores are sums of matching weights, of eligible nodes only', () => {
  const preferredNodeSelectors = [
    { weight: 10, preference: {} },
    { weight: 5, preference: labels('zone', 'a') },
  ]
  const scores = (spec: object) =>
    load(...WORLD, l2('l', { preferredNodeSelectors, ...spec })).model?.l2ByPool.get('wide')?.[0]?.scores
  assert.deepEqual(
    scores({}),
    new Map([
      ['n1', 15],
      ['n2', 10],
    ]),
  )
  assert.deepEqual(scores({ nodeSelectors: [host('n2')] }), new Map([['n2', 10]]))
})

test('an advertisement for BGP with everything set', () => {
  const spec = {
    ...wide,
    nodeSelectors: [host('n1')],
    communities: ['gold', '64500:1', 'large:1:02:3'],
    localPref: 0,
    med: 0,
    asPrepend: { count: 2 },
  }
  assert.deepEqual(load(...WORLD, bgp('b', spec)).model?.bgpByPool.get('wide'), [
    {
      name: 'b',
      nodes: new Set(['n1']),
      peers: new Set(['tor']),
      serviceSelectors: [],
      aggregationLength: 32,
      aggregationLengthV6: 128,
      localPref: null,
      communities: [
        { type: 'standard', value: 4227072001, text: '64500:1' },
        { type: 'large', global: 1, local1: 2, local2: 3, text: '1:2:3' },
      ],
      asPrepend: { count: 2, asn: null },
      med: 0,
    },
  ])
})

test('a thousand advertisements that contradict each other are a few problems each, and read at once', () => {
  const ads = Array.from({ length: 1000 }, (_, index) => {
    return bgp(`a${index}`, { localPref: index + 1, aggregationLength: 31 })
  })
  const pools = Array.from({ length: 1000 }, (_, index) => pool(`p${index}`, [`10.0.${index >> 8}.${index & 255}/32`]))
  const start = performance.now()
  const { problems } = load(...pools, ...ads)
  assert.ok(performance.now() - start < 5000)
  assert.equal(new Set(problems.map(({ object }) => object.name)).size, 1000)
  assert.ok(problems.length < 10_000)
})
