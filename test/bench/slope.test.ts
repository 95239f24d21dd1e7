// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Allowance, isRising, type Sample, slopeOf } from './slope.ts'

const SECOND_MS = 1000
const HOUR_S = 3600

function samples(seconds: number, valueAt: (second: number) => number): Sample[] {
  return Array.from({ length: seconds + 1 }, (_, second) => ({ atMs: second * SECOND_MS, value: valueAt(second) }))
}

/** Between -1 and 1, the same in every run. */
function noise(second: number): number {
  return ((((second * 2_654_435_761) % 4_294_967_296) + 4_294_967_296) % 4_294_967_296) / 2_147_483_648 - 1
}

/** From 0 up to 1 within `period` seconds, and down at once, as a heap between two collections. */
const tooth = (second: number, period: number) => (second % period) / period

/** Megabytes. */
const MEMORY: Allowance = { perHour: 3, wave: { height: 2, hours: 1 / 60 } }

/** Name, length in seconds, value at a second, whether that is a rise. */
const CASES: [string, number, (second: number) => number, boolean][] = [
  ['flat', HOUR_S, () => 70, false],
  ['flat with noise', HOUR_S, (s) => 70 + 2 * noise(s), false],
  ['falling', HOUR_S, (s) => 70 - (10 * s) / HOUR_S, false],
  ['rising by 10 MB an hour', HOUR_S, (s) => 70 + (10 * s) / HOUR_S, true],
  ['rising by 10 MB an hour, with noise', HOUR_S, (s) => 70 + (10 * s) / HOUR_S + 2 * noise(s), true],
  ['rising by 2 MB an hour: too little to matter', HOUR_S, (s) => 70 + (2 * s) / HOUR_S, false],
  ['a saw-tooth of half a minute', HOUR_S, (s) => 70 + 8 * tooth(s, 30), false],
  ['a saw-tooth of seven minutes', HOUR_S, (s) => 70 + 8 * tooth(s, 420), false],
  ['a saw-tooth longer than half the run', HOUR_S, (s) => 70 + 8 * tooth(s + 300, 2400), false],
  ['a saw-tooth that rises by 20 MB an hour', HOUR_S, (s) => 70 + 8 * tooth(s, 60) + (20 * s) / HOUR_S, true],
  ['warm-up of ten minutes, then flat', HOUR_S, (s) => 90 - 30 * Math.exp(-s / 200) + noise(s), false],
  ['warm-up, then a leak', HOUR_S, (s) => 80 - 30 * Math.exp(-s / 200) + (12 * s) / HOUR_S + noise(s), true],
  ['a step in the first half', HOUR_S, (s) => (s < 1700 ? 70 : 85) + noise(s), false],
  ['steps all along', HOUR_S, (s) => 70 + 2 * Math.floor(s / 300) + noise(s), true],
  ['30 s, flat with noise', 30, (s) => 70 + noise(s), false],
  ['30 s, a saw-tooth of 7 s', 30, (s) => 70 + 4 * tooth(s, 7), false],
  ['30 s, 0.1 MB more a second: the flank of a wave', 30, (s) => 70 + 0.1 * s, false],
  ['ten minutes, 0.1 MB more a minute: too long for a flank', 600, (s) => 70 + s / 600, true],
  ['30 s, 1 MB more a second', 30, (s) => 70 + s + noise(s), true],
]
for (const [name, seconds, valueAt, rises] of CASES) {
  test(`slope: ${name}`, () => {
    const slope = slopeOf(samples(seconds, valueAt))
    assert.equal(isRising(slope, MEMORY), rises, JSON.stringify(slope))
  })
}

test('slope: of a line it is the line’s, without noise', () => {
  const { perHour, noisePerHour, hours } = slopeOf(samples(HOUR_S, (s) => 5 + s / 100))
  assert.ok(Math.abs(perHour - 36) < 1e-6 && noisePerHour < 1e-6, `${perHour} ± ${noisePerHour}`)
  assert.equal(hours, 0.5)
})

test('slope: the noise covers what chance does to flat samples', () => {
  let beyond = 0
  for (let run = 0; run < 200; run++) {
    const { perHour, noisePerHour } = slopeOf(samples(120, (s) => noise(s + 1000 * run)))
    if (Math.abs(perHour) > noisePerHour) beyond++
  }
  assert.ok(beyond <= 2, `${beyond} of 200`)
})

test('slope: of too few samples, or of one moment, there is none', () => {
  assert.throws(() => slopeOf(samples(10, () => 1)), RangeError)
  assert.throws(() => slopeOf(Array.from({ length: 40 }, () => ({ atMs: 5, value: 1 }))), RangeError)
})
