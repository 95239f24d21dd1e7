// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refused, ScriptedApi } from '../../test/sim/scripted-api.ts'
import { systemClock } from '../lib/clock.ts'
import type { EventWrite } from '../lib/object.ts'
import { EventRecorder } from './events.ts'

const object = { kind: 'Service', namespace: 'default', name: 'web' }
const event: EventWrite = { object, type: 'Warning', reason: 'AllocationFailed', message: 'no room', uid: 'u' }

function rig() {
  const api = new ScriptedApi()
  const time = { nowMs: 0 }
  const recorder = new EventRecorder({
    clock: { ...systemClock, monotonicMs: () => time.nowMs, wallMs: () => Date.UTC(2026, 0, 1) },
    component: 'metallb-controller',
    host: 'n1',
    send: (request) => api.request(request),
  })
  const sent = () => api.requests.map(({ method }) => method).join(' ')
  return { api, recorder, time, sent }
}

const field = (value: unknown, key: string): unknown => Reflect.get(Object(value), key)

test('an Event as kubectl describe shows it', async () => {
  const { api, recorder } = rig()
  await recorder.write(event)
  const [request] = api.requests
  assert.equal(request?.path, '/api/v1/namespaces/default/events')
  const { metadata, ...rest } = Object(request.body)
  assert.match(String(field(metadata, 'name')), /^web\.[0-9a-f]{16}$/)
  assert.deepEqual(rest, {
    apiVersion: 'v1',
    kind: 'Event',
    involvedObject: { apiVersion: 'v1', ...object, uid: 'u' },
    type: 'Warning',
    reason: 'AllocationFailed',
    message: 'no room',
    count: 1,
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    source: { component: 'metallb-controller', host: 'n1' },
    reportingComponent: 'metallb-controller',
    reportingInstance: 'n1',
  })
})

test('an Event about a BGPPeer names the version that users write', async () => {
  const { api, recorder } = rig()
  const peer = { kind: 'BGPPeer', namespace: 'metallb-system', name: 'tor' }
  await recorder.write({ object: peer, type: 'Normal', reason: 'BGPSessionUp', message: 'up' })
  const [request] = api.requests
  assert.equal(request?.path, '/api/v1/namespaces/metallb-system/events')
  assert.deepEqual(field(request.body, 'involvedObject'), { apiVersion: 'metallb.io/v1beta2', ...peer })
})

test('what is said again is counted in the Event that is there', async () => {
  const { api, recorder, sent } = rig()
  for (let times = 0; times < 3; times++) await recorder.write(event)
  assert.equal(sent(), 'POST PATCH PATCH')
  assert.deepEqual(api.requests.at(-1)?.body, { count: 3, lastTimestamp: '2026-01-01T00:00:00Z' })
})

test('another message, another object or another life of it is another Event', async () => {
  const { recorder, sent } = rig()
  await recorder.write(event)
  await recorder.write({ ...event, message: 'still no room' })
  await recorder.write({ ...event, object: { ...object, name: 'db' } })
  await recorder.write({ ...event, uid: 'v' })
  assert.equal(sent(), 'POST POST POST POST')
})

test('an Event that is gone meanwhile is made anew', async () => {
  const { api, recorder, sent } = rig()
  await recorder.write(event)
  api.answers.push(refused('notFound'))
  await recorder.write(event)
  assert.equal(sent(), 'POST PATCH POST')
  assert.equal(field(api.requests.at(-1)?.body, 'count'), 1)
})

test('25 at once about one object, then one every five minutes; others are not held up', async () => {
  const { api, recorder, time } = rig()
  for (let times = 0; times < 40; times++) await recorder.write({ ...event, message: `m${times}` })
  assert.equal(api.requests.length, 25)
  await recorder.write({ ...event, object: { ...object, name: 'db' } })
  assert.equal(api.requests.length, 26)
  time.nowMs = 300_000
  for (const message of ['x', 'y']) await recorder.write({ ...event, message })
  assert.equal(api.requests.length, 27)
})

test('what nobody will ever take is dropped; what may come later is thrown, and costs no allowance', async () => {
  const { api, recorder, sent } = rig()
  api.answers.push(refused('forbidden'), ...Array.from({ length: 30 }, () => refused('unavailable')))
  await recorder.write(event)
  for (let times = 0; times < 30; times++) await assert.rejects(recorder.write(event))
  await recorder.write(event)
  assert.equal(sent().split(' ').length, 32)
})

test('long names and messages are cut to what the API server takes', async () => {
  const { api, recorder } = rig()
  const name = `${'a'.repeat(199)}-${'b'.repeat(53)}`
  await recorder.write({ ...event, object: { ...object, name }, message: 'ü'.repeat(600) })
  const body = api.requests[0]?.body
  assert.match(String(field(field(body, 'metadata'), 'name')), /^a{199}\.[0-9a-f]{16}$/)
  const message = String(field(body, 'message'))
  assert.ok(Buffer.byteLength(message) <= 1024 && message.endsWith('ü…'), message)
})

test('memory is bounded: of a thousand and more Events the oldest is forgotten', async () => {
  const { recorder, sent } = rig()
  for (let index = 0; index <= 1000; index++) {
    await recorder.write({ ...event, object: { ...object, name: `s${index}` } })
  }
  await recorder.write({ ...event, object: { ...object, name: 's0' } })
  await recorder.write({ ...event, object: { ...object, name: 's1000' } })
  assert.ok(sent().endsWith('POST POST PATCH'))
})
