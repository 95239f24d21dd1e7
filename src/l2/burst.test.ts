// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Burst } from './burst.ts'

/** Times of every round from 0 to 20 s, as a shell that always wakes in time would send them. */
function rounds(burst: Burst, until = 20_000, from = 0): [number, string][] {
  const sent: [number, string][] = []
  for (let next = burst.nextMs(); next !== undefined && next <= until; next = burst.nextMs()) {
    for (const ip of burst.take(Math.max(next, from), 100)) sent.push([next, ip])
  }
  return sent
}

test('one address: five rounds, 1.1 s apart, the first at once', () => {
  const burst = new Burst()
  burst.announce('7', 0)
  assert.deepEqual(rounds(burst), [
    [0, '7'],
    [1100, '7'],
    [2200, '7'],
    [3300, '7'],
    [4400, '7'],
  ])
  assert.equal(burst.nextMs(), undefined)
})

test('announced again as new: the rounds start again', () => {
  const burst = new Burst()
  burst.announce('7', 0)
  assert.deepEqual(rounds(burst, 1500), [
    [0, '7'],
    [1100, '7'],
  ])
  burst.announce('7', 2000)
  assert.deepEqual(rounds(burst), [
    [2000, '7'],
    [3100, '7'],
    [4200, '7'],
    [5300, '7'],
    [6400, '7'],
  ])
})

test('an address that is given up has no further rounds', () => {
  const burst = new Burst()
  burst.announce('7', 0)
  burst.announce('8', 10)
  assert.deepEqual(rounds(burst, 100), [
    [0, '7'],
    [10, '8'],
  ])
  burst.cancel('7')
  assert.deepEqual(rounds(burst, 1200), [[1110, '8']])
})

test('a long list is taken in slices', () => {
  const burst = new Burst()
  for (let ip = 0; ip < 10; ip++) burst.announce(String(ip), 0)
  assert.deepEqual(
    [burst.take(0, 4).length, burst.take(0, 4).length, burst.take(0, 4).length, burst.take(0, 4).length],
    [4, 4, 2, 0],
  )
})

test('rounds that were missed are not sent all at once', () => {
  const burst = new Burst()
  burst.announce('7', 0)
  burst.take(0, 1)
  assert.deepEqual(burst.take(4000, 1), ['7'])
  assert.equal(burst.nextMs(), 4550)
})

test('nothing is due early', () => {
  const burst = new Burst()
  burst.announce('7', 100)
  assert.deepEqual(burst.take(99, 10), [])
})
