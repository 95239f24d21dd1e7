// SPDX-License-Identifier: Apache-2.0
/** Removing what a run leaves behind after this process, however that ends. */
import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'

/**
 * Runs a command of the shell, whose "$@" are `args`, half a second after our end, and again a few times until it succeeds:
 * what dies with us (child.ts) may still be in its way. The guard waits for the end of a pipe from us, which no kind of
 * death can hold back, in a session of its own, where no signal to ours reaches it.
 */
export function afterUs(command: string, ...args: readonly string[]): void {
  const script = `cat; for try in 1 2 3 4 5 6 7 8; do sleep 0.5; ${command} && exit; done`
  const guard = spawn('sh', ['-c', script, 'guard', ...args], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  guard.unref()
  if (isSocket(guard.stdin)) guard.stdin.unref()
}

/** What Node makes of a pipe to a child; its type says less. */
function isSocket(stream: unknown): stream is Socket {
  return typeof stream === 'object' && stream !== null && 'unref' in stream
}
