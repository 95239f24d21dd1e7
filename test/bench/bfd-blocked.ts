// SPDX-License-Identifier: Apache-2.0
/**
 * Loaded by node beside a program: its main thread works for METALLB_BENCH_BLOCKED_MS of every second and does nothing
 * else meanwhile.
 */
import { isMainThread } from 'node:worker_threads'

const blockedMs = Number(process.env['METALLB_BENCH_BLOCKED_MS'] ?? 0)

function block(): void {
  const endMs = performance.now() + blockedMs
  while (performance.now() < endMs);
}

if (isMainThread && blockedMs > 0) setInterval(block, 1000).unref()
