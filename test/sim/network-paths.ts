// SPDX-License-Identifier: Apache-2.0
/** What lies between simulated hosts: how long a packet takes, and whether it arrives. Hosts are numbers here. */
import { randomOf } from '../fuzz/mutations.ts'

/** In place of a host: all of them. */
export const ANY = 0
const DEFAULT_DELAY_MS: DelayMs = [0.5, 0.5]
const HOSTS = 2 ** 20

export type DelayMs = readonly [least: number, most: number]

export class Paths {
  readonly #random: () => number
  readonly #loss = new Map<number, number>()
  readonly #delay = new Map<number, DelayMs>()
  readonly #cuts: (readonly [ReadonlySet<number>, ReadonlySet<number>])[] = []

  constructor(seed: number) {
    this.#random = randomOf(seed)
  }

  /** The most special of what was said about a pair holds: the pair, all from one host, all to one host, all. */
  setLoss(from: number, to: number, probability: number): void {
    this.#loss.set(from * HOSTS + to, probability)
  }

  setDelay(from: number, to: number, delayMs: DelayMs): void {
    this.#delay.set(from * HOSTS + to, delayMs)
  }

  cut(a: Iterable<number>, b: Iterable<number>): void {
    this.#cuts.push([new Set(a), new Set(b)])
  }

  heal(): void {
    this.#cuts.length = 0
  }

  isCut(from: number, to: number): boolean {
    return this.#cuts.some(([a, b]) => (a.has(from) && b.has(to)) || (a.has(to) && b.has(from)))
  }

  /** How long one packet takes; null: it is lost. Within a host nothing is, and it takes no time. */
  fate(from: number, to: number): number | null {
    if (from === to) return 0
    if (this.isCut(from, to)) return null
    const loss = lookUp(this.#loss, from, to) ?? 0
    if (loss > 0 && this.#random() < loss) return null
    const [least, most] = lookUp(this.#delay, from, to) ?? DEFAULT_DELAY_MS
    return least === most ? least : least + (most - least) * this.#random()
  }
}

function lookUp<Value>(of: ReadonlyMap<number, Value>, from: number, to: number): Value | undefined {
  if (of.size === 0) return undefined
  return of.get(from * HOSTS + to) ?? of.get(from * HOSTS + ANY) ?? of.get(ANY + to) ?? of.get(ANY)
}
