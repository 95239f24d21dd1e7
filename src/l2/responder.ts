// SPDX-License-Identifier: Apache-2.0
/**
 * Layer 2 for IPv4: answers ARP (RFC 826, probes of RFC 5227 included) for the addresses that Services claim, and
 * announces new ones by gratuitous frames. Answering is the reflex's work; this shell tells it what is claimed, keeps
 * the attached links right, and sends. Claims for IPv6 addresses are neighbour discovery's and are passed over.
 */
import type { Clock, Timer } from '../lib/clock.ts'
import { formatIp, parseIp } from '../lib/ip.ts'
import type { Log } from '../lib/log.ts'
import type { ArpChange, ArpDrop, ArpReflex, Links } from '../lib/net.ts'
import { Announcer } from './announcer.ts'
import { type Claim, type ClaimChange, Claims } from './claims.ts'
import { ConflictLog } from './conflict-log.ts'
import { Ports } from './ports.ts'
import { localLinks, type NamePattern } from './scan.ts'

export type AddressCounters = Readonly<{ ip: string; requests: number; replies: number; gratuitous: number }>

type Counters = Readonly<{ addresses: AddressCounters[]; drops: Readonly<Record<ArpDrop, number>> }>

export type ResponderOptions = Readonly<{
  reflex: ArpReflex
  links: Links
  clock: Clock
  log: Log
  /** Links whose names one of these finds are left alone. */
  excludeInterfaces: readonly NamePattern[]
  /** The process was stopped and is silent: the owner finds out what this node still owns, then calls `confirm`. */
  onSuspended(pausedMs: number): void
}>

const RETRY_ATTACH_MS = 1000

export class Responder {
  readonly #options: ResponderOptions
  readonly #claims = new Claims()
  readonly #ports: Ports
  readonly #changes = new Map<string, ClaimChange>()
  readonly #announcer: Announcer
  #retrying: Timer | undefined
  /** What was counted when it was closed: it may still be asked while the process ends. */
  #final: Counters | undefined
  #closed = false

  constructor(options: ResponderOptions) {
    this.#options = options
    this.#ports = new Ports(options.reflex, options.log)
    this.#announcer = new Announcer(this.#ports, options.clock)
    const conflicts = new ConflictLog(options.clock, options.log)
    options.links.onChange(() => this.#rescan())
    options.reflex.listen({
      onSuspended: (pausedMs) => options.onSuspended(pausedMs),
      onConflict: ({ ip, mac }) => conflicts.report(textOf(ip), mac),
    })
    this.#rescan()
  }

  /** Replaces what a Service claims; takes effect, together with other changes of this turn, when the turn ends. */
  set(service: string, claims: readonly Claim[]): void {
    const ipv4 = claims.filter(({ ip }) => parseIp(ip)?.family === 'ipv4')
    for (const change of this.#claims.set(service, ipv4)) {
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
    for (const claim of this.#claims) this.#announcer.announce(numberOf(claim.ip), this.#ports.of(claim))
    this.#announcer.run()
  }

  counters(): Counters {
    if (this.#final) return this.#final
    const { addresses, drops } = this.#options.reflex.counters()
    return {
      addresses: addresses.map(({ ip, requests, replies }) => ({
        ip: textOf(ip),
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
      const number = numberOf(ip)
      const known = new Set(before ? this.#ports.of(before) : [])
      const now = after ? [...this.#ports.of(after)] : []
      for (const port of known) if (!now.includes(port)) port.burst.cancel(number)
      this.#announcer.announce(
        number,
        now.filter((port) => !known.has(port)),
      )
      if (!after) this.#announcer.forget(number)
      else if (now.length === 0) this.#warnUnreachable(after)
    }
    this.#announcer.run()
  }

  #reachOf(ip: string, claim: Claim | null): ArpChange {
    return { ip: numberOf(ip), reach: claim && this.#ports.reach(claim) }
  }

  #rescan(): void {
    if (this.#closed) return
    const { links, reflex, clock, excludeInterfaces } = this.#options
    const { fresh, moved, failed } = this.#ports.rescan(localLinks(links.list(), excludeInterfaces))
    const restricted = moved ? [...this.#claims].filter(({ interfaces }) => interfaces !== 'all') : []
    if (restricted.length > 0) reflex.update(restricted.map((claim) => this.#reachOf(claim.ip, claim)))
    for (const claim of fresh.length > 0 ? this.#claims : []) {
      const ports = [...this.#ports.of(claim)].filter((port) => fresh.includes(port))
      this.#announcer.announce(numberOf(claim.ip), ports)
    }
    this.#announcer.run()
    this.#retrying?.cancel()
    this.#retrying = failed ? clock.after(RETRY_ATTACH_MS, () => this.#rescan()) : undefined
  }

  #warnUnreachable({ ip, interfaces }: Claim): void {
    const where = interfaces === 'all' ? 'this node' : `interfaces ${interfaces.join(', ')}`
    this.#options.log.warn(`nothing answers ARP for ${ip}: no link of ${where} is up and speaks ARP`, { ip })
  }
}

function numberOf(ip: string): number {
  return Number(parseIp(ip)?.bits ?? 0)
}

function textOf(ip: number): string {
  return formatIp({ family: 'ipv4', bits: BigInt(ip) })
}
