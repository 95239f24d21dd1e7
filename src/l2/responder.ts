// SPDX-License-Identifier: Apache-2.0
/**
 * Layer 2: answers ARP (RFC 826, probes of RFC 5227 included) and neighbour discovery (RFC 4861, RFC 4862) for the
 * addresses that Services claim, and announces new ones by gratuitous frames. Answering is the reflex's work; this shell
 * tells it what is claimed, keeps the attached links right, and sends.
 */
import type { Clock, Timer } from '../lib/clock.ts'
import { formatIp, parseIp } from '../lib/ip.ts'
import type { Log } from '../lib/log.ts'
import {
  type NeighborDrops,
  type NeighborProtocol,
  type NeighborReflex,
  protocolOf,
  type ReachChange,
} from '../lib/neighbors.ts'
import type { Link, Links } from '../lib/net.ts'
import { Announcer } from './announcer.ts'
import { ROUND_INTERVAL_MS, ROUNDS } from './burst.ts'
import { type Claim, type ClaimChange, Claims } from './claims.ts'
import { Ports } from './ports.ts'
import { SPOKEN } from './protocol.ts'
import { localLinks, type NamePattern } from './scan.ts'

export type AddressCounters = Readonly<{ ip: string; requests: number; replies: number; gratuitous: number }>

type Counters = Readonly<{ addresses: AddressCounters[]; drops: NeighborDrops }>

/** Another station says it has an address of ours, on the link of this name. */
export type Conflict = Readonly<{ ip: string; mac: string; link: string }>

export type ResponderOptions = Readonly<{
  reflex: NeighborReflex
  links: Links
  clock: Clock
  log: Log
  /** Links whose names one of these finds are left alone. */
  excludeInterfaces: readonly NamePattern[]
  /** The process was stopped and is silent: the owner finds out what this node still owns, then calls `confirm`. */
  onSuspended(pausedMs: number): void
  /** At most some ten times a second, however often it is heard. */
  onConflict(conflict: Conflict): void
}>

const RETRY_ATTACH_MS = 1000

export class Responder {
  readonly #options: ResponderOptions
  readonly #claims = new Claims()
  readonly #ports: Readonly<Record<NeighborProtocol, Ports>>
  readonly #changes = new Map<string, ClaimChange>()
  readonly #announcer: Announcer
  #hasClaimed = false
  #retrying: Timer | undefined
  /** What was counted when it was closed: it may still be asked while the process ends. */
  #final: Counters | undefined
  #closed = false
  #againMs = Number.NEGATIVE_INFINITY

