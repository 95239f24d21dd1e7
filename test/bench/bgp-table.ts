// SPDX-License-Identifier: Apache-2.0
/** One table of routes, many prefixes with few sets of attributes, in the form that each speaker of the BGP benches takes. */
import type { Route } from '../../src/bgp/route.ts'

export const PREFIXES = 100_000
const SETS = 10
const COMMUNITY_AS = 65_000
/** Apart from the first one of each set, so that every set has two communities and a large one. */
const SECOND = 100
const LOST_AT_THE_END = 4096

type Place = Readonly<{ address: number; set: number }>

/** Host routes of 10.0.0.0/8 one after the other; neighbours differ in their attributes, as those of Services may. */
function places(count: number): Place[] {
  return Array.from({ length: count }, (_, at) => ({ address: 0x0a00_0000 + at, set: at % SETS }))
}

/** As our Rib takes them. */
export function routes(count: number): Route[] {
  const paths = Array.from({ length: SETS }, (_, set) => ({
    localPref: null,
    communities: [community(set), community(SECOND + set)],
    largeCommunities: [`${COMMUNITY_AS}:${set}:1`],
    med: null,
    prepend: [],
  }))
  return places(count).map(({ address, set }) => {
    const [path] = paths.slice(set)
    if (!path) throw new RangeError(`there is no set ${set}`)
    return { prefix: { family: 'ipv4', first: BigInt(address), prefixBits: 32 }, ...path }
  })
}

/** As BIRD's configuration has them: a static protocol for each set. */
export function birdStatics(): string {
  const lines = Array.from({ length: SETS }, (): string[] => [])
  for (const { address, set } of places(PREFIXES)) lines[set]?.push(`route ${dotted(address)}/32 blackhole;`)
  return lines
    .map((own, set) => {
      const values = [set, SECOND + set].map((value) => `bgp_community.add((${COMMUNITY_AS},${value}));`)
      const large = `bgp_large_community.add((${COMMUNITY_AS},${set},1));`
      const filter = `import filter { ${values.join(' ')} ${large} accept; };`
      return `protocol static s${set} {\nipv4 { ${filter} };\n${own.join('\n')}\n}`
    })
    .join('\n')
}

/**
 * As a dump of a table (MRT, RFC 6396 §4.3), which gobgp can hand to gobgpd. It loses some of what comes last, so the end
 * comes twice.
 */
export function mrtDump(): Buffer {
  // Collector, an empty name of the view, one peer: of type IPv4 with four octets of AS, its ID, address and AS.
  const peer = Buffer.from('0a000001 0000 0001 02 0a000001 0a000001 0000fde8'.replaceAll(' ', ''), 'hex')
  const attributes = Array.from({ length: SETS }, (_, set) => attributesOf(set))
  const entries = places(PREFIXES).map(({ address, set }, at) => {
    const path = attributes[set] ?? Buffer.alloc(0)
    const entry = Buffer.alloc(4 + 1 + 4 + 2 + 2 + 4 + 2)
    let end = entry.writeUInt32BE(at)
    end = entry.writeUInt8(32, end)
    end = entry.writeUInt32BE(address, end)
    end = entry.writeUInt16BE(1, end) // one path
    end = entry.writeUInt16BE(0, end) // of the first peer
    end = entry.writeUInt32BE(0, end) // since 1970
    entry.writeUInt16BE(path.length, end)
    return mrtRecord(MRT.ribIpv4Unicast, Buffer.concat([entry, path]))
  })
  return Buffer.concat([mrtRecord(MRT.peerIndexTable, peer), ...entries, ...entries.slice(-LOST_AT_THE_END)])
}

const MRT = { tableDumpV2: 13, peerIndexTable: 1, ribIpv4Unicast: 2 } as const

function mrtRecord(subtype: number, body: Buffer): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt16BE(MRT.tableDumpV2, 4)
  head.writeUInt16BE(subtype, 6)
  head.writeUInt32BE(body.length, 8)
  return Buffer.concat([head, body])
}

/** ORIGIN igp, an empty AS_PATH, NEXT_HOP, and the communities (RFC 4271 §4.3, RFC 1997, RFC 8092). */
function attributesOf(set: number): Buffer {
  const plain = Buffer.alloc(8)
  plain.writeUInt32BE(community(set))
  plain.writeUInt32BE(community(SECOND + set), 4)
  const large = Buffer.alloc(12)
  large.writeUInt32BE(COMMUNITY_AS)
  large.writeUInt32BE(set, 4)
  large.writeUInt32BE(1, 8)
  const fixed = Buffer.from('40010100 400200 4003040a420003'.replaceAll(' ', ''), 'hex')
  return Buffer.concat([fixed, Buffer.of(0xc0, 8, plain.length), plain, Buffer.of(0xc0, 32, large.length), large])
}

function community(value: number): number {
  return COMMUNITY_AS * 65_536 + value
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((bits) => (address >>> bits) & 255).join('.')
}
