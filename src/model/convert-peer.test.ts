// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { load, metallb, peer } from '../../test/model/objects.ts'
import type { KubeObject } from '../lib/object.ts'
import { CRD_SCHEMAS } from '../manifests/crd-schemas.generated.ts'
import { validateStructure } from '../manifests/schema.ts'
import { CONVERSION_DATA, convertPeer, PEER_V1BETA1, PEER_V1BETA2 } from './convert-peer.ts'

type Spec = Readonly<Record<string, unknown>>

const old = (spec: Spec, annotations: Readonly<Record<string, string>> = {}): KubeObject => ({
  ...metallb('BGPPeer', 'p', spec, { annotations }),
  apiVersion: PEER_V1BETA1,
})
const current = (spec: Spec): KubeObject => metallb('BGPPeer', 'p', spec)
const down = (object: KubeObject) => convertPeer(object, PEER_V1BETA1)
const up = (object: KubeObject) => convertPeer(object, PEER_V1BETA2)
const specOf = ({ spec }: KubeObject): Spec => Object.fromEntries(Object.entries(spec ?? {}))
const edited = (object: KubeObject, change: Spec): KubeObject => {
  return { ...object, spec: { ...specOf(object), ...change } }
}

const BASE = { myASN: 64500, peerASN: 64501, peerAddress: '192.0.2.1' }
const SELECTORS = [{ matchLabels: { rack: 'a' }, matchExpressions: [{ key: 'zone', operator: 'Exists' }] }, {}]

/** [name, fields of v1beta1 besides BASE, the same in v1beta2] */
const RAISED: readonly (readonly [string, Spec, Spec])[] = [
  ['nothing more, and no timer appears', {}, {}],
  ['holdTime', { holdTime: '90s' }, { holdTime: '90s' }],
  ['holdTime 0s stays 0s', { holdTime: '0s' }, { holdTime: '0s' }],
  ['keepaliveTime', { keepaliveTime: '30s' }, { keepaliveTime: '30s' }],
  ['peerPort', { peerPort: 1179 }, { peerPort: 1179 }],
  ['peerPort 0 is none, which v1beta2 refuses', { peerPort: 0 }, {}],
  ['sourceAddress', { sourceAddress: '192.0.2.9' }, { sourceAddress: '192.0.2.9' }],
  ['routerID', { routerID: '192.0.2.9' }, { routerID: '192.0.2.9' }],
  ['nodeSelectors', { nodeSelectors: SELECTORS }, { nodeSelectors: SELECTORS }],
  ['no nodeSelectors', { nodeSelectors: [] }, { nodeSelectors: [] }],
  ['password', { password: 'word' }, { password: 'word' }],
  ['bfdProfile', { bfdProfile: 'fast' }, { bfdProfile: 'fast' }],
  ['ebgpMultiHop', { ebgpMultiHop: true }, { ebgpMultiHop: true }],
]
for (const [name, from, to] of RAISED) {
  test(`v1beta1 to v1beta2: ${name}`, () => {
    assert.deepEqual(up(old({ ...BASE, ...from })), current({ ...BASE, ...to }))
  })
}

/** Each field that only v1beta2 has, as a spec that also has its default where that comes in by itself. */
const ONLY: readonly (readonly [string, Spec])[] = [
  ['connectTime', { ...BASE, connectTime: '10s' }],
  ['disableMP', { ...BASE, disableMP: true }],
  ['dualStackAddressFamily', { ...BASE, dualStackAddressFamily: true }],
  ['dynamicASN', { myASN: 64500, dynamicASN: 'external', peerAddress: '192.0.2.1' }],
  ['enableGracefulRestart', { ...BASE, enableGracefulRestart: false }],
  ['gracefulRestart', { ...BASE, gracefulRestart: { enabled: true, restartTime: '60s' } }],
  ['interface', { myASN: 64500, peerASN: 64501, interface: 'eth1' }],
  ['localASN', { ...BASE, localASN: 4294967295 }],
  ['passive', { ...BASE, passive: false }],
  ['passwordSecret', { ...BASE, passwordSecret: { name: 'bgp', namespace: 'x', key: 'password' } }],
  ['ttlSecurityHops', { ...BASE, ttlSecurityHops: 254 }],
  ['vrf', { ...BASE, vrf: 'red' }],
]
for (const [field, spec] of ONLY) {
  test(`v1beta2 to v1beta1 and back keeps ${field}`, () => {
    const lowered = down(current(spec))
    assert.equal(Object.hasOwn(specOf(lowered), field), false)
    assert.deepEqual(validateStructure(lowered), { ok: true, object: lowered, problems: [] })
    assert.deepEqual(up(lowered), current(spec))
  })
}

