// SPDX-License-Identifier: Apache-2.0
/** The contract on Linux; sockets.test.ts runs this file in a network namespace of its own. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { openNetwork } from '../../src/os/network.ts'
import { ip } from '../lab/wire-namespace.ts'
import { FAR, FAR6, NEAR6 } from './sockets-bench.ts'
import { socketsContract } from './sockets-suite.ts'

/** Loopback delivers within the call that sends; this is for what Node does afterwards. */
const PASS_MS = 20
const LIMIT_MS = 20_000

ip('link', 'set', 'lo', 'up')
for (const address of [NEAR6, FAR6]) ip('address', 'add', `${address}/128`, 'dev', 'lo', 'nodad')

function nft(rules: string): void {
  execFileSync('nft', ['-f', '-'], { input: rules })
}

socketsContract('kernel', async () => {
  const network = openNetwork()
  return {
    near: network,
    far: network,
    setCut: async (cut) =>
      nft(
        cut
          ? `table ip cut { chain in { type filter hook input priority 0\n ip daddr ${FAR} drop\n ip saddr ${FAR} drop\n }\n }`
          : 'delete table ip cut',
      ),
    settled: (promise) => promise,
    until: async (condition, what) => {
      const startMs = performance.now()
      while (!condition()) {
        assert.ok(performance.now() - startMs < LIMIT_MS, what)
        await sleep(1)
      }
    },
    pass: () => sleep(PASS_MS),
  }
})
