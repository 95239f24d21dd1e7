// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryObjects } from '../../../test/sim/memory-objects.ts'
import { systemClock } from '../../lib/clock.ts'
import { createLog } from '../../lib/log.ts'
import type { ObjectSink } from '../../lib/object.ts'
import { Writer } from './writer.ts'

const object = { kind: 'Service', namespace: 'default', name: 'web' }
const write = (text: string) => ({ object, status: { text }, annotations: {} })
const hurried = { ...systemClock, after: (_delayMs: number, fire: () => void) => systemClock.after(0, fire) }

function rig() {
  const sink = new MemoryObjects()
  return { sink, writer: new Writer(sink.open(), createLog('none'), hurried) }
}

test('the latest state wins over one that is still waiting, and the outcome of what was sent is told', async () => {
  const { sink, writer } = rig()
  const gate = Promise.withResolvers<void>()
  sink.gate = gate.promise
  const written: string[] = []
  for (const text of ['first', 'second', 'third']) writer.status(write(text), () => written.push(text))
  gate.resolve()
  await writer.flushed()
  assert.equal(sink.statusWrites.at(-1)?.status['text'], 'third')
  assert.ok(sink.statusWrites.length <= 2)
  assert.deepEqual(
    written,
    sink.statusWrites.map(({ status }) => status['text']),
  )
})

test('a fault is retried until the write is there; events go out once, after the status', async () => {
  const { sink, writer } = rig()
  sink.faults = 3
  writer.event({ object, type: 'Normal', reason: 'IPAllocated', message: 'Assigned IP' })
  writer.status(write('only'))
  await writer.flushed()
  assert.deepEqual(
    sink.statusWrites.map(({ status }) => status['text']),
    ['only'],
  )
  assert.deepEqual(
    sink.eventWrites.map(({ reason }) => reason),
    ['IPAllocated'],
  )
})

test('what waits to be said already does not wait twice, however long the API server is away', async () => {
  const { sink, writer } = rig()
  const said = { object, type: 'Warning', reason: 'addressConflict' } as const
  const gate = Promise.withResolvers<void>()
  sink.gate = gate.promise
  writer.status(write('only'))
  for (let minute = 0; minute < 50; minute++) {
    writer.event({ ...said, message: 'by one station' })
    writer.event({ ...said, message: 'by another' })
  }
  gate.resolve()
  await writer.flushed()
  assert.deepEqual(
    sink.eventWrites.map(({ message }) => message),
    ['by one station', 'by another'],
  )
})

test('what is forgotten is not written', async () => {
  const { sink, writer } = rig()
  sink.faults = 1
  writer.status(write('gone'))
  writer.forget(object)
  await writer.flushed()
  assert.ok(sink.statusWrites.length === 0)
})

test('events that hang hold up no status', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const written: string[] = []
  const sink: ObjectSink = {
    writeEvent: () => new Promise(() => {}),
    writeStatus: (status) => {
      written.push(status.object.name)
      if (status.object.name === 'last') resolve()
      return Promise.resolve({ type: 'written' })
    },
  }
  const writer = new Writer(sink, createLog('none'), hurried)
  const names = Array.from({ length: 100 }, (_, index) => `web-${index}`)
  for (const name of [...names, 'last']) {
    writer.status({ ...write(''), object: { ...object, name } })
    writer.event({ object: { ...object, name }, type: 'Normal', reason: 'IPAllocated', message: 'Assigned IP' })
  }
  await promise
  assert.deepEqual(written, [...names, 'last'])
})