const fieldsOf = (version: string) => {
  return Object.keys(CRD_SCHEMAS['BGPPeer']?.[version]?.properties?.['spec']?.properties ?? {})
}

test('the fields above are all that only v1beta2 has', () => {
  const only = fieldsOf('v1beta2').filter((field) => !fieldsOf('v1beta1').includes(field))
  assert.deepEqual(
    only,
    ONLY.map(([field]) => field),
  )
})

/** [name, v1beta2 spec, what is changed in v1beta1, what v1beta2 then is] */
const EDITS: readonly (readonly [string, Spec, Spec, Spec])[] = [
  [
    'a shared field wins, the rest comes back',
    { ...BASE, vrf: 'red', holdTime: '90s' },
    { holdTime: '30s' },
    { ...BASE, vrf: 'red', holdTime: '30s' },
  ],
  [
    'an address excludes the interface',
    { myASN: 1, peerASN: 2, interface: 'eth1', vrf: 'red' },
    { peerAddress: '192.0.2.7' },
    { myASN: 1, peerASN: 2, peerAddress: '192.0.2.7', vrf: 'red' },
  ],
  [
    'a number excludes dynamicASN',
    { myASN: 1, dynamicASN: 'internal', peerAddress: '192.0.2.1' },
    { peerASN: 3 },
    { myASN: 1, peerASN: 3, peerAddress: '192.0.2.1' },
  ],
  [
    'a password excludes the Secret',
    { ...BASE, passwordSecret: { name: 'bgp', key: 'password' } },
    { password: 'word' },
    { ...BASE, password: 'word' },
  ],
  [
    'what contradicted itself before still does',
    { ...BASE, interface: 'eth1' },
    { holdTime: '30s' },
    { ...BASE, interface: 'eth1', holdTime: '30s' },
  ],
]
for (const [name, spec, change, expected] of EDITS) {
  test(`edited as v1beta1: ${name}`, () => {
    assert.deepEqual(up(edited(down(current(spec)), change)), current(expected))
  })
}

/** Text that is not what we wrote there. */
const DATA: readonly (readonly [string, string])[] = [
  ['empty', ''],
  ['no JSON', '{'],
  ['null', 'null'],
  ['a list', '[]'],
  ['spec is text', '{"spec":"x"}'],
  ['unknown field', '{"spec":{"color":"red"}}'],
  ['a shared field', '{"spec":{"myASN":1,"peerAddress":"192.0.2.66"}}'],
  ['prototype', '{"spec":{"__proto__":{"vrf":"red"},"constructor":"x"}}'],
  ['wrong types', '{"spec":{"vrf":1,"passive":"yes","localASN":"1","dynamicASN":"x","connectTime":null}}'],
  ['out of range', '{"spec":{"ttlSecurityHops":255,"localASN":0}}'],
  ['wrong type inside', '{"spec":{"gracefulRestart":{"enabled":"yes"},"passwordSecret":{"name":1}}}'],
  ['too much inside', '{"spec":{"gracefulRestart":{"enabled":true,"x":{}},"passwordSecret":{"x":"y"}}}'],
]
for (const [name, data] of DATA) {
  test(`conversion data that nobody kept: ${name}`, () => {
    assert.deepEqual(up(old(BASE, { [CONVERSION_DATA]: data, mine: 'x' })), {
      ...current(BASE),
      metadata: { ...current(BASE).metadata, annotations: { mine: 'x' } },
    })
  })
}

