// SPDX-License-Identifier: Apache-2.0
/** The ARP reflex on Linux: the native thread's table and kernel filters, kept equal to what is claimed. */
import { bytesOf, formatMac, parseMac } from '../lib/bytes.ts'
import {
  ARP_DROPS,
  type ArpChange,
  type ArpCounters,
  type ArpDrop,
  type ArpListener,
  type ArpReflex,
  type Link,
  type SendResult,
} from '../lib/net.ts'
import { arpFilter, type Cover, cover, encodeFilter } from './arp-filter.ts'
import { ArpTable } from './arp-table.ts'
import { systemFault } from './fault.ts'
import { type Handle, loadNative } from './native.ts'

const ENOMEM = -12
const ENODEV = -19
const ECANCELED = -125
const EVENT_SUSPENDED = 0
/** Values a filter compares; a longer list costs the kernel's memory for socket options, and brings little. */
const FILTER_LIMIT = 256
/** What to try in turn where the kernel has no memory for the filter (net.core.optmem_max). */
const WIDER_LIMITS = [64, 16, 1]
const NO_FILTER = new Uint8Array(0)

/**
 * Starts the reflex. A process stopped for longer than `pauseMs` stays silent until `confirm`; 0 switches that off.
 * Throws Fault `noCapability` or `noAddon`.
 */
export function openArpReflex({ pauseMs }: { pauseMs: number }): ArpReflex {
  return new LinuxArpReflex(pauseMs)
}

class LinuxArpReflex implements ArpReflex {
  readonly #native = loadNative()
  readonly #handle: Handle
  readonly #table = new ArpTable()
  readonly #links = new Map<number, Link>()
  #cover: Cover = { prefixBits: 32, values: [] }
  #listener: ArpListener | undefined

  constructor(pauseMs: number) {
    const opened = this.#native.arpOpen(pauseMs, (kind, pausedMs, ip, index, mac) => {
      if (kind === EVENT_SUSPENDED) this.#listener?.onSuspended(pausedMs)
      else this.#listener?.onConflict({ ip, index, mac: formatMac(mac) })
    })
    if (typeof opened === 'number') throw systemFault(opened, 'open a packet socket')
    this.#handle = opened
  }

  listen(listener: ArpListener): void {
    this.#listener = listener
  }

  attach(link: Link): void {
    const mac = parseMac(link.mac ?? '') ?? new Uint8Array(6)
    const result = this.#widening((filter) => this.#native.arpAttach(this.#handle, link.index, mac, filter))
    if (result < 0) throw systemFault(result, `open a packet socket on interface ${link.name}`)
    this.#links.set(link.index, link)
  }

  detach(index: number): void {
    this.#links.delete(index)
    this.#native.arpDetach(this.#handle, index)
  }

  update(changes: readonly ArpChange[]): void {
    let changed = false
    for (const { ip, reach } of changes) changed = this.#table.set(ip, reach) || changed
    const { ips, firsts, counts, indexes } = this.#table.arrays()
    // The filter opens before the table knows a new address, and a request in between is one that came a moment early.
    if (changed) this.#refilter(ips)
    const arrays = [bytesOf(ips), bytesOf(firsts), bytesOf(counts), bytesOf(indexes)] as const
    const result = this.#native.arpSwap(this.#handle, ...arrays)
    if (result < 0) throw systemFault(result, `claim ${ips.length} addresses`)
  }

  send(index: number, frame: Uint8Array): SendResult {
    const result = this.#native.arpSend(this.#handle, index, frame)
    if (result === 0) return 'sent'
    return result === ECANCELED ? 'suspended' : 'lost'
  }

  confirm(): void {
    this.#native.arpConfirm(this.#handle)
  }

  counters(): ArpCounters {
    const { ips } = this.#table.arrays()
    const counts = new BigUint64Array(2 * ips.length)
    const drops = new BigUint64Array(ARP_DROPS.length + 1) // the native codes start at 1
    this.#native.arpRead(this.#handle, bytesOf(counts), bytesOf(drops))
    const addresses = Array.from(ips, (ip, i) => ({
      ip,
      requests: Number(counts[2 * i]),
      replies: Number(counts[2 * i + 1]),
    }))
    const drop = (name: ArpDrop) => Number(drops[ARP_DROPS.indexOf(name) + 1])
    return {
      addresses,
      drops: {
        operation: drop('operation'),
        destination: drop('destination'),
        notAnnounced: drop('notAnnounced'),
        notOnInterface: drop('notOnInterface'),
        malformed: drop('malformed'),
        suspended: drop('suspended'),
      },
    }
  }

  close(): void {
    this.#native.arpClose(this.#handle)
  }

  /** Gives every link the filter for these addresses, if it is another one than before. */
  #refilter(ips: Uint32Array): void {
    const next = cover(ips, FILTER_LIMIT)
    if (sameCover(this.#cover, next)) return
    this.#cover = next
    for (const link of this.#links.values()) {
      const result = this.#widening((filter) => this.#native.arpFilter(this.#handle, link.index, filter))
      // The link may have vanished; its news is on the way. Without a filter all ARP passes, and nothing is missed.
      if (result < 0 && result !== ENODEV) throw systemFault(result, `filter on ${link.name}`)
    }
  }

  /** Attempts the exact filter first; in the end none, so that all ARP passes. */
  #widening(attempt: (filter: Uint8Array) => number): number {
    const { ips } = this.#table.arrays()
    let result = attempt(encodeFilter(arpFilter(this.#cover)))
    for (const limit of WIDER_LIMITS) {
      if (result !== ENOMEM) break
      result = attempt(encodeFilter(arpFilter(cover(ips, limit))))
    }
    return result === ENOMEM ? attempt(NO_FILTER) : result
  }
}

function sameCover(a: Cover, b: Cover): boolean {
  return (
    a.prefixBits === b.prefixBits &&
    a.values.length === b.values.length &&
    a.values.every((value, i) => value === b.values[i])
  )
}
