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
  #failed = ''

  constructor(options: Opening, hears: Hears) {
    this.#options = options
    this.#hears = hears
  }

  /** These from now on and no others. */
  configure(needs: readonly BfdNeed[]): void {
    if (needs.length > 0) this.#sessions ??= this.#opened()
    this.#sessions?.configure(needs)
  }

  /** Null: there is no session for the peer. */
  isUp(name: string): boolean | null {
    return this.#sessions?.isUp(name) ?? null
  }

  views(): Iterable<BfdView> {
    return this.#sessions?.views() ?? []
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
