// SPDX-License-Identifier: Apache-2.0
/** One protocol of the native reflex: its table and kernel filters, kept equal to what is claimed. */
import { close } from 'node:fs'
import { bytesOf, parseMac } from '../lib/bytes.ts'
import { formatIp, parseIp } from '../lib/ip.ts'
import type { NeighborProtocol, Reach } from '../lib/neighbors.ts'
import type { Link } from '../lib/net.ts'
import { arpFilter, arpNumber } from './arp-filter.ts'
import { systemFault } from './fault.ts'
import type { Handle, Native } from './native.ts'
import { ndpFilter, ndpNumber } from './ndp-filter.ts'
import { cover, EMPTY_COVER, encodeFilter, type Instruction, sameCover } from './neighbor-filter.ts'
import { NeighborTable } from './neighbor-table.ts'

const ENOMEM = -12
const ENODEV = -19
/** Values a filter compares; a longer list costs the kernel's memory for socket options, and brings little. */
const FILTER_LIMIT = 256
/** What to try in turn where the kernel has no memory for the filter (net.core.optmem_max). */
const WIDER_LIMITS = [64, 16, 1]
const NO_FILTER = new Uint8Array(0)
/** NEIGHBOR_DROPS of src/os/native/neighbor-table.h, with the unused zero. */
export const DROP_CODES = 11

/** `code` is that of enum reflex_protocol. */
const SPOKEN = {
  arp: { code: 0, keyBytes: 4, numberOf: arpNumber, filter: arpFilter },
  ndp: { code: 1, keyBytes: 16, numberOf: ndpNumber, filter: ndpFilter },
} as const

export type Counted = Readonly<{
  addresses: readonly Readonly<{ ip: string; requests: number; replies: number }>[]
  /** By native code. */
  drops: BigUint64Array
}>

/** Throws Faults: of `attach` `noLink`, `linkDown` and such, elsewhere `system`. */
export class LinuxProtocol {
  readonly #native: Native
  readonly #handle: Handle
  readonly #spoken: (typeof SPOKEN)[NeighborProtocol]
  readonly #links = new Map<number, Link>()
  readonly table: NeighborTable
  #cover = EMPTY_COVER
  /** Whether addresses came or went since the filters were made. */
  #isOther = false

  constructor(native: Native, handle: Handle, protocol: NeighborProtocol) {
    this.#native = native
    this.#handle = handle
    this.#spoken = SPOKEN[protocol]
    this.table = new NeighborTable(this.#spoken.keyBytes, this.#spoken.numberOf)
  }

  attach(link: Link): void {
    const mac = parseMac(link.mac ?? '') ?? new Uint8Array(6)
    const { code } = this.#spoken
    const result = this.#widening((filter) => this.#native.neighborAttach(this.#handle, code, link.index, mac, filter))
    if (result < 0) throw systemFault(result, `open a packet socket on interface ${link.name}`)
    this.#links.set(link.index, link)
  }

  detach(index: number): void {
    this.#links.delete(index)
    const descriptor = this.#native.neighborDetach(this.#handle, this.#spoken.code, index)
    // The kernel waits for its readers, some 10 ms: in another thread, as a thousand links may go at once.
    if (descriptor >= 0) close(descriptor, () => {})
  }

  /** Takes effect with `swap`. */
  set(key: Uint8Array, reach: Reach | null): void {
    this.#isOther = this.table.set(key, reach) || this.#isOther
  }

  swap(): void {
    const { keys, firsts, counts, indexes, numbers } = this.table.arrays()
    // The filter opens before the table knows a new address, and a request in between is one that came a moment early.
    if (this.#isOther) this.#refilter(numbers)
    this.#isOther = false
    const arrays = [keys, bytesOf(firsts), bytesOf(counts), bytesOf(indexes)] as const
    const result = this.#native.neighborSwap(this.#handle, this.#spoken.code, ...arrays)
    if (result < 0) throw systemFault(result, `claim ${firsts.length} addresses`)
  }

  /** 0 or a negative errno. */
  send(index: number, frame: Uint8Array): number {
    return this.#native.neighborSend(this.#handle, this.#spoken.code, index, frame)
  }

  read(): Counted {
    const { keys, firsts } = this.table.arrays()
    const { code, keyBytes } = this.#spoken
    const counts = new BigUint64Array(2 * firsts.length)
    const drops = new BigUint64Array(DROP_CODES)
    this.#native.neighborRead(this.#handle, code, bytesOf(counts), bytesOf(drops))
    const addresses = Array.from(firsts, (_, i) => ({
      ip: textOf(keys.subarray(i * keyBytes, (i + 1) * keyBytes)),
      requests: Number(counts[2 * i]),
      replies: Number(counts[2 * i + 1]),
    }))
    return { addresses, drops }
  }

  /** Gives every link the filter for these addresses, if it is another one than before. */
  #refilter(numbers: Uint32Array): void {
    const next = cover(numbers, FILTER_LIMIT)
    if (sameCover(this.#cover, next)) return
    this.#cover = next
    const { code } = this.#spoken
    for (const link of this.#links.values()) {
      const result = this.#widening((filter) => this.#native.neighborFilter(this.#handle, code, link.index, filter))
      // The link may have vanished; its news is on the way. Without a filter all frames pass, and nothing is missed.
      if (result < 0 && result !== ENODEV) throw systemFault(result, `filter on ${link.name}`)
    }
  }

  /** Attempts the exact filter first; in the end none, so that all frames of the EtherType pass. */
  #widening(attempt: (filter: Uint8Array) => number): number {
    const { numbers } = this.table.arrays()
    const encoded = (program: readonly Instruction[]) => attempt(encodeFilter(program))
    let result = encoded(this.#spoken.filter(this.#cover))
    for (const limit of WIDER_LIMITS) {
      if (result !== ENOMEM) break
      result = encoded(this.#spoken.filter(cover(numbers, limit)))
    }
    return result === ENOMEM ? attempt(NO_FILTER) : result
  }
}

/** An address in canonical text as its 4 or 16 bytes on the wire. */
export function keyOf(text: string): Uint8Array {
  const ip = parseIp(text)
  const bytes = new Uint8Array(ip?.family === 'ipv6' ? 16 : 4)
  for (let i = bytes.length - 1, bits = ip?.bits ?? 0n; i >= 0; i--, bits >>= 8n) bytes[i] = Number(bits & 0xffn)
  return bytes
}

/** The canonical text of an address of 4 or 16 bytes. */
export function textOf(key: Uint8Array): string {
  const bits = key.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n)
  return formatIp({ family: key.length === 4 ? 'ipv4' : 'ipv6', bits })
}
