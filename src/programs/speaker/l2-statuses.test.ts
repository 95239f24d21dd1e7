// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusObjects } from '../../../test/sim/status-objects.ts'
import { type Clock, systemClock } from '../../lib/clock.ts'
import { Fault } from '../../lib/fault.ts'
import { createLog } from '../../lib/log.ts'
import { L2_STATUS, type L2Answer } from './l2-status.ts'
import { L2Statuses } from './l2-statuses.ts'
import { Pace } from './pace.ts'

const ALL: L2Answer = { interfaces: null }
const FAST: Clock = { ...systemClock, after: (delayMs, fire) => systemClock.after(delayMs / 100, fire) }

const l2Objects = () => new StatusObjects<L2Answer>(L2_STATUS)

function rig(objects: StatusObjects<L2Answer>, { perSecond = 10_000, wanted = [] as readonly string[] } = {}) {
  const lines: string[] = []
  const begun: string[] = []
  const statuses = new L2Statuses({
    api: objects.api(),
    node: 'me',
    pace: new Pace(systemClock, { perSecond }),
    clock: FAST,
    log: createLog('info', (line) => lines.push(line)),
    onBegin: (service) => begun.push(service),
  })
  for (const service of wanted) statuses.set(service, ALL)
  objects.follow((event) => statuses.take(event))
  statuses.begin()
  const settle = async () => {
    await new Promise((resolve) => setTimeout(resolve, 60))
    await statuses.settled()
  }
  return { statuses, lines, begun, settle }
}

test('a node that answers says so in two steps, and takes it back', async () => {
  const objects = l2Objects()
  const { statuses, settle, begun } = rig(objects)
  statuses.set('default/web', ALL)
  await settle()
  assert.deepEqual([objects.nodes(), begun], [['web me'], ['default/web']])
  assert.deepEqual(objects.calls, ['create default/web', 'write default/web', 'list default/web'])
  statuses.set('default/web', null)
  await settle()
  assert.deepEqual(objects.nodes(), [])
  statuses.close()
})

test('what a node before us left behind is removed, and of other Services nothing', async () => {
  const objects = l2Objects()
  objects.put('l2-y', 'default/web', { node: 'you', answer: ALL })
  objects.put('l2-z', 'default/other', { node: 'you', answer: ALL })
  const { statuses, settle } = rig(objects)
  statuses.set('default/web', ALL)
  await settle()
  assert.deepEqual(objects.nodes(), ['other you', 'web me'])
  statuses.close()
})

test('many Services taken over at once are looked up by one list', async () => {
  const objects = l2Objects()
  const names = Array.from({ length: 20 }, (_, index) => `s${index}`)
  for (const name of names) objects.put(`l2-${name}`, `default/${name}`, { node: 'you', answer: ALL })
  const { statuses, settle } = rig(objects)
  for (const name of names) statuses.set(`default/${name}`, ALL)
  await settle()
  assert.deepEqual(objects.nodes(), names.map((name) => `${name} me`).toSorted())
  assert.deepEqual(
    objects.calls.filter((call) => call.startsWith('list')),
    ['list all'],
  )
  statuses.close()
})

test('what an earlier process of this node left: right ones cost nothing, the others go', async () => {
  const objects = l2Objects()
  objects.put('l2-a', 'default/kept', { answer: ALL })
  objects.put('l2-b', 'default/gone', { answer: ALL })
  objects.put('l2-c', 'default/half', { answer: null })
  const { statuses, settle, begun } = rig(objects, { wanted: ['default/kept', 'default/half'] })
  await settle()
  assert.deepEqual([objects.nodes(), begun], [['half me', 'kept me'], []])
  assert.deepEqual(objects.calls.filter((call) => !call.startsWith('list')).toSorted(), [
    'delete l2-b',
    'write default/half',
  ])
  statuses.close()
})

test('one that somebody deletes is made again', async () => {
  const objects = l2Objects()
  const { statuses, settle } = rig(objects)
  statuses.set('default/web', ALL)
  await settle()
  objects.remove('l2-1')
  await settle()
  assert.deepEqual([...objects.objects.keys()], ['l2-2'])
  statuses.close()
})

test('the interfaces follow', async () => {
  const objects = l2Objects()
  const { statuses, settle } = rig(objects)
  statuses.set('default/web', ALL)
  await settle()
  statuses.set('default/web', { interfaces: ['eth0'] })
  await settle()
  assert.deepEqual(Reflect.get(Object(objects.objects.get('l2-1')?.['status']), 'interfaces'), [{ name: 'eth0' }])
  statuses.close()
})

test('faults are retried and said once; in the end all is right, and nothing twice', async () => {
  const objects = l2Objects()
  objects.faults = Array.from({ length: 12 }, () => new Fault({ code: 'unavailable' }, 'the API server is away'))
  const { statuses, lines, settle } = rig(objects)
  for (const name of ['a', 'b', 'c']) statuses.set(`default/${name}`, ALL)
  await settle()
  assert.deepEqual(objects.nodes(), ['a me', 'b me', 'c me'])
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /the API server is away/)
  statuses.close()
})

test('what the API server will never accept is not sent again until something changes', async () => {
  const objects = l2Objects()
  objects.faults = [new Fault({ code: 'invalid' }, 'a label is too long')]
  const { statuses, lines, settle } = rig(objects)
  statuses.set('default/web', ALL)
  await settle()
  assert.deepEqual(
    objects.calls.filter((call) => call.startsWith('create')),
    ['create default/web'],
  )
  assert.match(lines.join(''), /a label is too long/)
  statuses.set('default/web', ALL)
  await settle()
  assert.deepEqual(objects.nodes(), ['web me'])
  statuses.close()
})

test('the rate is bounded, and the state that came last is what is written', async () => {
  const objects = l2Objects()
  const { statuses, settle } = rig(objects, { perSecond: 20 })
  const startedMs = performance.now()
  for (let index = 0; index < 15; index++) statuses.set(`default/s${index}`, ALL)
  for (let index = 0; index < 10; index++) statuses.set(`default/s${index}`, null)
  await settle()
  const tookMs = performance.now() - startedMs
  assert.equal(objects.nodes().length, 5)
  const calls = objects.calls.length
  assert.ok(calls <= 20 + (tookMs / 1000) * 20 + 1, `${calls} calls in ${tookMs} ms`)
  statuses.close()
})
