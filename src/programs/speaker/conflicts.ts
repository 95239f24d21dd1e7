// SPDX-License-Identifier: Apache-2.0
/**
 * Says that another station holds on to an address that this node announces: a line in the log and the event
 * `addressConflict` on the Services that have it, once a minute for each address; and keeps what metrics and documents
 * tell. What is a conflict is the sentinel's decision, and nothing is ever sent because of one.
 */
import type { Conflict } from '../../l2/responder.ts'
import { Sentinel } from '../../l2/sentinel.ts'
import type { Clock } from '../../lib/clock.ts'
import { formatIp, parseIp } from '../../lib/ip.ts'
import type { Log } from '../../lib/log.ts'
import type { EventWrite } from '../../lib/object.ts'
import type { Planned } from './speaker.ts'

export type ConflictsOptions = Readonly<{
  node: string
  clock: Clock
  log: Log
  /** Whether a MAC address is one of a speaker of our ring. */
  isMember(mac: string): boolean
  /** Unset where there are no events: the log says it all. */
  event?(event: EventWrite): void
}>

/** A conflict as people read it: times are ISO 8601. */
export type ConflictDocument = Readonly<{
  ip: string
  mac: string
  interface: string
  since: string
  lastSeen: string
  /** Frames that counted. */
  frames: number
}>

/** What there is to read about conflicts. */
export interface ConflictReadings {
  /** Those of the last minute. */
  active(): Iterable<ConflictDocument>
  /** For each address that this node announces the frames of others that counted, since it does. */
  counts(): Iterable<readonly [ip: string, frames: number]>
}

export const NO_CONFLICTS: ConflictReadings = { active: () => [], counts: () => [] }

const SAY_EVERY_MS = 60_000

export class Conflicts implements ConflictReadings {
  readonly #options: ConflictsOptions
  readonly #sentinel: Sentinel
  /** Services that this node announces. */
  readonly #planned = new Map<string, Planned>()
  /** How many of them have an address, and when a conflict about it was last told. */
  readonly #addresses = new Map<string, { services: number; saidMs: number }>()

  constructor(options: ConflictsOptions) {
    this.#options = options
    this.#sentinel = new Sentinel({ isMember: (mac) => options.isMember(mac) })
  }

  /** Told each time that a Service was planned. */
  planned(planned: Planned): void {
    const before = this.#planned.get(planned.key)
    if (planned.l2?.announce)
      this.#planned.set(planned.key, { ...planned, bgp: null }) // routes are of no use here
    else this.#planned.delete(planned.key)
    for (const ip of addressesOf(planned)) this.#count(ip, 1)
    for (const ip of before ? addressesOf(before) : []) this.#count(ip, -1)
  }

  /** A frame by which another station claims an address of ours. */
  seen(conflict: Conflict): void {
    const nowMs = this.#options.clock.monotonicMs()
    if (this.#sentinel.seen(conflict, nowMs) !== 'report') return
    const address = this.#addresses.get(conflict.ip)
    if (!address || nowMs - address.saidMs < SAY_EVERY_MS) return
    address.saidMs = nowMs
    this.#say(conflict)
  }

  *active(): Generator<ConflictDocument> {
    const { clock } = this.#options
    const nowMs = clock.monotonicMs()
    const wallMs = clock.wallMs() - nowMs
    const text = (ms: number) => new Date(wallMs + ms).toISOString()
    for (const { ip, mac, link, sinceMs, lastMs, count } of this.#sentinel.active(nowMs)) {
      yield { ip, mac, interface: link, since: text(sinceMs), lastSeen: text(lastMs), frames: count }
    }
  }

  counts(): Iterable<readonly [ip: string, frames: number]> {
    return this.#sentinel.counts()
  }

  #count(ip: string, by: 1 | -1): void {
    const address = this.#addresses.get(ip) ?? { services: 0, saidMs: Number.NEGATIVE_INFINITY }
    address.services += by
    if (address.services > 0) {
      this.#addresses.set(ip, address)
      this.#sentinel.owned(ip, this.#options.clock.monotonicMs())
    } else {
      this.#addresses.delete(ip)
      this.#sentinel.given(ip)
    }
  }

  #say({ ip, mac, link }: Conflict): void {
    const { node, log, event } = this.#options
    const holders = [...this.#planned.values()].filter((planned) => addressesOf(planned).includes(ip))
    const services = holders.map(({ key }) => key)
    const message = `station ${mac} on interface ${link} of node "${node}" claims the address ${ip} as well: give it another address, or take it out of the pool`
    log.warn(message, { event: 'addressConflict', ip, mac, interface: link, services })
    for (const { key, uid } of event ? holders : []) {
      const [namespace = '', name = ''] = key.split('/')
      const object = { kind: 'Service', namespace, name }
      event?.({ object, type: 'Warning', reason: 'addressConflict', message, ...(uid === '' ? {} : { uid }) })
    }
  }
}

/** What is announced, in canonical text. */
function addressesOf({ l2 }: Planned): string[] {
  return l2?.announce ? l2.claims.map(({ ip }) => canonical(ip)) : []
}

function canonical(ip: string): string {
  const parsed = parseIp(ip)
  return parsed ? formatIp(parsed) : ip
}
