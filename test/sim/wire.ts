// SPDX-License-Identifier: Apache-2.0
/** A network in memory: links that tests plug in. */
import type { Link, Links } from '../../src/lib/net.ts'

export class SimLinks implements Links {
  #links: readonly Link[]
  readonly #listeners: (() => void)[] = []
  #closed = false

  constructor(links: readonly Link[]) {
    this.#links = links
  }

  list(): readonly Link[] {
    return this.#links
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  close(): void {
    this.#closed = true
  }

  /** What the kernel would report next. */
  replace(links: readonly Link[]): void {
    if (this.#closed) return
    this.#links = links
    for (const listener of this.#listeners) listener()
  }
}
