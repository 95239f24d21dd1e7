// SPDX-License-Identifier: Apache-2.0
/** Router discovery on this machine's links: a raw socket for each of those that are watched, as long as it works. */
import type { Clock, Timer } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { Link, Links } from '../lib/net.ts'
import type { Routers } from '../lib/routers.ts'
import { RouterPort } from './router-port.ts'

/** For a process without descriptors, or without its capability: worth asking again. */
const RETRY_MS = 10_000

export type RoutersOptions = Readonly<{
  /** Not closed by us. */
  links: Links
  clock: Clock
  /** In [0, 1). */
  random: () => number
  /** Several routers are on a link, of which the first is taken; told at most once an hour. */
  onOthers(link: string, routers: readonly string[]): void
  /** Nothing is heard on a link; told once until it works. It is tried again. */
  onFault(fault: Error): void
}>

/** Opens nothing before `watch`. Throws Fault `noAddon`. Needs CAP_NET_RAW: a lack of it comes to `onFault`. */
export function openRouters(options: RoutersOptions): Routers {
  return new LinuxRouters(options)
}

class LinuxRouters implements Routers {
  readonly #options: RoutersOptions
  readonly #listeners: (() => void)[] = []
  readonly #ports = new Map<string, RouterPort>()
  #wanted: ReadonlySet<string> = new Set()
  readonly #failing = new Set<string>()
  #retry: Timer | undefined
  #hasNews = false
  #isClosed = false

  constructor(options: RoutersOptions) {
    this.#options = options
    options.links.onChange(() => this.#adjust())
  }

  watch(links: readonly string[]): void {
    this.#wanted = new Set(links)
    this.#adjust()
  }

  neighbour(link: string): string | null {
    return this.#ports.get(link)?.neighbour ?? null
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  close(): void {
    this.#isClosed = true
    this.#retry?.cancel()
    for (const port of this.#ports.values()) port.close()
    this.#ports.clear()
  }

  /** Opens and closes until exactly those links are heard that are wanted and work. */
  #adjust(): void {
    if (this.#isClosed) return
    this.#retry?.cancel()
    const links = new Map(this.#options.links.list().map((link) => [link.name, link]))
    for (const [name, port] of this.#ports) {
      const link = links.get(name)
      if (link && this.#wanted.has(name) && isUsable(link) && port.isFor(link)) continue
      if (port.neighbour !== null) this.#tell()
      port.close()
      this.#ports.delete(name)
    }
    for (const name of this.#wanted) {
      const link = links.get(name)
      if (!link || !isUsable(link)) this.#failing.delete(name)
      else if (!this.#ports.has(name)) this.#open(link)
    }
    if (this.#failing.size > 0) this.#retry = this.#options.clock.after(RETRY_MS, () => this.#adjust())
  }

  #open(link: Link): void {
    const { links, clock, random, onOthers, onFault } = this.#options
    try {
      const port = new RouterPort(link, {
        clock,
        random,
        isOwn: (address) => links.list().some(({ linkLocal }) => linkLocal === address),
        onChange: () => this.#tell(),
        onOthers: (routers) => onOthers(link.name, routers),
      })
      this.#ports.set(link.name, port)
      this.#failing.delete(link.name)
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      if (!this.#failing.has(link.name)) onFault(thrown)
      this.#failing.add(link.name)
    }
  }

  /** After the call that brought it, and once for all that it brought. */
  #tell(): void {
    if (this.#hasNews) return
    this.#hasNews = true
    queueMicrotask(() => {
      this.#hasNews = false
      if (!this.#isClosed) for (const listener of this.#listeners) listener()
    })
  }
}

/** What is sent comes from a link-local address (RFC 4861 §4.2), and goes to groups. */
function isUsable({ up, carrier, multicast, linkLocal }: Link): boolean {
  return up && carrier && multicast && linkLocal !== null
}
