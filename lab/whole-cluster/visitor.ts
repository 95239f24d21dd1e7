// SPDX-License-Identifier: Apache-2.0
/** Somebody at the client who asks for the page again and again, each time on a new connection. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Host } from '../host.ts'

export type Visits = Readonly<{
  answered: number
  failed: number
  /** The longest time from one answer to the next. */
  longestMs: number
  /** Why the last one that failed did. */
  reason: string
}>

type Visit = Readonly<{ endMs: number; reason: string | null }>

const PAUSE_MS = 50
const TIMEOUT_MS = 1000

export class Visitor {
  readonly #client: Host
  readonly #visits: Visit[] = []
  #going = false

  constructor(client: Host) {
    this.#client = client
  }

  /** Begins; it goes on until `stop`. */
  start(url: string): void {
    this.#going = true
    void this.#visit(url)
  }

  stop(): void {
    this.#going = false
  }

  /** A place in the record, to ask later what came after it. */
  mark(): number {
    return this.#visits.length
  }

  since(mark: number): Visits {
    const visits = this.#visits.slice(mark)
    const answers = visits.filter(({ reason }) => reason === null)
    const failures = visits.filter(({ reason }) => reason !== null)
    const times = [this.#visits[mark - 1] ?? visits[0], ...answers].map((visit) => visit?.endMs ?? 0)
    const pauses = times.slice(1).map((endMs, index) => endMs - (times[index] ?? endMs))
    return {
      answered: answers.length,
      failed: failures.length,
      longestMs: Math.max(0, ...pauses),
      reason: failures.at(-1)?.reason ?? '',
    }
  }

  async #visit(url: string): Promise<void> {
    while (this.#going) {
      const answer = await this.#client.fetch(url, TIMEOUT_MS)
      this.#visits.push({ endMs: performance.now(), reason: answer.ok ? null : answer.reason })
      await sleep(PAUSE_MS)
    }
  }
}

/** `120 answered, 2 not (no answer in 1000 ms), longest wait 1,060 ms`. */
export function describe({ answered, failed, longestMs, reason }: Visits): string {
  const missed = failed === 0 ? 'none failed' : `${failed} failed (${reason})`
  return `${answered} visits answered, ${missed}, longest wait ${Math.round(longestMs)} ms`
}