  constructor(options: ResponderOptions) {
    const { reflex, links, clock, log } = options
    this.#options = options
    this.#ports = { arp: new Ports('arp', reflex, log), ndp: new Ports('ndp', reflex, log) }
    this.#announcer = new Announcer(Object.values(this.#ports), clock)
    links.onChange(() => this.#rescan())
    reflex.listen({
      onSuspended: (pausedMs) => {
        // While a program starts there may be nobody yet who could confirm. What was never ours, nobody has taken.
        if (!this.#hasClaimed) reflex.confirm()
        options.onSuspended(pausedMs)
      },
      onConflict: ({ ip, mac, index }) => options.onConflict({ ip, mac, link: this.#nameOf(index) }),
    })
    this.#rescan()
  }

  /** Replaces what a Service claims; takes effect, together with other changes of this turn, when the turn ends. */
  set(service: string, claims: readonly Claim[]): void {
    if (claims.length > 0) this.#hasClaimed = true
    for (const change of this.#claims.set(service, claims.flatMap(canonical))) {
      if (this.#changes.size === 0) queueMicrotask(() => this.#flush())
      const before = this.#changes.get(change.ip)?.before ?? change.before
      this.#changes.set(change.ip, { ...change, before })
    }
  }

  delete(service: string): void {
    this.set(service, [])
  }

  /** Ends the silence after `onSuspended`, and tells the neighbours what is ours after all. */
  confirm(): void {
    this.#flush() // first the table, then the voice: a stale address must not be answered even once
    this.#options.reflex.confirm()
    this.#announceAll()
  }

  /** Tells the neighbours again what is ours, as others have said otherwise; at most once in the time that this takes. */
  announceAgain(): void {
    const nowMs = this.#options.clock.monotonicMs()
    if (this.#closed || nowMs - this.#againMs < ROUNDS * ROUND_INTERVAL_MS) return
    this.#againMs = nowMs
    this.#announceAll()
  }

  #announceAll(): void {
    for (const claim of this.#claims) this.#announcer.announce(claim.ip, this.#portsOf(claim))
    this.#announcer.run()
  }

  counters(): Counters {
    if (this.#final) return this.#final
    const { addresses, drops } = this.#options.reflex.counters()
    return {
      addresses: addresses.map(({ ip, requests, replies }) => ({
        ip,
        requests,
        replies,
        gratuitous: this.#announcer.sent(ip),
      })),
      drops,
    }
  }

  /** Withdraws everything: no answer is sent after this returns. Closes the reflex and the links it was given. */
  close(): void {
    this.#final = this.counters()
    this.#closed = true
    this.#announcer.stop()
    this.#retrying?.cancel()
    this.#options.reflex.close()
    this.#options.links.close()
  }

  #flush(): void {
    if (this.#closed || this.#changes.size === 0) return
    const changes = [...this.#changes.values()]
    this.#changes.clear()
    this.#options.reflex.update(changes.map(({ ip, after }) => this.#reachOf(ip, after)))
    for (const { ip, before, after } of changes) {
      const known = new Set(before ? this.#portsOf(before) : [])
      const now = after ? [...this.#portsOf(after)] : []
      for (const port of known) if (!now.includes(port)) port.burst.cancel(ip)
      this.#announcer.announce(
        ip,
        now.filter((port) => !known.has(port)),
      )
      if (!after) this.#announcer.forget(ip)
      else if (now.length === 0) this.#warnUnreachable(after)
    }
    this.#announcer.run()
  }

  #portsOf(claim: Claim) {
    return this.#ports[protocolOf(claim.ip)].of(claim)
  }

  #reachOf(ip: string, claim: Claim | null): ReachChange {
    return { ip, reach: claim && this.#ports[protocolOf(ip)].reach(claim) }
  }

  #nameOf(index: number): string {
    return this.#options.links.list().find((link) => link.index === index)?.name ?? `#${index}`
  }

  #rescan(): void {
    if (this.#closed) return
    const { links, clock, excludeInterfaces } = this.#options
    const local = localLinks(links.list(), excludeInterfaces)
    // Both, whatever comes of the first.
    const failed = (['arp', 'ndp'] as const).filter((protocol) => this.#rescanFor(protocol, local)).length > 0
    this.#announcer.run()
    this.#retrying?.cancel()
    this.#retrying = failed ? clock.after(RETRY_ATTACH_MS, () => this.#rescan()) : undefined
  }

  /** Says whether a link could not be attached. */
  #rescanFor(protocol: NeighborProtocol, local: ReadonlyMap<string, Link>): boolean {
    const ports = this.#ports[protocol]
    const { fresh, moved, failed } = ports.rescan(local)
    if (fresh.length === 0 && !moved) return failed
    const claims = [...this.#claims].filter(({ ip }) => protocolOf(ip) === protocol)
    const restricted = moved ? claims.filter(({ interfaces }) => interfaces !== 'all') : []
    if (restricted.length > 0) this.#options.reflex.update(restricted.map((claim) => this.#reachOf(claim.ip, claim)))
    for (const claim of fresh.length > 0 ? claims : []) {
      this.#announcer.announce(
        claim.ip,
        [...ports.of(claim)].filter((port) => fresh.includes(port)),
      )
    }
    return failed
  }

  #warnUnreachable({ ip, interfaces }: Claim): void {
    const where = interfaces === 'all' ? 'this node' : `interfaces ${interfaces.join(', ')}`
    const { name } = SPOKEN[protocolOf(ip)]
    this.#options.log.warn(`nothing answers ${name} for ${ip}: no link of ${where} is up and speaks ${name}`, { ip })
  }
}

/** The claim with its address in canonical text, by which it is known from here on; none where it is no address. */
function canonical(claim: Claim): Claim[] {
  const parsed = parseIp(claim.ip)
  if (!parsed) return []
  const ip = formatIp(parsed)
  return [ip === claim.ip ? claim : { ...claim, ip }]
}
