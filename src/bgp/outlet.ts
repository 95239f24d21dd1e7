// SPDX-License-Identifier: Apache-2.0
/** Hands what the Rib has for one established session to its socket, no faster than the peer reads. */
import type { Clock, Timer } from '../lib/clock.ts'
import type { Rib } from './rib.ts'

export type OutletOptions = Readonly<{
  rib: Rib
  peer: string
  clock: Clock
  /** One whole message. False: more than is good wait. */
  send(bytes: Uint8Array): boolean
  waitingBytes(): number
  /** It waited, and can go on: `run` is due. */
  onReady(): void
}>

/** Half of what sockets let wait before they say that it is enough. */
const LITTLE_BYTES = 32 * 1024
/** Between two looks at what waits: a peer that reads is soon done, one that does not is asked less and less often. */
const FIRST_LOOK_MS = 5
const MOST_LOOK_MS = 50

export class Outlet {
  readonly #options: OutletOptions
  #round: Generator<Uint8Array | null, void> | null = null
  #look: Timer | null = null
  #isClosed = false
  #onSettled: (() => void)[] = []

  constructor(options: OutletOptions) {
    this.#options = options
  }

  /** Everything was handed to the socket, or nobody is there any more. */
  get isSettled(): boolean {
    const { rib, peer } = this.#options
    return this.#isClosed || (this.#round === null && !rib.isPending(peer))
  }

  /** Resolves once everything was handed to the socket, or the session is over. */
  settled(): Promise<void> {
    if (this.isSettled) return Promise.resolve()
    return new Promise((resolve) => this.#onSettled.push(resolve))
  }

  /** Sends what there is; interrupted wherever it yields. Ends early when the peer reads too slowly. */
  *run(): Generator<void> {
    const { send } = this.#options
    while (!this.#isClosed && this.#look === null) {
      const round = this.#begun()
      if (round === null) return this.#settle()
      const next = round.next()
      if (next.done === true) this.#round = null
      else if (next.value !== null && !send(next.value)) this.#wait(FIRST_LOOK_MS)
      else yield
    }
  }

  /** The session is over. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#look?.cancel()
    this.#round?.return()
    this.#round = null
    this.#settle()
  }

  #begun(): Generator<Uint8Array | null, void> | null {
    const { rib, peer } = this.#options
    if (this.#round === null && rib.isPending(peer)) this.#round = rib.updates(peer)
    return this.#round
  }

  #wait(ms: number): void {
    if (this.#isClosed) return // by what sending has brought about
    this.#look = this.#options.clock.after(ms, () => {
      this.#look = null
      if (this.#options.waitingBytes() < LITTLE_BYTES) this.#options.onReady()
      else this.#wait(Math.min(2 * ms, MOST_LOOK_MS))
    })
  }

  #settle(): void {
    for (const resolve of this.#onSettled.splice(0)) resolve()
  }
}
