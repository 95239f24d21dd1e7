// SPDX-License-Identifier: Apache-2.0
/** A client beside simulated speakers: what it asks, and the record of who would have answered it. */
import { BROADCAST_MAC, encode } from '../../src/l2/arp.ts'
import { parseIp } from '../../src/lib/ip.ts'
import type { SimClock } from './clock.ts'

const MAC = '02:00:00:00:ff:fe'
const requests = new Map<string, Uint8Array>()

/** An ARP request for an address. */
export function requestFor(ip: string): Uint8Array {
  const known = requests.get(ip)
  if (known) return known
  const targetIp = Number(parseIp(ip)?.bits ?? 0n)
  const from = { source: MAC, senderMac: MAC, senderIp: 0x0a14_1efe }
  const to = { destination: BROADCAST_MAC, targetMac: '00:00:00:00:00:00', targetIp }
  const bytes = encode({ operation: 'request', ...from, ...to })
  requests.set(ip, bytes)
  return bytes
}

export type Answering = (ip: string) => readonly string[]
export type Sight = Readonly<{ atMs: number; names: readonly string[] }>

/** Who answered for some addresses, looked at every few milliseconds; each figure is right to within that. */
export class ClientRecord {
  readonly #clock: SimClock
  readonly #everyMs: number
  readonly #answering: Answering
  readonly #seen: ReadonlyMap<string, Sight[]>
  #endedMs: number | null = null

  constructor(options: Readonly<{ clock: SimClock; answering: Answering; ips: readonly string[]; everyMs: number }>) {
    this.#clock = options.clock
    this.#everyMs = options.everyMs
    this.#answering = options.answering
    this.#seen = new Map(options.ips.map((ip) => [ip, []]))
    this.#look()
  }

  end(): this {
    this.#endedMs = this.#clock.monotonicMs()
    return this
  }

  /** The longest time during which nobody answered for one of the addresses. */
  get nobodyMs(): number {
    return this.#longest(({ names }) => names.length === 0)
  }

  /** The longest time during which more than one did. */
  get severalMs(): number {
    return this.#longest(({ names }) => names.length > 1)
  }

  /** How often another one, or nobody, or one more answered for an address. */
  get changes(): number {
    return [...this.#seen.values()].reduce((sum, sights) => sum + sights.length - 1, 0)
  }

  /** All that was seen of an address, for messages. */
  of(ip: string): readonly Sight[] {
    return this.#seen.get(ip) ?? []
  }

  #look(): void {
    if (this.#endedMs !== null) return
    const atMs = this.#clock.monotonicMs()
    for (const [ip, sights] of this.#seen) {
      const names = this.#answering(ip)
      if (names.join() !== sights.at(-1)?.names.join()) sights.push({ atMs, names })
    }
    this.#clock.after(this.#everyMs, () => this.#look())
  }

  #longest(counts: (sight: Sight) => boolean): number {
    const nowMs = this.#endedMs ?? this.#clock.monotonicMs()
    let longestMs = 0
    for (const sights of this.#seen.values()) {
      let sinceMs: number | null = null
      for (const sight of sights) {
        if (counts(sight)) sinceMs ??= sight.atMs
        else if (sinceMs !== null) {
          longestMs = Math.max(longestMs, sight.atMs - sinceMs)
          sinceMs = null
        }
      }
      if (sinceMs !== null) longestMs = Math.max(longestMs, nowMs - sinceMs)
    }
    return longestMs
  }
}
