// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimClock } from '../../test/sim/clock.ts'
import { type Gate, Gates, INTERVAL_MS, MOST_AT_ONCE, type ProbeResult } from './gates.ts'

const OK: ProbeResult = { ok: true }
const BAD: ProbeResult = { ok: false, reason: 'status 503' }
const GATE: Gate = { port: 8080, path: '/' }
const HEALTHZ: Gate = { port: 8080, path: '/healthz' }
const many = (count: number): Gate[] => Array.from({ length: count }, (_, i) => ({ port: 10_000 + i, path: '/' }))

/** `answers` decides by gate and by how often it was probed before; what it does not settle hangs. */
function setUp(answers: (gate: Gate, before: number) => ProbeResult | Promise<ProbeResult>) {
  const clock = new SimClock()
  const asked: { port: number; atMs: number }[] = []
  const changes: string[] = []
  const counts = new Map<string, number>()
  let [now, most] = [0, 0]
  const probe = async (gate: Gate) => {
    const key = `${gate.port}${gate.path}`
    const before = counts.get(key) ?? 0
    counts.set(key, before + 1)
    asked.push({ port: gate.port, atMs: clock.monotonicMs() })
    most = Math.max(most, ++now)
    try {
      return await answers(gate, before)
    } finally {
      now--
    }
  }
  const tested = new Gates({
    probe,
    clock,
    onChange: (gate, state, why) => changes.push(`${clock.monotonicMs()} ${gate.port}${gate.path} ${state}: ${why}`),
  })
  return { clock, asked, changes, gates: tested, mostAtOnce: () => most }
}

const after = (delayMs: number, clock: SimClock, result: ProbeResult) =>
  new Promise<ProbeResult>((resolve) => void clock.after(delayMs, () => resolve(result)))
const hang = () => new Promise<ProbeResult>(() => undefined)

test('rises after two good probes, falls after three bad ones, rises again; nothing is said in between', async () => {
  const answers = [OK, OK, OK, BAD, BAD, OK, BAD, BAD, BAD, BAD, OK, OK]
  const { clock, changes, gates } = setUp((_gate, before) => answers[before] ?? OK)
  gates.set([GATE])
  assert.deepEqual([gates.stateOf(GATE), gates.everPassed(GATE)], ['unknown', false])
  await clock.advance(answers.length * INTERVAL_MS)
  assert.deepEqual(changes, [
    '2000 8080/ passing: 2 good answers in a row',
    '16000 8080/ failing: status 503',
    '22000 8080/ passing: 2 good answers in a row',
  ])
  assert.equal(gates.stateOf(GATE), 'passing')
})

test('one that never answers fails without ever having passed; one that fell has', async () => {
  const { clock, gates } = setUp((gate, before) => (gate.path === '/' && before < 2 ? OK : BAD))
  gates.set([GATE, HEALTHZ])
  await clock.advance(6 * INTERVAL_MS)
  assert.deepEqual(
    [...gates.states()],
    [
      { gate: GATE, state: 'failing' },
      { gate: HEALTHZ, state: 'failing' },
    ],
  )
  assert.deepEqual([gates.everPassed(GATE), gates.everPassed(HEALTHZ)], [true, false])
})

test('equal gates are probed once, others of the same port on their own', async () => {
  const { clock, asked, gates } = setUp(() => OK)
  gates.set([GATE, { ...GATE }, HEALTHZ])
  await clock.advance(INTERVAL_MS - 1)
  assert.deepEqual(
    asked.map(({ atMs }) => atMs),
    [0, 20],
  )
})

test('a gate that stays wanted goes on as before; one that was left out starts anew', async () => {
  const { clock, asked, changes, gates } = setUp(() => OK)
  gates.set([GATE, HEALTHZ])
  await clock.advance(INTERVAL_MS + 500)
  assert.equal(changes.length, 2)
  gates.set([GATE])
  assert.deepEqual([gates.stateOf(GATE), gates.stateOf(HEALTHZ)], ['passing', 'unknown'])
  gates.set([GATE, HEALTHZ])
  assert.deepEqual([gates.stateOf(GATE), gates.stateOf(HEALTHZ)], ['passing', 'unknown'])
  assert.equal(gates.everPassed(HEALTHZ), false)
  asked.length = 0
  await clock.advance(INTERVAL_MS - 1)
  assert.equal(asked.length, 2)
})

