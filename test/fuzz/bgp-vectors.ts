// SPDX-License-Identifier: Apache-2.0
/**
 * BGP messages without their markers. Captured between BIRD 2.0.12, FRR 8.4, GoBGP 3.10 and ExaBGP 4.2.21 of Debian in
 * two network namespaces; BIRD is AS 4200000001, 10.9.0.1, and the others have AS numbers from 64502 on.
 */
import { type AddressFamily, type Dialect, INITIAL_DIALECT } from '../../src/bgp/codec/message.ts'
import { fromHex } from '../../src/lib/bytes.ts'

const BOTH: ReadonlySet<AddressFamily> = new Set(['ipv4', 'ipv6'])
/** What two modern speakers agree on. */
export const FOUR_OCTETS: Dialect = {
  ...INITIAL_DIALECT,
  fourOctetAs: true,
  families: BOTH,
  extendedNextHop: new Set(['ipv4']),
}
export const TWO_OCTETS: Dialect = { ...FOUR_OCTETS, fourOctetAs: false }
export const INTERNAL: Dialect = { ...FOUR_OCTETS, internal: true }

/** The bytes of a message: from its marker on, when the text begins with its length. */
export function messageOf(hex: string): Uint8Array {
  return fromHex('ff'.repeat(16) + hex)
}

/** A message around a body, with the length that it needs. */
export function messageAround(type: number, body: string | Uint8Array): Uint8Array {
  const bytes = typeof body === 'string' ? fromHex(body) : body
  const length = 19 + bytes.length
  return Uint8Array.from([...new Uint8Array(16).fill(255), length >> 8, length & 255, type, ...bytes])
}

/** An UPDATE of three fields in hexadecimal, lengths counted. */
export function updateAround(attributes: string, reached = '', withdrawn = ''): Uint8Array {
  const [gone, path] = [fromHex(withdrawn), fromHex(attributes)]
  const lengths = [gone, path].map(({ length }) => [length >> 8, length & 255])
  const body = [...(lengths[0] ?? []), ...gone, ...(lengths[1] ?? []), ...path, ...fromHex(reached)]
  return messageAround(2, Uint8Array.from(body))
}

export type Vector = Readonly<{
  name: string
  /** How AS numbers were told in that session. */
  asBytes: 2 | 4
  hex: string
  /** How we say the same, where it differs: attributes in order, short lengths, one parameter for all capabilities. */
  ours?: string
}>

