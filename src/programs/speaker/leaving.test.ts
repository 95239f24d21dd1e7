// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimClock } from '../../../test/sim/clock.ts'
import type { Node } from '../../model/node.ts'
import { Drain, type Leaving, leavingOf } from './leaving.ts'

const node = (fields: Partial<Node> = {}): Node => ({
  name: 'n1',
  labels: {},
  addresses: [],
  networkUnavailable: false,
  excluded: false,
  leaving: null,
  ...fields,
})
const NOTHING = { ignoreExcludeLabel: false, daemonSetDeleted: false }
const IGNORING = { ...NOTHING, ignoreExcludeLabel: true }
const DELETED = { ...NOTHING, daemonSetDeleted: true }

const REASONS: readonly (readonly [string, Node | undefined, typeof NOTHING, Leaving['code'] | null])[] = [
  ['nothing', node(), NOTHING, null],
  ['no Node known', undefined, NOTHING, null],
  ['a node without network', node({ networkUnavailable: true }), NOTHING, null],
  ['a node to be deleted', node({ leaving: 'deleted' }), NOTHING, 'nodeBeingDeleted'],
  ['a node that shuts down', node({ leaving: 'shuttingDown', excluded: true }), NOTHING, 'nodeShuttingDown'],
  ['the label', node({ excluded: true }), NOTHING, 'nodeLabeledExcludeBalancers'],
  ['the label, which is ignored', node({ excluded: true }), IGNORING, null],
  [
    'another reason beside the ignored label',
    node({ excluded: true, leaving: 'deleted' }),
    IGNORING,
    'nodeBeingDeleted',
  ],
  ['the DaemonSet', node(), DELETED, 'daemonSetDeleted'],
  ['the DaemonSet, of a Node not known', undefined, DELETED, 'daemonSetDeleted'],
]
for (const [name, given, said, code] of REASONS) {
  test(`why a node leaves: ${name}`, () => {
    const leaving = leavingOf(given, said)
    assert.equal(leaving?.code ?? null, code)
    if (code?.startsWith('node')) assert.match(leaving?.message ?? '', /^node n1 is /)
  })
}

const GOES: Leaving = { code: 'nodeBeingDeleted', message: 'node n1 is being deleted' }
const SHUTS: Leaving = { code: 'nodeShuttingDown', message: 'node n1 is shutting down' }

function start(drainMs: number) {
  const clock = new SimClock()
  const seen: string[] = []
  const drain = new Drain({ clock, drainMs, onChange: (state) => seen.push(`${clock.monotonicMs()} ${state.phase}`) })
  return { clock, seen, drain }
}

test('a node that leaves drains, and has left after the time for it', async () => {
  const { clock, seen, drain } = start(3000)
  drain.update(null)
  await clock.advance(1000)
  assert.deepEqual([drain.state, drain.remainingMs], [{ phase: 'stays' }, null])
  drain.update(GOES)
  assert.deepEqual(drain.state, { phase: 'draining', leaving: GOES, sinceMs: 1000 })
  await clock.advance(2999)
  assert.deepEqual([drain.state.phase, drain.remainingMs], ['draining', 1])
  await clock.advance(1)
  assert.deepEqual([drain.state, drain.remainingMs], [{ phase: 'left', leaving: GOES, announced: true }, 0])
  assert.deepEqual(seen, ['1000 draining', '4000 left'])
})

test('the same said again, and another reason, do not begin anew', async () => {
  const { clock, seen, drain } = start(3000)
  drain.update(GOES)
  await clock.advance(2000)
  drain.update({ ...GOES })
  drain.update(SHUTS)
  assert.deepEqual(drain.state, { phase: 'draining', leaving: SHUTS, sinceMs: 0 })
  await clock.advance(1000)
  drain.update(GOES)
  assert.deepEqual(drain.state, { phase: 'left', leaving: GOES, announced: true })
  assert.deepEqual(seen, ['0 draining', '3000 left'])
})

test('a reason that goes takes everything back, whether routes were withdrawn or not', async () => {
  const { clock, seen, drain } = start(3000)
  drain.update(GOES)
  await clock.advance(1000)
  drain.update(null)
  await clock.advance(10_000)
  assert.deepEqual(seen, ['0 draining', '1000 stays'])
  drain.update(GOES)
  await clock.advance(5000)
  drain.update(null)
  drain.update(null)
  assert.deepEqual(seen.slice(2), ['11000 draining', '14000 left', '16000 stays'])
  assert.equal(clock.waiting, 0)
})

test('without time to drain it has left at once', () => {
  const { clock, seen, drain } = start(0)
  drain.update(GOES)
  assert.deepEqual([drain.state, drain.remainingMs], [{ phase: 'left', leaving: GOES, announced: true }, 0])
  drain.update(null)
  assert.deepEqual(seen, ['0 left', '0 stays'])
  assert.equal(clock.waiting, 0)
})

test('a node that has not announced anything has nothing to drain', () => {
  const { clock, seen, drain } = start(3000)
  drain.update(GOES, { announced: false })
  assert.deepEqual(seen, ['0 left'])
  assert.equal(clock.waiting, 0)
})

test('after its end nothing fires', async () => {
  const { clock, seen, drain } = start(3000)
  drain.update(GOES)
  drain.stop()
  await clock.advance(5000)
  assert.deepEqual(seen, ['0 draining'])
})

test('whoever is told may answer at once', async () => {
  const clock = new SimClock()
  const seen: string[] = []
  const drain: Drain = new Drain({
    clock,
    drainMs: 3000,
    onChange: ({ phase }) => {
      seen.push(phase)
      if (phase === 'draining') drain.update(null)
    },
  })
  drain.update(GOES)
  await clock.advance(5000)
  assert.deepEqual([seen, drain.state.phase, clock.waiting], [['draining', 'stays'], 'stays', 0])
})