test('the annotation is there only while it says something, and the others stay', () => {
  const lowered = down({ ...old({}, { mine: 'x', [CONVERSION_DATA]: 'stale' }), apiVersion: PEER_V1BETA2, spec: BASE })
  assert.deepEqual(lowered.metadata.annotations, { mine: 'x' })
  assert.deepEqual(Object.keys(down(current({ ...BASE, vrf: 'red' })).metadata.annotations), [CONVERSION_DATA])
  const bare = { apiVersion: PEER_V1BETA1, kind: 'BGPPeer', metadata: { name: 'p' }, spec: BASE }
  assert.deepEqual(convertPeer(bare, PEER_V1BETA2), { ...bare, apiVersion: PEER_V1BETA2 })
})

test('an object that is in that version already, or has no spec to convert, is left alone', () => {
  const object = old(BASE, { [CONVERSION_DATA]: '{"spec":{"vrf":"red"}}' })
  assert.equal(convertPeer(object, PEER_V1BETA1), object)
  assert.deepEqual(up({ ...old({}), spec: 'x' }), { ...current({}), spec: 'x' })
})

test('a file of v1beta1 is read as the API server would convert it', () => {
  const kept = down(peer('p', { vrf: 'red', connectTime: '7s' }))
  const loaded = load(kept).model?.peers[0]
  assert.deepEqual([loaded?.vrf, loaded?.connectMs], ['red', 7000])
})

// ── properties ──
const asJson = (value: object): Spec => ({ ...JSON.parse(JSON.stringify(value)) })
const word = fc.string({ minLength: 1, maxLength: 8 })
const selector = fc.record(
  {
    matchLabels: fc.dictionary(word, word),
    matchExpressions: fc.array(
      fc.record({ key: word, operator: word, values: fc.array(word, { minLength: 1, maxLength: 2 }) }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
)
const asn = fc.integer({ min: 1, max: 2 ** 32 - 1 })
const shared = {
  myASN: asn,
  peerASN: asn,
  peerAddress: word,
  sourceAddress: word,
  peerPort: fc.integer({ min: 1, max: 16384 }),
  holdTime: word,
  keepaliveTime: word,
  routerID: word,
  nodeSelectors: fc.array(selector, { maxLength: 2 }),
  password: word,
  bfdProfile: word,
  ebgpMultiHop: fc.boolean(),
}
const only = {
  connectTime: word,
  disableMP: fc.constant(true),
  dualStackAddressFamily: fc.constant(true),
  dynamicASN: fc.constantFrom('internal', 'external'),
  enableGracefulRestart: fc.boolean(),
  gracefulRestart: fc.record({ enabled: fc.boolean(), restartTime: word }, { requiredKeys: ['enabled'] }),
  interface: word,
  localASN: asn,
  passive: fc.boolean(),
  passwordSecret: fc.record({ name: word, key: word, namespace: word }, { requiredKeys: [] }),
  ttlSecurityHops: fc.integer({ min: 1, max: 254 }),
  vrf: word,
}

test('property: v1beta2 → v1beta1 → v1beta2 changes nothing, contradictions included', () => {
  const specs = fc.record({ ...shared, ...only }, { requiredKeys: ['myASN'] }).map(asJson)
  fc.assert(fc.property(specs, (spec) => assert.deepEqual(up(down(current(spec))), current(spec))))
})

test('property: v1beta1 → v1beta2 → v1beta1 changes nothing', () => {
  const specs = fc.record(shared, { requiredKeys: ['myASN', 'peerASN', 'peerAddress'] }).map(asJson)
  fc.assert(fc.property(specs, (spec) => assert.deepEqual(down(up(old(spec))), old(spec))))
})

test('property: every field that v1beta1 changes is what v1beta2 then has', () => {
  const specs = fc.record({ ...shared, ...only }, { requiredKeys: ['myASN'] }).map(asJson)
  const changes = fc.record(shared, { requiredKeys: [] }).map(asJson)
  fc.assert(
    fc.property(specs, changes, (spec, change) => {
      const after = specOf(up(edited(down(current(spec)), change)))
      for (const [key, value] of Object.entries(change)) assert.deepEqual(after[key], value)
      for (const key of Object.keys(after)) assert.ok(Object.hasOwn(spec, key) || Object.hasOwn(change, key), key)
    }),
  )
})
