// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as check, constantFrom, jsonValue, property, record, shuffledSubarray } from 'fast-check'
import {
  bgp,
  community,
  core,
  host,
  l2,
  load,
  metallb,
  NAMESPACE,
  namespace,
  node,
  peer,
  pool,
  profile,
  summarize,
} from '../../test/model/objects.ts'
import type { KubeObject } from '../lib/object.ts'
import { parseEndpointSlice } from './endpoint.ts'
import { draftModel, loadModel } from './load.ts'
import { parseService } from './service.ts'

const elsewhere = { namespace: 'default' }
const extras = (data: unknown, meta: object = {}) => core('ConfigMap', 'bgpextras', { data }, meta)

const CASES: readonly (readonly [string, readonly KubeObject[], readonly string[]])[] = [
  ['nothing at all is a configuration', [], []],
  [
    'a pool in another namespace',
    [metallb('IPAddressPool', 'a', { addresses: [] }, elsewhere)],
    ['IPAddressPool/a metadata.namespace wrongNamespace'],
  ],
  [
    'every kind of ours in another namespace',
    ['BGPPeer', 'BFDProfile', 'Community', 'BGPAdvertisement', 'L2Advertisement'].map((kind) =>
      metallb(kind, 'a', {}, elsewhere),
    ),
    [
      'BFDProfile/a metadata.namespace wrongNamespace',
      'BGPAdvertisement/a metadata.namespace wrongNamespace',
      'BGPPeer/a metadata.namespace wrongNamespace',
      'Community/a metadata.namespace wrongNamespace',
      'L2Advertisement/a metadata.namespace wrongNamespace',
    ],
  ],
  [
    'our own results are no configuration',
    [metallb('ServiceL2Status', 'l2-x', {}, elsewhere), metallb('ConfigurationState', 'controller', {})],
    [],
  ],
  [
    'other groups and kinds are not ours',
    [
      { ...pool('a', []), apiVersion: 'example.com/v1' },
      core('Pod', 'p'),
      { ...core('Secret', 's'), apiVersion: 'x/v1' },
    ],
    [],
  ],
  ['bgpextras', [extras({ extras: 'ip forwarding' })], ['ConfigMap/bgpextras data.extras bgpExtrasUnsupported']],
  ['bgpextras that are empty', [extras({ extras: '' })], []],
  ['bgpextras without data', [extras(undefined)], []],
  ['bgpextras of somebody else', [extras({ extras: 'x' }, elsewhere)], []],
  ['another ConfigMap', [core('ConfigMap', 'metallb-excludel2', { data: { extras: 'x' } })], []],
  [
    'specs may be missing where they may',
    ['BFDProfile', 'Community', 'BGPAdvertisement', 'L2Advertisement'].map((kind) => {
      const { spec: _, ...object } = metallb(kind, 'a', {})
      return object
    }),
    [],
  ],
]
for (const [name, objects, expected] of CASES) {
  test(name, () => {
    const { model, problems } = load(...objects)
    assert.deepEqual(problems.map(summarize), expected)
    assert.equal(model === null, expected.length > 0)
  })
}

test('mistakes in several objects are all reported, by object', () => {
  const { problems } = load(
    pool('b', ['x']),
    peer('p', { myASN: 0 }),
    pool('a', []),
    bgp('z', { communities: ['nope'] }),
  )
  assert.deepEqual(problems.map(summarize), [
    'transient BGPAdvertisement/z spec.communities[0] unknownCommunity',
    'BGPPeer/p spec.myASN missingMyAsn',
    'IPAddressPool/a spec.addresses noAddresses',
    'IPAddressPool/b spec.addresses[0] invalidAddress',
  ])
})

test('a warning alone keeps nothing back', () => {
  const { model, problems } = load(l2('a', { ipAddressPools: ['ghost'] }))
  assert.equal(problems.length, 1)
  assert.ok(model)
})

test('a broken pool is known by name all the same: no second problem', () => {
  const { problems } = load(pool('a', ['x']), l2('l', { ipAddressPools: ['a'] }))
  assert.deepEqual(problems.map(summarize), ['IPAddressPool/a spec.addresses[0] invalidAddress'])
})

