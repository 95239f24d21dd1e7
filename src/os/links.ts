// SPDX-License-Identifier: Apache-2.0
/** The links of this network namespace, read again whenever the kernel reports a change. Needs no capability. */
import { Fault } from '../lib/fault.ts'
import type { Link, Links } from '../lib/net.ts'
import { systemFault } from './fault.ts'
import { type Handle, loadNative } from './native.ts'
import { decodeLinks } from './netlink.ts'

/** For a process that is out of descriptors, or a kernel out of memory: soon better, and worth asking again. */
const RETRY_MS = 1000

/**
 * Throws Fault `noAddon`, or `system` where the kernel refuses netlink. Later refusals are asked again every second, with
 * the links as they were until then; `onFault` hears of the first of them.
 */
export function openLinks(onFault: (fault: Error) => void = () => {}): Links {
  return new LinuxLinks(onFault)
}

class LinuxLinks implements Links {
  readonly #native = loadNative()
  readonly #watch: Handle
  readonly #listeners: (() => void)[] = []
  #links: readonly Link[]
  #closed = false
  readonly #onFault: (fault: Error) => void
  #retry: NodeJS.Timeout | undefined

  constructor(onFault: (fault: Error) => void) {
    this.#onFault = onFault
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
    clearTimeout(this.#retry)
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
    const links = this.#readOrRetry()
    if (!links || JSON.stringify(links) === JSON.stringify(this.#links)) return
    this.#links = links
    for (const listener of this.#listeners) listener()
  }

  #readOrRetry(): Link[] | null {
    const retrying = this.#retry !== undefined
    clearTimeout(this.#retry)
    this.#retry = undefined
    try {
      return this.#read()
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      if (!retrying) this.#onFault(thrown)
      this.#retry = setTimeout(() => this.#reread(), RETRY_MS).unref()
      return null
    }
  }
}
