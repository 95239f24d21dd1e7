// SPDX-License-Identifier: Apache-2.0
/**
 * Neighbour solicitations and advertisements for claimed addresses pass, no others. The four words of an IPv6 address are
 * folded into one by exclusive or, so that the filter is no longer than ARP's: addresses that differ in their last word
 * alone, as those of a pool do, stay as far apart as they are, and prefixes that cover one kind cover the other.
 */
import {
  type Cover,
  type Instruction,
  LOAD_BYTE,
  LOAD_WORD,
  onlyEqual,
  onlyEtherType,
  passCovered,
  RETURN,
  statement,
  TO_INDEX,
  XOR_INDEX,
} from './neighbor-filter.ts'

const NEXT_HEADER_AT = 20
const TYPE_AT = 54
const TARGET_AT = 62
const ETHER_TYPE_IPV6 = 0x86dd
const ICMPV6 = 58
const SOLICITATION = 135
const ADVERTISEMENT = 136

/** The number of 32 bits that the filter looks up for an address of 16 bytes. */
export function ndpNumber(address: Uint8Array): number {
  const view = new DataView(address.buffer, address.byteOffset)
  return (view.getUint32(0) ^ view.getUint32(4) ^ view.getUint32(8) ^ view.getUint32(12)) >>> 0
}

/** The program for a cover of folded addresses. */
export function ndpFilter(covered: Cover): Instruction[] {
  if (covered.values.length === 0) return [statement(RETURN, 0)]
  return [
    ...onlyEtherType(ETHER_TYPE_IPV6),
    statement(LOAD_BYTE, NEXT_HEADER_AT),
    ...onlyEqual(ICMPV6),
    statement(LOAD_BYTE, TYPE_AT),
    ...onlyEqual(SOLICITATION, ADVERTISEMENT),
    statement(LOAD_WORD, TARGET_AT),
    ...[4, 8, 12].flatMap((at) => [
      statement(TO_INDEX, 0),
      statement(LOAD_WORD, TARGET_AT + at),
      statement(XOR_INDEX, 0),
    ]),
    ...passCovered(covered),
    statement(RETURN, 0),
  ]
}
