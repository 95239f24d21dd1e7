// SPDX-License-Identifier: Apache-2.0
/** BFD with routers; the thread that it needs is started when the first peer asks for it, and stays. */
import { type BfdNeed, BfdSessions, type BfdSessionsOptions, type BfdView } from '../../bfd/sessions.ts'
import type { BfdReflex } from '../../lib/bfd-reflex.ts'
import { Fault } from '../../lib/fault.ts'

type Hears = Pick<BfdSessionsOptions, 'onUp' | 'onDown'>
type Opening = Omit<BfdSessionsOptions, 'reflex' | 'onUp' | 'onDown'> & Readonly<{ openReflex(): BfdReflex }>

export class PeerBfd {
  readonly #options: Opening
  readonly #hears: Hears
  #sessions: BfdSessions | null = null
  #needs: readonly BfdNeed[] = []
  #failed = ''

  constructor(options: Opening, hears: Hears) {
    this.#options = options
    this.#hears = hears
  }

  /**
   * These from now on and no others. A peer in `asking` without a need has lost its way (its link is gone, or our own
   * address): while its session is up it stays as it was, and finds by itself that nothing comes through.
   */
  configure(needs: readonly BfdNeed[], asking: ReadonlySet<string>): void {
    const known = new Set(needs.map(({ name }) => name))
    const lost = this.#needs.filter(({ name }) => asking.has(name) && !known.has(name) && this.isUp(name) === true)
    this.#needs = [...needs, ...lost]
    if (this.#needs.length > 0) this.#sessions ??= this.#opened()
    this.#sessions?.configure(this.#needs)
  }

  /** Null: there is no session for the peer. */
  isUp(name: string): boolean | null {
    return this.#sessions?.isUp(name) ?? null
  }

  views(): Iterable<BfdView> {
    return this.#sessions?.views() ?? []
  }

  /** Packets that were not listened to, by reason. */
  drops(): Readonly<Record<string, number>> {
    return this.#sessions?.drops() ?? {}
  }

  close(): void {
    this.#sessions?.close()
    this.#sessions = null
  }

  #opened(): BfdSessions | null {
    const { openReflex, clock, random, log } = this.#options
    try {
      return new BfdSessions({ reflex: openReflex(), clock, random, log, ...this.#hears })
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      if (this.#failed !== thrown.message) log.warn(`there is no BFD: ${thrown.message}`, { event: 'bfdNotOpened' })
      this.#failed = thrown.message
      return null
    }
  }
}
