// SPDX-License-Identifier: Apache-2.0
/** What the log says of the ring's members: who comes and goes, however much they say of themselves and of each other. */
import type { MemberView } from '../../gossip/session.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { decodeMetadata } from './ring-metadata.ts'

const ACCUSED_AGAIN_MS = 60_000

export class RingLog {
  readonly #log: Log
  readonly #clock: Clock
  /** Members that the log says are there. */
  readonly #there = new Set<string>()
  #accusedMs = Number.NEGATIVE_INFINITY

  constructor(log: Log, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  /** Gossip says so of another one. Metadata change with each link of a node, such as those of its Pods. */
  heard({ name, state, meta }: MemberView): void {
    const isThere = this.#there.has(name)
    if (state === 'alive') this.#there.add(name)
    else if (state !== 'suspect') this.#there.delete(name)
    const version = decodeMetadata(meta)?.version
    const about = { event: 'member', member: name, state, ...(version === undefined ? {} : { version }) }
    if (state === 'suspect') this.#log.debug('a speaker is suspected', about)
    else if (state === 'alive' && isThere) this.#log.debug('a speaker says something else of itself', about)
    else this.#log.info('speakers changed', about)
  }

  /** Whoever can write to the ring can accuse as often as he likes. */
  accused(from: string): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#accusedMs < ACCUSED_AGAIN_MS) return
    this.#accusedMs = nowMs
    this.#log.warn(`the speaker of node ${from} took this one for dead`, { event: 'accused', member: from })
  }
}
