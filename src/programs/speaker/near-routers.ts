// SPDX-License-Identifier: Apache-2.0
/** Routers heard on interfaces that BGPPeers name; nothing is opened before one does. */
import { Fault } from '../../lib/fault.ts'
import type { Log } from '../../lib/log.ts'
import type { Routers } from '../../lib/routers.ts'

export class NearRouters {
  readonly #open: () => Routers
  readonly #log: Log
  readonly #onChange: () => void
  #routers: Routers | null = null
  #failed = ''

  constructor(open: () => Routers, log: Log, onChange: () => void) {
    this.#open = open
    this.#log = log
    this.#onChange = onChange
  }

  /** Listens on these interfaces from now on, and on no others. */
  watch(links: readonly string[]): void {
    if (links.length === 0 && !this.#routers) return
    this.#routers ??= this.#opened()
    this.#routers?.watch([...new Set(links)].toSorted())
  }

  /** Link-local address of the router on a link; null: none was heard. */
  neighbour(link: string): string | null {
    return this.#routers?.neighbour(link) ?? null
  }

  close(): void {
    this.#routers?.close()
    this.#routers = null
  }

  #opened(): Routers | null {
    try {
      const routers = this.#open()
      routers.onChange(this.#onChange)
      return routers
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      if (this.#failed !== thrown.message)
        this.#log.warn(`routers on interfaces cannot be found: ${thrown.message}`, { event: 'routersNotHeard' })
      this.#failed = thrown.message
      return null
    }
  }
}
