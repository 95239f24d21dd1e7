// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refused, ScriptedApi } from '../../test/sim/scripted-api.ts'
import type { StatusWrite } from '../lib/object.ts'
import { openSink } from './sink.ts'

function rig(answers: readonly (object | ReturnType<typeof refused>)[] = []) {
  const api = new ScriptedApi()
  api.answers.push(...answers)
  const waits: number[] = []
  const wrote: string[] = []
  let nowMs = 0
  const state = { mayWrite: true }
  const clock = {
    monotonicMs: () => nowMs,
    wallMs: () => 0,
    after: (delayMs: number, fire: () => void) => {
      waits.push(delayMs)
      nowMs += delayMs
      setImmediate(fire)
      return { cancel: () => {} }
    },
  }
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'pod', uid: 'u' }
  const sink = openSink({
    api,
    versions: { wrote: (key, version) => wrote.push(`${key} ${version}`) },
    mayWrite: () => state.mayWrite,
    clock,
    component: 'controller',
    owner: () => owner,
  })
  return { api, sink, waits, wrote, state }
}

const web: StatusWrite = {
  object: { kind: 'Service', namespace: 'default', name: 'web' },
  status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] }, conditions: [{ type: 'x' }] },
  annotations: { 'metallb.io/ip-allocated-from-pool': 'a' },
  resourceVersion: '7',
}
const state: StatusWrite = {
  object: { kind: 'ConfigurationState', namespace: 'metallb-system', name: 'controller' },
  status: { result: 'Valid' },
  annotations: {},
}
const EVENT = { object: web.object, type: 'Normal', reason: 'IPAllocated', message: 'Assigned IP', uid: 'u' } as const

test('a Service: one merge patch with version, annotation and status', async () => {
  const { api, sink, wrote } = rig([{ metadata: { resourceVersion: '8' } }])
  assert.deepEqual(await sink.writeStatus(web), { type: 'written', resourceVersion: '8' })
  assert.deepEqual(wrote, ['Service/default/web 8'])
  assert.deepEqual(api.requests, [
    {
      method: 'PATCH',
      path: '/api/v1/namespaces/default/services/web/status',
      contentType: 'application/merge-patch+json',
      body: { metadata: { resourceVersion: '7', annotations: web.annotations }, status: web.status },
    },
  ])
})

test('what a cleared Service lacks is taken away by name', async () => {
  const { api, sink } = rig()
  await sink.writeStatus({ ...web, status: { loadBalancer: {}, conditions: [] } })
  assert.deepEqual(Reflect.get(Object(api.requests[0]?.body), 'status'), {
    loadBalancer: { ingress: null },
    conditions: null,
  })
})

const OUTCOMES = [
  ['notFound', 'gone'],
  ['conflict', 'outdated'],
] as const
for (const [code, type] of OUTCOMES) {
  test(`${code} is no fault: ${type}`, async () => {
    const { sink } = rig([refused(code)])
    assert.deepEqual(await sink.writeStatus(web), { type })
  })
}

test('every other refusal is the caller’s to retry', async () => {
  const { sink } = rig([refused('unavailable')])
  await assert.rejects(sink.writeStatus(web), { kind: { code: 'unavailable', status: 503, retryAfterMs: null } })
})

test('without the lease nothing is sent', async () => {
  const { api, sink, state: rights } = rig()
  rights.mayWrite = false
  await assert.rejects(sink.writeStatus(web), { kind: { code: 'notLeading' } })
  await assert.rejects(sink.writeEvent(EVENT), { kind: { code: 'notLeading' } })
  assert.deepEqual(api.requests, [])
})

test('Retry-After holds back all writes of that kind, and the lease is asked for after the pause', async () => {
  const { api, sink, waits, state: rights } = rig([refused('throttled', 3000)])
  await assert.rejects(sink.writeStatus(web))
  await sink.writeEvent(EVENT)
  assert.deepEqual(waits, [], 'events are another kind')
  const late = sink.writeStatus(web)
  rights.mayWrite = false
  await assert.rejects(late, { kind: { code: 'notLeading' } })
  assert.deepEqual([waits, api.requests.length], [[3000], 2])
})

test('a ConfigurationState is applied; where there is none, it is made with labels and owner', async () => {
  const { api, sink } = rig([refused('notFound'), {}, { metadata: { resourceVersion: '3' } }])
  assert.deepEqual(await sink.writeStatus(state), { type: 'written', resourceVersion: '3' })
  assert.deepEqual(
    api.requests.map(({ method, query }) => [method, query?.['fieldManager']]),
    [
      ['PATCH', 'poolReconciler'],
      ['POST', undefined],
      ['PATCH', 'poolReconciler'],
    ],
  )
  assert.deepEqual(Reflect.get(Object(api.requests[1]?.body), 'metadata'), {
    name: 'controller',
    namespace: 'metallb-system',
    labels: { 'metallb.io/component-type': 'controller' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'pod', uid: 'u' }],
  })
})
