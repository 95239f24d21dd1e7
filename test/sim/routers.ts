// SPDX-License-Identifier: Apache-2.0
/** Routers on links in memory: tests say who is heard. */
import type { Routers } from '../../src/lib/routers.ts'

export class SimRouters implements Routers {
  /** Interfaces that are watched. */
  watched: readonly string[] = []
  readonly #heard = new Map<string, string>()
  readonly #listeners: (() => void)[] = []

  watch(links: readonly string[]): void {
    this.watched = links
  }

  neighbour(link: string): string | null {
    return this.watched.includes(link) ? (this.#heard.get(link) ?? null) : null
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  close(): void {
    this.watched = []
    this.#listeners.splice(0)
  }

  /** What is on the wire from now on; null: no router. */
  hear(link: string, address: string | null): void {
    const before = this.neighbour(link)
    if (address === null) this.#heard.delete(link)
    else this.#heard.set(link, address)
    if (this.neighbour(link) !== before) for (const listener of this.#listeners) listener()
  }
}
