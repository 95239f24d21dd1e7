// SPDX-License-Identifier: Apache-2.0
/**
 * Each CEL rule of the CRDs, which an API server evaluates, is enforced for files by the model, so that no interpreter
 * of CEL is needed. A rule that is added to a CRD has to be added here, with what it refuses and what it takes.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { validateStructure } from '../../src/manifests/schema.ts'
import { loadModel } from '../../src/model/load.ts'
import { readCrds } from '../../tools/crd.ts'
import { bgp, NAMESPACE, peer, pool } from '../model/objects.ts'
import { ROOT } from './tree.ts'

type Found = Readonly<{ place: string; rule: string }>

/** Every rule of every kind and version: `Kind path`, and the rule on one line. */
const rules: readonly Found[] = readCrds(ROOT).flatMap(({ kind, schema }) => [...rulesIn(schema, kind)])

function* rulesIn(schema: unknown, place: string): Generator<Found> {
  if (typeof schema !== 'object' || schema === null) return
  for (const [word, value] of Object.entries(schema)) {
    if (word === 'x-kubernetes-validations') {
      const list: readonly { rule: string }[] = value
      for (const { rule } of list) yield { place, rule: rule.replaceAll(/\s+/g, ' ') }
    } else if (word === 'properties') {
      for (const [name, field] of Object.entries(value)) yield* rulesIn(field, `${place} ${name}`)
    } else yield* rulesIn(value, place)
  }
}

const someone = [{ matchLabels: { app: 'web' } }]
const connect = (connectTime: string) => peer('p', { connectTime })
const restart = (restartTime: string) => peer('p', { gracefulRestart: { enabled: true, restartTime } })
const aggregate = (spec: object) => bgp('b', spec)

type Row = Readonly<{
  place: string
  rule: string
  code: string
  refused: readonly ReturnType<typeof peer>[]
  taken: readonly ReturnType<typeof peer>[]
}>
const ENFORCED: readonly Row[] = [
  {
    place: 'BGPPeer spec connectTime',
    rule: 'duration(self).getSeconds() >= 1 && duration(self).getSeconds() <= 65535',
    code: 'invalidConnectTime',
    refused: [connect('0s'), connect('999ms'), connect('65536s'), connect('-1s')],
    taken: [connect('1s'), connect('65535s'), connect('1h')],
  },
  {
    place: 'BGPPeer spec connectTime',
    rule: 'duration(self).getMilliseconds() % 1000 == 0',
    code: 'invalidConnectTime',
    refused: [connect('1001ms'), connect('1.5s')],
    taken: [connect('2000ms')],
  },
  {
    place: 'BGPPeer spec gracefulRestart restartTime',
    rule: "duration(self) >= duration('1s') && duration(self) <= duration('4095s')",
    code: 'invalidRestartTime',
    refused: [restart('999ms'), restart('4095001ms'), restart('0s')],
    taken: [restart('1s'), restart('1500ms'), restart('4095s')],
  },
  {
    place: 'BGPAdvertisement spec',
    rule: '!has(self.serviceSelectors) || size(self.serviceSelectors) == 0 || ((!has(self.aggregationLength) || self.aggregationLength == 32) && (!has(self.aggregationLengthV6) || self.aggregationLengthV6 == 128))',
    code: 'selectorsWithAggregation',
    refused: [
      aggregate({ serviceSelectors: someone, aggregationLength: 31 }),
      aggregate({ serviceSelectors: someone, aggregationLengthV6: 127 }),
    ],
    taken: [
      aggregate({ serviceSelectors: someone, aggregationLength: 32, aggregationLengthV6: 128 }),
      aggregate({ serviceSelectors: [], aggregationLength: 31 }),
      aggregate({ aggregationLength: 24, aggregationLengthV6: 64 }),
    ],
  },
]

/** `oldSelf`: what may not change. A file has no former version, and only speakers write objects of these kinds. */
const isTransition = ({ rule }: Found): boolean => rule === 'self == oldSelf'
const WRITTEN_BY_US = /^(?:ServiceBGPStatus|ServiceL2Status) status /

test('the table has every rule of the CRDs, and no other', () => {
  const enforced = rules.filter((found) => !isTransition(found)).map(({ place, rule }) => `${place}: ${rule}`)
  assert.deepEqual(enforced.toSorted(), ENFORCED.map(({ place, rule }) => `${place}: ${rule}`).toSorted())
  for (const found of rules.filter(isTransition)) assert.match(found.place, WRITTEN_BY_US)
})

/** Codes of the errors that an object from a file has, beside a pool that fits all. */
function errorsOf(object: ReturnType<typeof peer>): readonly string[] {
  const structure = validateStructure(object)
  const objects = structure.ok ? [structure.object, pool('all', ['10.0.0.0/8', '2001:db8::/32'])] : []
  const problems = [...structure.problems, ...loadModel(objects, { namespace: NAMESPACE }).problems]
  return problems.filter(({ severity }) => severity === 'error').map(({ code }) => code)
}

for (const { place, rule, code, refused, taken } of ENFORCED) {
  test(`${place}: ${rule.slice(0, 60)}`, () => {
    for (const object of refused) assert.deepEqual(errorsOf(object), [code], JSON.stringify(object.spec))
    for (const object of taken) assert.deepEqual(errorsOf(object), [], JSON.stringify(object.spec))
  })
}
