// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimClock } from '../../../test/sim/clock.ts'
import { StatusObjects } from '../../../test/sim/status-objects.ts'
import { Fault } from '../../lib/fault.ts'
import { createLog } from '../../lib/log.ts'
import { BGP_STATUS, type BgpAnswer } from './bgp-status.ts'
import { Pace } from './pace.ts'
import { ServiceStatuses } from './service-statuses.ts'

const TOR: BgpAnswer = { peers: ['tor'] }
const BOTH: BgpAnswer = { peers: ['spine', 'tor'] }

function rig(
  wanted: Readonly<Record<string, BgpAnswer>> = {},
  left: readonly [string, string, BgpAnswer | null][] = [],
) {
  const objects = new StatusObjects<BgpAnswer>(BGP_STATUS)
  for (const [name, service, answer] of left) objects.put(name, service, { answer })
  const clock = new SimClock()
  const lines: string[] = []
  const begun: string[] = []
  const statuses = new ServiceStatuses({
    form: BGP_STATUS,
    api: objects.api(),
    node: 'me',
    pace: new Pace(clock, { perSecond: 50 }),
    clock,
    log: createLog('info', (line) => lines.push(line)),
    onBegin: (service) => begun.push(service),
  })
  for (const [service, answer] of Object.entries(wanted)) statuses.set(service, answer)
  objects.follow((event) => statuses.take(event))
  statuses.begin()
  /** Writes what there is to write, and hears of it. */
  const settle = async () => {
    await clock.advance(60_000)
    await statuses.settled()
    await new Promise(setImmediate)
  }
  const said = () => [...objects.objects].map(([name, { status }]) => `${name} ${String(Object(status).peers)}`)
  return { objects, statuses, lines, begun, settle, said }
}

test('a node that sends routes says to whom, follows them, and takes it back when there are none', async () => {
  const { objects, statuses, settle, begun, said } = rig()
  statuses.set('default/web', TOR)
  await settle()
  assert.deepEqual([said(), begun], [['bgp-1 tor'], ['default/web']])
  statuses.set('default/web', BOTH)
  await settle()
  assert.deepEqual(said(), ['bgp-1 spine,tor'])
  statuses.set('default/web', BOTH)
  await settle()
  statuses.set('default/web', null)
  await settle()
  assert.deepEqual([said(), begun.length], [[], 1])
  assert.deepEqual(objects.calls, ['create default/web', 'write default/web', 'write default/web', 'delete bgp-1'])
})

test('what other nodes say of the same Service is left alone, whatever this node does', async () => {
  const { objects, statuses, settle } = rig()
  objects.put('bgp-x', 'default/web', { node: 'you', answer: TOR })
  statuses.take({ type: 'applied', object: objects.objects.get('bgp-x') ?? assert.fail() })
  statuses.set('default/web', TOR)
  await settle()
  assert.deepEqual(objects.nodes(), ['web me', 'web you'])
  statuses.set('default/web', null)
  await settle()
  assert.deepEqual(objects.nodes(), ['web you'])
})

test('what an earlier process of this node left is taken over or removed', async () => {
  const left: [string, string, BgpAnswer | null][] = [
    ['bgp-a', 'default/right', TOR],
    ['bgp-b', 'default/gone', TOR],
    ['bgp-c', 'default/half', null],
    ['bgp-d', 'default/other', BOTH],
    ['bgp-e', 'default/twice', TOR],
    ['bgp-f', 'default/twice', TOR],
  ]
  const names = ['right', 'half', 'other', 'twice'].map((name) => [`default/${name}`, TOR])
  const { objects, begun, settle, said } = rig(Object.fromEntries(names), left)
  await settle()
  assert.deepEqual(said(), ['bgp-a tor', 'bgp-c tor', 'bgp-d tor', 'bgp-e tor'])
  assert.deepEqual(objects.calls.toSorted(), [
    'delete bgp-b',
    'delete bgp-f',
    'write default/half',
    'write default/other',
  ])
  assert.deepEqual(begun, [])
})

test('one that somebody deletes is made again', async () => {
  const { objects, statuses, settle, said } = rig()
  statuses.set('default/web', TOR)
  await settle()
  objects.remove('bgp-1')
  await settle()
  assert.deepEqual(said(), ['bgp-2 tor'])
})

test('one that is gone when its status is to be written is made again', async () => {
  const { objects, statuses, settle, said } = rig({}, [['bgp-a', 'default/web', TOR]])
  objects.objects.delete('bgp-a') // and the news is still on its way
  statuses.set('default/web', BOTH)
  await settle()
  assert.deepEqual(said(), ['bgp-1 spine,tor'])
})

test('a Service that was never announced here costs nothing', async () => {
  const { objects, statuses, settle } = rig()
  for (let index = 0; index < 1000; index++) statuses.set(`default/s${index}`, null)
  await settle()
  assert.deepEqual(objects.calls, [])
})

test('the API server is away: said once a minute, and in the end all is right', async () => {
  const { objects, statuses, lines, settle, said } = rig()
  objects.faults = Array.from({ length: 8 }, () => new Fault({ code: 'unavailable' }, 'the API server is away'))
  statuses.set('default/a', TOR)
  statuses.set('default/b', TOR)
  await settle()
  assert.deepEqual(said(), ['bgp-1 tor', 'bgp-2 tor'])
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /ServiceBGPStatus objects cannot be written, will be retried.*the API server is away/)
})

test('what the API server will never accept is not sent again until something changes', async () => {
  const { objects, statuses, lines, settle, said } = rig()
  objects.faults = [new Fault({ code: 'invalid' }, 'a label is too long')]
  statuses.set('default/web', TOR)
  await settle()
  assert.deepEqual(objects.calls, ['create default/web'])
  assert.match(lines.join(''), /the API server refuses a ServiceBGPStatus.*a label is too long/)
  statuses.set('default/web', BOTH)
  await settle()
  assert.deepEqual(said(), ['bgp-1 spine,tor'])
})

test('routes that came and went while their object waited cost nothing', async () => {
  const { objects, statuses, settle } = rig()
  for (let index = 0; index < 60; index++) statuses.set(`default/s${index}`, TOR)
  for (let index = 0; index < 60; index++) statuses.set(`default/s${index}`, null)
  await settle()
  // Those whose turn came at once were under way.
  const { length } = objects.calls.filter((call) => call.startsWith('create'))
  assert.ok(length <= 8, `${length} were made`)
  assert.deepEqual(objects.nodes(), [])
})
