// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALLOCATED_FROM_POOL } from '../../ipam/converge.ts'
import type { KubeObject } from '../../lib/object.ts'
import { CONDITION, desiredOf, differs, type Holding, holdingOf, writeOf } from './holding.ts'

const NONE: Holding = { ips: [], pool: null, condition: null, announced: null }
const ASSIGNED = { status: 'True', reason: 'Assigned', message: 'from pool a' } as const
const FULL = { status: 'False', reason: 'poolExhausted', message: 'pool a is full' } as const
const SILENT = { status: 'False', reason: 'notOwner', message: 'no endpoint is ready' } as const
const HEARD = { status: 'True', reason: 'Announced', message: '' } as const
const HELD: Holding = { ips: ['192.0.2.1'], pool: 'a', condition: ASSIGNED, announced: null }

const DIFFERENCES: [string, Holding, Holding, boolean][] = [
  ['nothing and nothing', NONE, NONE, false],
  ['an address is new', NONE, HELD, true],
  ['nothing changed', HELD, HELD, false],
  ['the order of addresses counts', { ...HELD, ips: ['a', 'b'] }, { ...HELD, ips: ['b', 'a'] }, true],
  ['the pool was renamed', HELD, { ...HELD, pool: 'b' }, true],
  ['taken over from MetalLB without a condition', { ...HELD, condition: null }, HELD, false],
  ['a first refusal', NONE, { ...NONE, condition: FULL }, true],
  ['the same refusal again', { ...NONE, condition: FULL }, { ...NONE, condition: FULL }, false],
  ['another reason', { ...NONE, condition: FULL }, { ...NONE, condition: { ...FULL, reason: 'unknownPool' } }, true],
  ['a refusal is over', { ...HELD, condition: FULL }, HELD, true],
  ['nobody announces it', HELD, { ...HELD, announced: SILENT }, true],
  ['still nobody announces it', { ...HELD, announced: SILENT }, { ...HELD, announced: SILENT }, false],
  ['somebody announces it again', { ...HELD, announced: SILENT }, { ...HELD, announced: HEARD }, true],
  ['no longer a load balancer', { ...NONE, condition: FULL }, NONE, true],
]
for (const [name, held, desired, expected] of DIFFERENCES) {
  test(`difference: ${name}`, () => assert.equal(differs(held, desired), expected))
}

const service = (status: unknown, annotations: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default', labels: {}, annotations },
  status,
})

const HOLDINGS: [string, KubeObject, Holding][] = [
  ['no status', service(undefined), NONE],
  ['a status of the wrong type', service('broken'), NONE],
  [
    'hostname entries are no addresses',
    service({ loadBalancer: { ingress: [{ hostname: 'x' }, { ip: '192.0.2.1' }] } }),
    { ...NONE, ips: ['192.0.2.1'] },
  ],
  [
    'our condition among others',
    service(
      {
        conditions: [
          { type: 'Other', status: 'True' },
          { type: CONDITION, ...FULL },
        ],
      },
      { [ALLOCATED_FROM_POOL]: 'a' },
    ),
    { ...NONE, pool: 'a', condition: FULL },
  ],
]
for (const [name, object, expected] of HOLDINGS) {
  test(`holding: ${name}`, () => assert.deepEqual(holdingOf(object), expected))
}

test('a kept address with an invalid request stays assigned and says why', () => {
  const refusal = { code: 'invalidRequest', message: 'not an address' } as const
  const verdict = { lease: { pool: 'a', ips: ['192.0.2.1'] }, refusal, events: [], waitsFor: [], freed: [] }
  assert.deepEqual(desiredOf(verdict).condition, {
    status: 'True',
    reason: 'invalidRequest',
    message: 'not an address',
  })
})

test('conditions of others stay; the time moves only with the status', () => {
  const other = { type: 'Other', status: 'True' }
  const object = service({ conditions: [other, { type: CONDITION, ...FULL, lastTransitionTime: 'then' }] })
  const still = writeOf(object, { ...NONE, condition: { ...FULL, message: 'still full' } }, 'now')
  assert.deepEqual(still.status['conditions'], [
    other,
    { type: CONDITION, ...FULL, message: 'still full', lastTransitionTime: 'then' },
  ])
  const cured = writeOf(object, HELD, 'now')
  assert.deepEqual(cured.status['conditions'], [other, { type: CONDITION, ...ASSIGNED, lastTransitionTime: 'now' }])
  assert.deepEqual(cured.status['loadBalancer'], { ingress: [{ ip: '192.0.2.1' }] })
  assert.deepEqual(cured.annotations, { [ALLOCATED_FROM_POOL]: 'a' })
})

test('what was written reads back as what was desired', () => {
  const write = writeOf(service({}), HELD, 'now')
  assert.deepEqual(holdingOf(service(write.status, { [ALLOCATED_FROM_POOL]: 'a' })), HELD)
})