test('two hundred gates are spread over the interval, and each keeps its moment', async () => {
  const { clock, asked, gates } = setUp(() => OK)
  await clock.advance(777)
  gates.set(many(200))
  await clock.advance(10 * INTERVAL_MS - 1)
  const perMoment = new Map<number, number>()
  for (const { atMs } of asked) perMoment.set(atMs, (perMoment.get(atMs) ?? 0) + 1)
  assert.equal(Math.max(...perMoment.values()), 2)
  assert.equal(asked.length, 2000)
  for (const port of [10_000, 10_123]) {
    const times = asked.filter((one) => one.port === port).map(({ atMs }) => atMs)
    assert.ok(times.every((atMs, i) => i === 0 || atMs - (times[i - 1] ?? 0) === INTERVAL_MS))
  }
})

test('a probe that hangs counts as bad and delays no other', async () => {
  const { clock, asked, changes, gates } = setUp((gate) => (gate.port < 10_020 ? hang() : OK))
  gates.set(many(40))
  await clock.advance(4 * INTERVAL_MS)
  const good = asked.filter(({ port }) => port >= 10_020)
  assert.equal(good.length, 80)
  assert.ok(changes.some((line) => line.includes('10000/ failing: the probe said nothing for 1500 ms')))
  assert.equal(changes.filter((line) => line.includes('failing')).length, 20)
  assert.equal(changes.filter((line) => line.includes('passing')).length, 20)
})

test('no more than fifty at once; the rest waits for its turn, and everybody has one', async () => {
  const world: ReturnType<typeof setUp> = setUp(() => after(1000, world.clock, BAD))
  world.gates.set(many(300))
  await world.clock.advance(20_000)
  assert.equal(world.mostAtOnce(), MOST_AT_ONCE)
  assert.ok(world.asked.length > 900, `${world.asked.length}: the places are not used`)
  const counts = new Map<number, number>()
  for (const { port } of world.asked) counts.set(port, (counts.get(port) ?? 0) + 1)
  assert.equal(counts.size, 300)
  assert.ok(Math.max(...counts.values()) - Math.min(...counts.values()) <= 1)
  assert.ok([...world.gates.states()].every(({ state }) => state === 'failing'))
})

test('after close nobody is probed or told, also not of what was under way', async () => {
  const world: ReturnType<typeof setUp> = setUp(() => after(100, world.clock, OK))
  world.gates.set(many(120))
  await world.clock.advance(INTERVAL_MS + 50)
  const asked = world.asked.length
  world.gates.close()
  await world.clock.advance(10 * INTERVAL_MS)
  assert.equal(world.asked.length, asked)
  assert.deepEqual(world.changes, [])
  assert.equal(world.clock.waiting, 0)
})

test('whoever is told may change what is wanted', async () => {
  const clock = new SimClock()
  const changes: string[] = []
  let asked = 0
  const gates = new Gates({
    probe: () => {
      asked++
      return hang()
    },
    clock,
    onChange: (gate, state) => {
      changes.push(`${gate.path} ${state}`)
      gates.set(gate.path === '/' ? [HEALTHZ] : [])
    },
  })
  gates.set([GATE])
  await clock.advance(20 * INTERVAL_MS)
  assert.deepEqual(changes, ['/ failing', '/healthz failing'])
  assert.equal(asked, 6)
  assert.equal(clock.waiting, 0)
})

test('those that are gone leave their moments: a gate alone is probed at once', async () => {
  const { clock, asked, gates } = setUp(() => OK)
  gates.set(many(50))
  gates.set([GATE])
  await clock.advance(0)
  assert.deepEqual(asked, [{ port: GATE.port, atMs: 0 }])
})
