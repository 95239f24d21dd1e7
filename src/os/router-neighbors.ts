// SPDX-License-Identifier: Apache-2.0
/** The routers that were heard on one link, of which one is the neighbour: the first that was heard and is still heard. */

/** Somebody on the link could make up any number of them. */
const MOST = 4
/** One that is silent for so long, while another one speaks, … */
const DOUBTED_AFTER_MS = 30_000
/** … and does not answer for so long when it is asked, is gone: it may have been replaced. */
const DOUBT_MS = 12_000
/** So long before its end it is asked whether it is still there. */
const ASK_BEFORE_MS = 9000

type Heard = { heardMs: number; expiresMs: number }

export class RouterNeighbors {
  /** By address, in the order in which they were heard first. */
  readonly #heard = new Map<string, Heard>()

  /**
   * An advertisement came. Its lifetime is how long it holds; with 0, which is a router that wants to be nobody's default
   * router, until the link is gone, for it says nothing of an end.
   */
  hear(address: string, lifetimeS: number, nowMs: number): void {
    this.expire(nowMs)
    const current = this.current()
    if (!this.#heard.has(address) && this.#heard.size >= MOST && !this.#makeRoom(nowMs)) return
    const expiresMs = lifetimeS === 0 ? Number.POSITIVE_INFINITY : nowMs + 1000 * lifetimeS
    this.#heard.set(address, { heardMs: nowMs, expiresMs })
    const first = current === null || current === address ? undefined : this.#heard.get(current)
    if (first && nowMs - first.heardMs >= DOUBTED_AFTER_MS)
      first.expiresMs = Math.min(first.expiresMs, nowMs + DOUBT_MS)
  }

  /** Those without end that are long silent must not keep out who comes: somebody may have made them up. */
  #makeRoom(nowMs: number): boolean {
    const [, ...others] = this.#heard
    const stale = others.find(([, { heardMs }]) => nowMs - heardMs >= DOUBTED_AFTER_MS)
    return stale !== undefined && this.#heard.delete(stale[0])
  }

  expire(nowMs: number): void {
    for (const [address, { expiresMs }] of this.#heard) if (expiresMs <= nowMs) this.#heard.delete(address)
  }

  /** The neighbour; null: there is none. */
  current(): string | null {
    for (const address of this.#heard.keys()) return address
    return null
  }

  /** All of them, the neighbour first. */
  all(): readonly string[] {
    return [...this.#heard.keys()]
  }

  /** When the first of them is gone unless it is heard again; infinite: never. */
  expiresMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#heard.values()].map(({ expiresMs }) => expiresMs))
  }

  /** From when on the neighbour should be asked whether it is still there; infinite: it need not be. */
  askFromMs(): number {
    const current = this.current()
    const heard = current === null ? undefined : this.#heard.get(current)
    if (!heard) return Number.POSITIVE_INFINITY
    // One with a short lifetime has the greater part of it to speak up by itself.
    return Math.max(heard.expiresMs - ASK_BEFORE_MS, (heard.heardMs + 2 * heard.expiresMs) / 3)
  }
}
