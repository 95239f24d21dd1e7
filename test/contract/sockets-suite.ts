// SPDX-License-Identifier: Apache-2.0
/** What src/lib/sockets.ts promises, tried between two addresses of each family. */
import { test } from 'node:test'
import type { Bench, On } from './sockets-bench.ts'
import { bindings, datagrams } from './sockets-datagrams.ts'
import { connections, endings, pressure } from './sockets-streams.ts'

/** A connection that hangs is a failure, and not for as long as a kernel tries. */
const LIMIT_MS = 20_000

/** Runs the whole of it on the implementation that `open` gives, a fresh one for each test. */
export function socketsContract(name: string, open: () => Promise<Bench>): void {
  const on: On = (title, body) => void test(`${name}: ${title}`, { timeout: LIMIT_MS }, async () => body(await open()))
  bindings(on)
  datagrams(on)
  connections(on)
  endings(on)
  pressure(on)
}
