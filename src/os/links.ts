// SPDX-License-Identifier: Apache-2.0
/** The links of this network namespace, read again whenever the kernel reports a change. Needs no capability. */
import { Fault } from '../lib/fault.ts'
import type { Link, Links } from '../lib/net.ts'
import { systemFault } from './fault.ts'
import { type Handle, loadNative } from './native.ts'
import { decodeLinks } from './netlink.ts'

/** Under a storm of news the links are read at most this often, … */
const PAUSE_MS = 20
/** … and with very many of them at most for a quarter of the time. */
const PAUSE_PER_READ = 3
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
  #timer: NodeJS.Timeout | undefined
  #isFailing = false
  #notBeforeMs = 0

  constructor(onFault: (fault: Error) => void) {
    this.#onFault = onFault
    // Watch first: what changes while we read is reported, and read again.
    const watch = this.#native.linksWatch(() => this.#hear())
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
    clearTimeout(this.#timer)
    this.#native.linksUnwatch(this.#watch)
  }

  #read(): Link[] {
    const dump = this.#native.linksDump()
    if (typeof dump === 'number') throw systemFault(dump, 'list the network interfaces')
    return decodeLinks(dump)
  }

  /** The first news is read at once; what comes within the pause is read together when it ends. */
  #hear(): void {
    const waitMs = this.#notBeforeMs - performance.now()
    if (waitMs <= 0) this.#reread()
    else if (!this.#timer || this.#isFailing) this.#rereadAfter(waitMs)
  }

  #rereadAfter(delayMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#reread(), delayMs).unref()
  }

  /** The kernel also reports changes of no interest to us (statistics, IPv6 settings): those stop here. */
  #reread(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#closed) return
    const startedMs = performance.now()
    const links = this.#readOrRetry()
    const endedMs = performance.now()
    this.#notBeforeMs = endedMs + Math.max(PAUSE_MS, PAUSE_PER_READ * (endedMs - startedMs))
    if (!links || JSON.stringify(links) === JSON.stringify(this.#links)) return
    this.#links = links
    for (const listener of this.#listeners) listener()
  }

  #readOrRetry(): Link[] | null {
    try {
      const links = this.#read()
      this.#isFailing = false
      return links
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      if (!this.#isFailing) this.#onFault(thrown)
      this.#isFailing = true
      this.#rereadAfter(RETRY_MS)
      return null
    }
  }
}
