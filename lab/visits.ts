// SPDX-License-Identifier: Apache-2.0
/** A client that asks for a page many times a second, each time on a new connection, whatever became of the last one. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Host } from './host.ts'
import { DEADLINE_MS, notObserved, until } from './wait.ts'

export type Outcome = Readonly<{
  asked: number
  lost: number
  /** Connections that were reset half-way and made anew at once. */
  again: number
  /** The longest time from one answer to the next. */
  gapMs: number
  /** Why the last one that was lost was. */
  reason: string
}>

const EVERY_MS = 20
/** The kernel repeats a SYN after 1 s: what is lost is not to be hidden by that. */
const TIMEOUT_MS = 900

export class Visits {
  readonly #client: Host
  readonly #url: string
  readonly #open = new Set<Promise<void>>()
  readonly #answers: number[] = []
  readonly #losses: string[] = []
  #asked = 0
  #again = 0
  #timer: NodeJS.Timeout | undefined

  constructor(client: Host, url: string) {
    this.#client = client
    this.#url = url
  }

  /** Resolves when answers come. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => this.#begin(), EVERY_MS)
    await this.answered(5)
  }

  /** Waits for so many answers to what is asked from now on. */
  async answered(count: number): Promise<void> {
    const most = this.#answers.length + this.#open.size + count
    await until(
      () => (this.#answers.length >= most ? true : undefined),
      () => `${this.#url} gives no answers in ${DEADLINE_MS / 1000} s: ${this.#losses.at(-1) ?? 'none yet'}.`,
      DEADLINE_MS,
    )
  }

  /** Ends, and waits for what is still open. */
  async stop(): Promise<Outcome> {
    clearInterval(this.#timer)
    while (this.#open.size > 0) await Promise.race([...this.#open, sleep(TIMEOUT_MS)])
    const times = this.#answers.toSorted((a, b) => a - b)
    const gaps = times.slice(1).map((ms, index) => ms - (times[index] ?? ms))
    const [lost, reason] = [this.#losses.length, this.#losses.at(-1) ?? '']
    return { asked: this.#asked, lost, again: this.#again, gapMs: Math.round(Math.max(0, ...gaps)), reason }
  }

  #begin(): void {
    this.#asked++
    const visit = this.#visit().finally(() => this.#open.delete(visit))
    this.#open.add(visit)
  }

  async #visit(): Promise<void> {
    let answer = await this.#client.fetch(this.#url, TIMEOUT_MS)
    // When a router has fewer equal paths or more, it moves open connections to other nodes, which do not know them.
    // A browser tries once more, and so do we; somebody whose packets go nowhere gets no reset and is lost.
    if (!answer.ok && answer.reason.includes('ECONNRESET')) {
      this.#again++
      answer = await this.#client.fetch(this.#url, TIMEOUT_MS)
    }
    if (answer.ok) this.#answers.push(performance.now())
    else this.#losses.push(answer.reason)
  }
}

/** Throws NotObserved when a request was lost. */
export function noneLost({ asked, lost, reason }: Outcome, when: string): void {
  if (lost > 0) throw notObserved(`${lost} of ${asked} requests were lost ${when}: ${reason}.`)
}

/** `212 requests, 3 lost, 1 made anew`. */
export function describeVisits({ asked, lost, again }: Outcome): string {
  const anew = again === 0 ? '' : `, ${again} made anew as its way moved to another node`
  return `${asked} requests, ${lost === 0 ? 'none' : lost} lost${anew}`
}
