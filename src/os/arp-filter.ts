// SPDX-License-Identifier: Apache-2.0
/** ARP frames whose target or sender address is claimed pass (the sender: somebody else using our address), no others. */
import {
  type Cover,
  type Instruction,
  LOAD_WORD,
  onlyEtherType,
  passCovered,
  RETURN,
  statement,
} from './neighbor-filter.ts'

const SENDER_IP_AT = 28
const TARGET_IP_AT = 38
const ETHER_TYPE_ARP = 0x0806

/** The number of 32 bits that the filter looks up for an address of 4 bytes: itself. */
export function arpNumber(address: Uint8Array): number {
  return new DataView(address.buffer, address.byteOffset).getUint32(0)
}

/** The program for a cover of addresses: 256 of them stay far below the kernel's 4,096 instructions. */
export function arpFilter(covered: Cover): Instruction[] {
  if (covered.values.length === 0) return [statement(RETURN, 0)]
  const pass = passCovered(covered)
  return [
    ...onlyEtherType(ETHER_TYPE_ARP),
    statement(LOAD_WORD, TARGET_IP_AT),
    ...pass,
    statement(LOAD_WORD, SENDER_IP_AT),
    ...pass,
    statement(RETURN, 0),
  ]
}
