// SPDX-License-Identifier: Apache-2.0
/** The contract on Linux; tcp-peers.test.ts runs this file in a network namespace of its own. */
import { openPeerSockets } from '../../src/os/peer-sockets.ts'
import { ip, until } from '../lab/wire-namespace.ts'
import { FAR6, NEAR6 } from './sockets-bench.ts'
import { peerSocketsContract } from './tcp-peers-suite.ts'

const LIMIT_MS = 20_000

ip('link', 'set', 'lo', 'up')
for (const address of [NEAR6, FAR6]) ip('address', 'add', `${address}/128`, 'dev', 'lo', 'nodad')

peerSocketsContract('kernel', async () => ({
  near: openPeerSockets(),
  far: openPeerSockets(),
  settled: (promise) => promise,
  until: (condition, what) => until(condition, what, LIMIT_MS),
}))