export const VECTORS: readonly Vector[] = [
  {
    name: 'open of ExaBGP, AS numbers of two octets',
    asBytes: 2,
    hex: '0031 01 04fbf900 5a0a0900 05140206 01040001 00010202 02000202 46000202 0600',
    ours: '002b 01 04fbf900 5a0a0900 050e020c 01040001 00010200 46000600',
  },
  {
    name: 'open of BIRD, AS numbers of two octets',
    asBytes: 2,
    hex: '0047 01 045ba000 f00a0900 012a0228 01040001 00010104 00020001 02000506 00010001 00020600 400a003c 00010100 00020100 46004700',
  },
  {
    name: 'open of ExaBGP, a parameter for each capability',
    asBytes: 4,
    hex: '004f 01 04fbf800 5a0a0900 04320206 01040001 00010206 01040002 00010206 41040000 fbf8020c 400a803c 00010180 00020180 02020200 02024600 02020600',
    ours: '0043 01 04fbf800 5a0a0900 04260224 01040001 00010104 00020001 41040000 fbf8400a 803c0001 01800002 01800200 46000600',
  },
  {
    name: 'open of BIRD, AS_TRANS',
    asBytes: 4,
    hex: '004d 01 045ba000 f00a0900 0130022e 01040001 00010104 00020001 02000506 00010001 00020600 400a003c 00010100 00020100 4104fa56 ea014600 4700',
  },
  {
    name: 'open of FRR over IPv6, extended next hop',
    asBytes: 4,
    hex: '0086 01 04fbf600 b40a0900 02690206 01040001 00010208 05060001 00010002 02060104 00020001 02028000 02020200 02024600 02064104 0000fbf6 02020600 020a4508 00010101 00020101 02094907 05667272 2d610002 0c400ac0 78000101 00000201 00021047 0e000101 80000000 00020180 000000',
    ours: '0070 01 04fbf600 b40a0900 02530251 01040001 00010506 00010001 00020104 00020001 80000200 46004104 0000fbf6 06004508 00010101 00020101 49070566 72722d61 00400ac0 78000101 00000201 00470e00 01018000 00000002 01800000 00',
  },
  {
    name: 'open of GoBGP',
    asBytes: 4,
    hex: '004d 01 04fbf700 5a0a0900 0330022e 02004904 02766d00 01040001 00010104 00020001 41040000 fbf7400a 40780001 01000002 01000506 00010001 0002',
  },
  { name: 'keepalive', asBytes: 4, hex: '0013 04' },
  {
    name: 'ExaBGP, AS numbers of two octets',
    asBytes: 2,
    hex: '0035 02 00000019 40010100 40020402 01fbf940 03040a09 0005c008 04fbf900 0120c000 0204',
  },
  {
    name: 'BIRD, AS4_PATH',
    asBytes: 2,
    hex: '0038 02 0000001b 40010100 40020402 015ba040 03040a09 0001c011 060201fa 56ea0100 19cb0071 80',
  },
  {
    name: 'BIRD, AS4_PATH between communities',
    asBytes: 2,
    hex: '004c 02 00000031 40010100 40020402 015ba040 03040a09 0001c008 04fbf400 01c01106 0201fa56 ea01c020 0c0000fb f4000000 02000000 0318c633 64',
  },
  {
    name: 'ExaBGP, all that a route can have',
    asBytes: 4,
    hex: '0051 02 00000035 40010100 40020a02 020000fb f8fa56ed 09400304 0a090004 80040400 000064c0 0804fbf8 0009c020 0c0000fb f8000000 01000000 0119c000 0200',
  },
  {
    name: 'ExaBGP, IPv6 prefixes behind other attributes',
    asBytes: 4,
    hex: '0043 02 0000002c 40010100 40020602 010000fb f8800e1c 00020110 20010db8 00090000 00000000 00000004 00302001 0db8000e',
    ours: '0043 02 0000002c 800e1c00 02011020 010db800 09000000 00000000 00000400 3020010d b8000e40 01010040 02060201 0000fbf8',
  },
  {
    name: 'BIRD, default route',
    asBytes: 4,
    hex: '0031 02 00000014 40010100 40020602 01fa56ea 01400304 0a090001 0019cb00 7180',
  },
  {
    name: 'BIRD, communities',
    asBytes: 4,
    hex: '0045 02 0000002a 40010100 40020602 01fa56ea 01400304 0a090001 c00804fb f40001c0 200c0000 fbf40000 00020000 000318c6 3364',
  },
  {
    name: 'BIRD, IPv6 with two next hops',
    asBytes: 4,
    hex: '0065 02 0000004e 900e003d 00020120 20010db8 00090000 00000000 00000001 fe800000 00000000 cc5004ff fed8988d 00302001 0db8000a 8020010d b8000b00 00000000 00000000 01400101 00400206 0201fa56 ea01',
    ours: '0064 02 0000004d 800e3d00 02012020 010db800 09000000 00000000 000001fe 80000000 000000cc 5004fffe d8988d00 3020010d b8000a80 20010db8 000b0000 00000000 00000001 40010100 40020602 01fa56ea 01',
  },
  {
    name: 'BIRD, IPv4 over IPv6 next hops',
    asBytes: 4,
    hex: '0053 02 0000003c 900e002b 00010120 20010db8 00090000 00000000 00000001 fe800000 00000000 cc5004ff fed8988d 000019cb 00718040 01010040 02060201 fa56ea01',
    ours: '0052 02 0000003b 800e2b00 01012020 010db800 09000000 00000000 000001fe 80000000 000000cc 5004fffe d8988d00 0019cb00 71804001 01004002 060201fa 56ea01',
  },
  {
    name: 'BIRD, IPv4 in MP_REACH_NLRI',
    asBytes: 4,
    hex: '0037 02 00000020 900e000f 00010104 0a090001 000019cb 00718040 01010040 02060201 fa56ea01',
    ours: '0031 02 00000014 40010100 40020602 01fa56ea 01400304 0a090001 0019cb00 7180',
  },
  {
    name: 'GoBGP, NEXT_HOP as the last attribute',
    asBytes: 4,
    hex: '0051 02 00000035 40010102 40020a02 020000fb f7fa56ed 78800404 00000009 c00804fb f70001c0 200c0000 fbf70000 00010000 00024003 040a0900 031ac000 0240',
    ours: '0051 02 00000035 40010102 40020a02 020000fb f7fa56ed 78400304 0a090003 80040400 000009c0 0804fbf7 0001c020 0c0000fb f7000000 01000000 021ac000 0240',
  },
  {
    name: 'GoBGP, IPv6',
    asBytes: 4,
    hex: '0043 02 0000002c 40010102 40020602 010000fb f7800e1c 00020110 20010db8 00090000 00000000 00000003 00302001 0db8000d',
    ours: '0043 02 0000002c 800e1c00 02011020 010db800 09000000 00000000 00000300 3020010d b8000d40 01010240 02060201 0000fbf7',
  },
  {
    name: 'FRR, aggregate',
    asBytes: 4,
    hex: '0044 02 0000002a 40010100 50020006 02010000 fbf64003 040a0900 02800404 00000000 400600c0 07080000 fbf60a09 000210c0 00',
    ours: '0043 02 00000029 40010100 40020602 010000fb f6400304 0a090002 80040400 00000040 0600c007 080000fb f60a0900 0210c000',
  },
  {
    name: 'FRR, IPv6 with an IPv4 next hop',
    asBytes: 4,
    hex: '004c 02 00000035 900e001c 00020110 00000000 00000000 0000ffff 0a090002 00302001 0db8000c 40010100 50020006 02010000 fbf68004 04000000 00',
    ours: '004a 02 00000033 800e1c00 02011000 00000000 00000000 00ffff0a 09000200 3020010d b8000c40 01010040 02060201 0000fbf6 80040400 000000',
  },
  {
    name: 'FRR, IPv4 over an IPv6 next hop',
    asBytes: 4,
    hex: '0049 02 00000032 900e0019 00010110 20010db8 00090000 00000000 00000002 0018c000 02400101 00500200 06020100 00fbf680 04040000 0000',
    ours: '0047 02 00000030 800e1900 01011020 010db800 09000000 00000000 00000200 18c00002 40010100 40020602 010000fb f6800404 00000000',
  },
  { name: 'FRR, withdrawn', asBytes: 4, hex: '001b 02 000418c0 00020000' },
  {
    name: 'FRR, withdrawn IPv6',
    asBytes: 4,
    hex: '0025 02 0000000e 900f000a 00020130 20010db8 000c',
    ours: '0024 02 0000000d 800f0a00 02013020 010db800 0c',
  },
  {
    name: 'FRR, IPv4 withdrawn in MP_UNREACH_NLRI',
    asBytes: 4,
    hex: '0022 02 0000000b 900f0007 00010118 c00002',
    ours: '001b 02 000418c0 00020000',
  },
  { name: 'end of RIB', asBytes: 4, hex: '0017 02 00000000' },
  { name: 'end of RIB of FRR for IPv6', asBytes: 4, hex: '001d 02 00000006 800f0300 0201' },
  {
    name: 'end of RIB of ExaBGP for IPv6',
    asBytes: 4,
    hex: '001e 02 00000007 900f0003 000201',
    ours: '001d 02 00000006 800f0300 0201',
  },
  { name: 'refresh', asBytes: 4, hex: '0017 05 00010001' },
  { name: 'refresh begins', asBytes: 4, hex: '0017 05 00010101' },
  { name: 'refresh of IPv6 ends', asBytes: 4, hex: '0017 05 00020201' },
  { name: 'notification of FRR, invalid network', asBytes: 4, hex: '0015 03 030a' },
  { name: 'notification of BIRD, wrong AS', asBytes: 4, hex: '0019 03 02020000 fbf7' },
  {
    name: 'notification of BIRD, text in two scripts',
    asBytes: 4,
    hex: '0030 03 06021a6d 6f766564 20746f20 7261636b 203420e2 80932064 c3a96ac3 a0',
  },
  {
    name: 'notification of FRR, shutdown',
    asBytes: 4,
    hex: '002b 03 0602156d 61696e74 656e616e 63652077 696e646f 77203132',
  },
]
