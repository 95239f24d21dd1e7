// SPDX-License-Identifier: Apache-2.0
/** The links a protocol is answered on: attached to the reflex, each with the rounds of frames still to send on it. */
import { reasonOf } from '../lib/fault.ts'
import type { Log } from '../lib/log.ts'
import type { NeighborProtocol, NeighborReflex, Reach } from '../lib/neighbors.ts'
import type { Link } from '../lib/net.ts'
import { Burst } from './burst.ts'
import type { Claim } from './claims.ts'
import { SPOKEN } from './protocol.ts'

export type Port = {
  link: Link
  /** The frames that announce an address there. */
  round: (ip: string) => readonly Uint8Array[]
  readonly burst: Burst
}
export type Rescan = Readonly<{
  /** Attached now, or with its cable plugged in again: neighbours there have not heard of us. */
  fresh: readonly Port[]
  /** Whether names stand for other links than before. */
  moved: boolean
  /** Whether a link could not be attached and should be tried again. */
  failed: boolean
}>

export class Ports {
  readonly #reflex: NeighborReflex
  readonly #log: Log
  readonly #protocol: NeighborProtocol
  readonly #ports = new Map<string, Port>()
  /** Said once, though tried again and again. */
  readonly #failing = new Set<string>()

  constructor(protocol: NeighborProtocol, reflex: NeighborReflex, log: Log) {
    this.#protocol = protocol
    this.#reflex = reflex
    this.#log = log
  }

  /** Attaches and detaches until exactly those of `links` are attached that the protocol is spoken on. */
  rescan(links: ReadonlyMap<string, Link>): Rescan {
    const fresh: Port[] = []
    let moved = false
    let failed = false
    const { isSpokenOn } = SPOKEN[this.#protocol]
    for (const [name, { link }] of this.#ports) {
      const now = links.get(name)
      if (now && isSpokenOn(now) && now.index === link.index && now.mac === link.mac) continue
      this.#reflex.detach({ protocol: this.#protocol, index: link.index })
      this.#ports.delete(name)
      moved = true
    }
    for (const link of links.values()) {
      if (!isSpokenOn(link)) continue
      const known = this.#ports.get(link.name)
      const port = known ?? this.#attach(link)
      if (!port) {
        failed = true
      } else if (!known || (link.carrier && !port.link.carrier)) {
        fresh.push(port)
        moved ||= !known
      }
      if (port && port.link !== link) {
        port.link = link
        port.round = SPOKEN[this.#protocol].announcing(link)
      }
    }
    return { fresh, moved, failed }
  }

  #attach(link: Link): Port | undefined {
    const { name, announcing } = SPOKEN[this.#protocol]
    const op = `create${name}Responder`
    try {
      this.#reflex.attach(this.#protocol, link)
    } catch (error) {
      if (!this.#failing.has(link.name)) {
        this.#log.error(reasonOf(error), { op, interface: link.name })
      }
      this.#failing.add(link.name)
      return undefined
    }
    this.#failing.delete(link.name)
    this.#log.info(`created ${name} responder for interface`, { event: op, interface: link.name })
    const port = { link, round: announcing(link), burst: new Burst() }
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

  /** Sends one round. Answers how many frames went out. */
  sendRound({ link, round }: Port, ip: string): number {
    const at = { protocol: this.#protocol, index: link.index }
    let sent = 0
    for (const frame of round(ip)) if (this.#reflex.send(at, frame) === 'sent') sent++
    return sent
  }

  all(): Iterable<Port> {
    return this.#ports.values()
  }
}
