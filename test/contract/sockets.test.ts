// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { runTestsInNamespace } from '../lab/wire-namespace.ts'
import { SimClock } from '../sim/clock.ts'
import { SimNetwork } from '../sim/network.ts'
import { FAR, FAR6, NEAR, NEAR6 } from './sockets-bench.ts'
import { socketsContract } from './sockets-suite.ts'

socketsContract('simulated', async () => {
  const clock = new SimClock()
  const network = new SimNetwork(clock)
  return {
    near: network.host([NEAR, NEAR6]),
    far: network.host([FAR, FAR6]),
    setCut: async (cut) => (cut ? network.partition([NEAR], [FAR]) : network.heal()),
    settled: async (promise) => {
      let isSettled = false
      const outcome = Promise.allSettled([promise]).then(() => (isSettled = true))
      assert.ok(await clock.runUntil(() => isSettled, 60_000), 'it never settles')
      await outcome
      return promise
    },
    until: async (condition, what) => assert.ok(await clock.runUntil(condition, 60_000), what),
    pass: () => clock.advance(20),
  }
})

test('the kernel keeps the same contract (sockets-kernel.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'sockets-kernel.ts')))
