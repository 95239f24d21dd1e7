// SPDX-License-Identifier: Apache-2.0
/** The links of this network namespace, read again whenever the kernel reports a change. Needs no capability. */
import type { Link, Links } from '../lib/net.ts'
import { systemFault } from './fault.ts'
import { type Handle, loadNative } from './native.ts'
import { decodeLinks } from './netlink.ts'

/** Throws Fault `noAddon`, or `system` where the kernel refuses netlink. */
export function openLinks(): Links {
  return new LinuxLinks()
}

class LinuxLinks implements Links {
  readonly #native = loadNative()
  readonly #watch: Handle
  readonly #listeners: (() => void)[] = []
  #links: readonly Link[]
  #closed = false

  constructor() {
    // Watch first: what changes while we read is reported, and read again.
    const watch = this.#native.linksWatch(() => this.#reread())
    if (typeof watch === 'number') throw systemFault(watch, 'watch the network interfaces')
    this.#watch = watch
    this.#links = this.#read()
  }

  list(): readonly Link[] {
    return this.#links
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#native.linksUnwatch(this.#watch)
  }

  #read(): Link[] {
    const dump = this.#native.linksDump()
    if (typeof dump === 'number') throw systemFault(dump, 'list the network interfaces')
    return decodeLinks(dump)
  }

  /** The kernel also reports changes of no interest to us (statistics, IPv6 settings): those stop here. */
  #reread(): void {
    if (this.#closed) return
    const links = this.#read()
    if (JSON.stringify(links) === JSON.stringify(this.#links)) return
    this.#links = links
    for (const listener of this.#listeners) listener()
  }
}
