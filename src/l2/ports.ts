// SPDX-License-Identifier: Apache-2.0
/** The links ARP is answered on: attached to the reflex, each with the rounds of gratuitous frames still to send on it. */
import { reasonOf } from '../lib/fault.ts'
import type { Log } from '../lib/log.ts'
import type { ArpReflex, Link, Reach } from '../lib/net.ts'
import { encode, gratuitous } from './arp.ts'
import { Burst } from './burst.ts'
import type { Claim } from './claims.ts'
import { answersArp } from './scan.ts'

export type Port = { link: Link; readonly burst: Burst }
export type Rescan = Readonly<{
  /** Attached now, or with its cable plugged in again: neighbours there have not heard of us. */
  fresh: readonly Port[]
  /** Whether names stand for other links than before. */
  moved: boolean
  /** Whether a link could not be attached and should be tried again. */
  failed: boolean
}>

export class Ports {
  readonly #reflex: ArpReflex
  readonly #log: Log
  readonly #ports = new Map<string, Port>()
  /** Said once, though tried again and again. */
  readonly #failing = new Set<string>()

  constructor(reflex: ArpReflex, log: Log) {
    this.#reflex = reflex
    this.#log = log
  }

  /** Attaches and detaches until exactly those of `links` that answer ARP are attached. */
  rescan(links: ReadonlyMap<string, Link>): Rescan {
    const fresh: Port[] = []
    let moved = false
    let failed = false
    for (const [name, { link }] of this.#ports) {
      const now = links.get(name)
      if (now && answersArp(now) && now.index === link.index && now.mac === link.mac) continue
      this.#reflex.detach(link.index)
      this.#ports.delete(name)
      moved = true
    }
    for (const link of links.values()) {
      if (!answersArp(link)) continue
      const port = this.#ports.get(link.name) ?? this.#attach(link)
      if (!port) {
        failed = true
      } else if (port.link === link || (link.carrier && !port.link.carrier)) {
        fresh.push(port)
        moved ||= port.link === link
      }
      if (port) port.link = link
    }
    return { fresh, moved, failed }
  }

  #attach(link: Link): Port | undefined {
    try {
      this.#reflex.attach(link)
    } catch (error) {
      if (!this.#failing.has(link.name)) {
        this.#log.error(reasonOf(error), { op: 'createARPResponder', interface: link.name })
      }
      this.#failing.add(link.name)
      return undefined
    }
    this.#failing.delete(link.name)
    this.#log.info('created ARP responder for interface', { event: 'createARPResponder', interface: link.name })
    const port = { link, burst: new Burst() }
    this.#ports.set(link.name, port)
    return port
  }

  /** Where a claim is answered at present. Interfaces that are not attached count for nothing. */
  reach({ interfaces }: Claim): Reach {
    if (interfaces === 'all') return 'all'
    return interfaces.flatMap((name) => this.#ports.get(name)?.link.index ?? [])
  }

  /** The ports a claim is answered on. */
  *of({ interfaces }: Claim): Generator<Port> {
    for (const [name, port] of this.#ports) if (interfaces === 'all' || interfaces.includes(name)) yield port
  }

  /** Sends one round: a request, then a reply, as some neighbours heed only one of them. Answers how many went out. */
  sendRound({ link }: Port, ip: number): number {
    const frames = (['request', 'reply'] as const).map((operation) => encode(gratuitous(operation, ip, link.mac ?? '')))
    return frames.filter((frame) => this.#reflex.send(link.index, frame) === 'sent').length
  }

  all(): Iterable<Port> {
    return this.#ports.values()
  }
}
