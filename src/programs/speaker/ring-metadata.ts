// SPDX-License-Identifier: Apache-2.0
/**
 * What a speaker of ours tells all others with its membership, in memberlist's 512 bytes of metadata. A member without
 * it (MetalLB's speakers have none) is taken to have everything.
 *
 *   4d 62 01                        "Mb", version 1
 *   u8 kind · u16 length · value    any number of them; unknown kinds are passed over
 *
 *   1 flags     u8: 1 announces (else it is still starting) · 2 gates are those that fail, all others are passed
 *   2 version   text
 *   3 watch     u16 port on which it is watched
 *   4 gates     health gates that it passes: u16 port · u8 path (0 "/", 1 "/healthz"), each
 *   5 lacking   interfaces named by advertisements that it does not have: text, each ended by 00
 *   6 macs      6 bytes, each
 */
import { formatMac, parseMac } from '../../lib/bytes.ts'
import { type GateKey, gateKey } from '../../plan/gate.ts'

/** memberlist's limit (MetaMaxSize). */
export const METADATA_BYTES = 512

export type Metadata = Readonly<{
  /** It has planned everything, and answers for what is its own. */
  announces: boolean
  version: string
  /** 0: it is not watched. */
  watchPort: number
  gates: GateStates
  /** Names of interfaces. */
  lacking: ReadonlySet<string>
  macs: readonly string[]
}>

/** Gates in `listed` are passed and all others are not, or (`all but`) the other way round. */
export type GateStates = Readonly<{ passed: 'only' | 'all but'; listed: ReadonlySet<GateKey> }>

const HEAD = [0x4d, 0x62, 1]
const KINDS = { flags: 1, version: 2, watch: 3, gates: 4, lacking: 5, macs: 6 } as const
const ANNOUNCES = 1
const ALL_BUT = 2
const PATHS = ['/', '/healthz'] as const

export function passes({ passed, listed }: GateStates, gate: GateKey): boolean {
  return listed.has(gate) === (passed === 'only')
}

/**
 * At most METADATA_BYTES. What does not fit is left out, from the end of each list and MAC addresses first: a gate that
 * is not listed as passed counts as failed, an interface not listed as lacking as there.
 */
export function encodeMetadata({ announces, version, watchPort, gates, lacking, macs }: Metadata): Uint8Array {
  const flags = (announces ? ANNOUNCES : 0) | (gates.passed === 'all but' ? ALL_BUT : 0)
  const out = [...HEAD]
  const put = (kind: number, values: Iterable<readonly number[]>) => {
    const room = METADATA_BYTES - out.length - 3
    const value: number[] = []
    for (const each of values) {
      if (value.length + each.length > room) break
      value.push(...each)
    }
    if (value.length > 0) out.push(kind, value.length >> 8, value.length & 0xff, ...value)
  }
  put(KINDS.flags, [[flags]])
  put(KINDS.version, [[...new TextEncoder().encode(version).subarray(0, 64)]])
  put(KINDS.watch, [[watchPort >> 8, watchPort & 0xff]])
  put(KINDS.gates, [...gates.listed].toSorted().map(bytesOfGate))
  put(
    KINDS.lacking,
    [...lacking].toSorted().map((name) => [...new TextEncoder().encode(name), 0]),
  )
  put(
    KINDS.macs,
    macs.map((mac) => [...(parseMac(mac) ?? [])]),
  )
  return Uint8Array.from(out)
}

/** Null for anything but the metadata of a speaker of ours, from whomever it came. */
export function decodeMetadata(bytes: Uint8Array): Metadata | null {
  if (bytes.length > METADATA_BYTES || HEAD.some((byte, at) => bytes[at] !== byte)) return null
  const fields = new Map<number, Uint8Array>()
  for (let at = HEAD.length; at < bytes.length; ) {
    const end = at + 3 + word(bytes, at + 1)
    if (at + 3 > bytes.length || end > bytes.length) return null
    fields.set(bytes[at] ?? 0, bytes.subarray(at + 3, end))
    at = end
  }
  const field = (kind: keyof typeof KINDS) => fields.get(KINDS[kind]) ?? new Uint8Array()
  const flags = field('flags')[0] ?? 0
  return {
    announces: (flags & ANNOUNCES) !== 0,
    version: text(field('version')).replaceAll(/[^\w.+-]/g, ''),
    watchPort: field('watch').length < 2 ? 0 : word(field('watch'), 0),
    gates: {
      passed: (flags & ALL_BUT) === 0 ? 'only' : 'all but',
      listed: new Set(chunks(field('gates'), 3).map(gateOfBytes)),
    },
    lacking: new Set(
      text(field('lacking'))
        .split('\0')
        .filter((name) => name !== ''),
    ),
    macs: chunks(field('macs'), 6).map(formatMac),
  }
}

function bytesOfGate(gate: GateKey): number[] {
  const port = Number.parseInt(gate, 10)
  return [port >> 8, port & 0xff, gate.endsWith('/healthz') ? 1 : 0]
}

function gateOfBytes(bytes: Uint8Array): GateKey {
  return gateKey({ port: word(bytes, 0), path: PATHS[bytes[2] === 1 ? 1 : 0] })
}

/** Whole ones only. */
function chunks(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.floor(bytes.length / size)
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size))
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
