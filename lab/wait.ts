// SPDX-License-Identifier: Apache-2.0
/** Waiting for something to be observed: as short as it takes, never longer than its deadline. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../src/lib/fault.ts'

export type NotObserved = Fault<{ code: 'notObserved' }>

export const DEADLINE_MS = 5000
const POLL_MS = 5

/** Says what did not happen and which component to look at; it may look around first. */
export type Otherwise = () => string | Promise<string>

export function notObserved(message: string): NotObserved {
  return new Fault({ code: 'notObserved' }, message)
}

/** Asks `probe` every few milliseconds until it has an answer; throws NotObserved with `otherwise` at the deadline. */
export async function until<T>(
  probe: () => T | undefined | Promise<T | undefined>,
  otherwise: Otherwise,
  patienceMs: number = DEADLINE_MS,
): Promise<T> {
  const deadlineMs = performance.now() + patienceMs
  for (;;) {
    const answer = await probe()
    if (answer !== undefined) return answer
    if (performance.now() >= deadlineMs) throw notObserved(await otherwise())
    await sleep(POLL_MS)
  }
}