/** A configuration with everything in it, and one with a mistake of nearly every sort. */
const VALID: readonly KubeObject[] = [
  node('n2', { zone: 'b' }),
  node('n1', { zone: 'a' }),
  namespace('web', { team: 'a' }),
  namespace('db', { team: 'a' }),
  core('Secret', 'bgp', { stringData: { password: 'x' } }),
  pool('a', ['192.0.2.0/28', '2001:db8::/64'], {
    serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: 'a' } }] },
  }),
  pool('b', ['198.51.100.1-198.51.100.9']),
  peer('tor', { passwordSecret: { name: 'bgp' }, bfdProfile: 'fast' }),
  peer('spine', { peerAddress: '192.0.2.253' }),
  profile('fast'),
  community('c', { name: 'gold', value: '1:1' }),
  l2('same'),
  l2('also'),
  l2('eth', { interfaces: ['eth0'], nodeSelectors: [host('n1')] }),
  bgp('one', { communities: ['gold'] }),
  bgp('two', { peers: ['spine', 'ghost'], ipAddressPools: ['b', 'c'] }),
]
const BROKEN: readonly KubeObject[] = [
  ...VALID,
  pool('overlapping', ['192.0.2.0/24', '192.0.2.1/32', 'x']),
  pool('inside', ['192.0.2.4/30']),
  peer('rival', { holdTime: '1s', bfdProfile: 'nope' }),
  peer('enemy', { nodeSelectors: [host('n1')] }),
  community('d', { name: 'gold', value: '1:2' }, { name: 'tin', value: 'x' }),
  bgp('three', { localPref: 7, communities: ['lead', 'tin'], aggregationLength: 8 }),
  bgp('four', { localPref: 9, asPrepend: { count: 1, asn: 64501 } }),
  metallb('BFDProfile', 'fast', {}, elsewhere),
]
for (const [name, objects] of [
  ['valid', VALID],
  ['broken', BROKEN],
] as const) {
  test(`the order of the objects of a ${name} configuration changes nothing`, () => {
    const expected = load(...objects)
    assert.equal(expected.model === null, name === 'broken')
    check(
      property(shuffledSubarray([...objects], { minLength: objects.length }), (shuffled) => {
        const loaded = load(...shuffled)
        assert.deepEqual(loaded, expected)
        assert.deepEqual([...(loaded.model?.nodes.keys() ?? [])], [...(expected.model?.nodes.keys() ?? [])])
        assert.deepEqual([...(loaded.model?.l2ByPool.get('b') ?? [])], [...(expected.model?.l2ByPool.get('b') ?? [])])
      }),
    )
  })
}

test('core objects of any content are read or refused, and never throw', () => {
  const section = jsonValue({ maxDepth: 4 })
  const sections = record({
    spec: section,
    status: section,
    data: section,
    stringData: section,
    type: section,
    endpoints: section,
  })
  const referring = peer('p', { passwordSecret: { name: 'x' } })
  check(
    property(sections, constantFrom('x', 'bgpextras'), (content, name) => {
      const kinds = ['Node', 'Namespace', 'Secret', 'ConfigMap'].map((kind) => core(kind, name, content))
      assert.ok(load(referring, ...kinds).problems.every(({ message }) => message.length > 0))
      parseService(core('Service', name, content), { fillDefaults: true })
      parseEndpointSlice(core('EndpointSlice', name, content, { labels: { 'kubernetes.io/service-name': 'x' } }))
    }),
  )
})

test('100 nodes, 20 advertisements of each sort and 20 peers load in milliseconds', () => {
  const objects = [pool('a', ['10.0.0.0/16']), ...Array.from({ length: 100 }, (_, i) => node(`n${i}`))]
  for (let i = 0; i < 20; i++) objects.push(bgp(`b${i}`), l2(`l${i}`), peer(`p${i}`, { peerAddress: `192.0.2.${i}` }))
  let bestMs = Number.POSITIVE_INFINITY
  for (let round = 0; round < 10; round++) {
    const started = performance.now()
    assert.ok(loadModel(objects, { namespace: 'metallb-system' }).model)
    bestMs = Math.min(bestMs, performance.now() - started)
  }
  assert.ok(bestMs < 20, `${bestMs} ms`)
})

test('a draft has what can be read beside an error, and advertisements that are for no pool', () => {
  const objects = [pool('good', ['192.0.2.0/24']), pool('bad', []), l2('all'), l2('none', { ipAddressPools: ['x'] })]
  const { model, l2: attached, problems } = draftModel(objects, { namespace: NAMESPACE })
  assert.deepEqual(problems.map(({ code }) => code).toSorted(), ['noAddresses', 'unknownPool'])
  assert.deepEqual(
    attached.map(({ advertisement, pools }) => [advertisement.name, pools.map(({ name }) => name)]),
    [
      ['all', ['bad', 'good']],
      ['none', []],
    ],
  )
  assert.equal(model.poolIndex.find({ family: 'ipv4', bits: 0xc0000201n })?.name, 'good')
  assert.equal(load(...objects).model, null)
})
