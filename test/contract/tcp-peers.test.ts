// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { runTestsInNamespace } from '../lab/wire-namespace.ts'
import { SimClock } from '../sim/clock.ts'
import { SimNetwork } from '../sim/network.ts'
import { PeerNetwork } from '../sim/peer-sockets.ts'
import { FAR, FAR6, NEAR, NEAR6 } from './sockets-bench.ts'
import { peerSocketsContract } from './tcp-peers-suite.ts'

peerSocketsContract('simulated', async () => {
  const clock = new SimClock()
  const network = new PeerNetwork(clock, new SimNetwork(clock))
  const until = async (condition: () => boolean, what: string) =>
    assert.ok(await clock.runUntil(condition, 60_000), what)
  return {
    near: network.host([NEAR, NEAR6]),
    far: network.host([FAR, FAR6]),
    settled: async (promise) => {
      let isSettled = false
      const outcome = Promise.allSettled([promise]).then(() => (isSettled = true))
      await until(() => isSettled, 'it to settle')
      await outcome
      return promise
    },
    until,
  }
})

test('the kernel keeps the same contract (tcp-peers-kernel.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'tcp-peers-kernel.ts')))
