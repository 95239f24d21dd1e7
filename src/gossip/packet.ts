// SPDX-License-Identifier: Apache-2.0
/** Datagrams of the ring. */
import type { GossipDrop, Malformed, Message } from './messages.ts'

/** What all members of a ring agree on. `key`: 16, 24 or 32 bytes; null: nothing is encrypted. `label`: '' is none. */
export type Envelope = Readonly<{
  key: Uint8Array | null
  label: string
  compress: boolean
  verifyIncoming: boolean
  verifyOutgoing: boolean
}>

/** `crc`: the receiver speaks protocol 5. `nonce`: 12 bytes never used before; random ones when it is left out. */
export type SealOptions = Readonly<{ crc: boolean; nonce?: Uint8Array }>

/** Bytes that each message of a compound one costs besides itself. */
export const COMPOUND_BYTES_PER_MESSAGE = 2
/** A compound message counts its parts in one byte. */
export const COMPOUND_MAX_MESSAGES = 255

/** One datagram; more than one message make a compound one. Throws for none, or more than `COMPOUND_MAX_MESSAGES`. */
export function sealPacket(_messages: readonly Uint8Array[], _envelope: Envelope, _options?: SealOptions): Uint8Array {
  throw new Error('comes with the next commit')
}

/** The messages of a datagram; the parts of a compound one that are none are told to `dropped` and left out. */
export function openPacket(
  _bytes: Uint8Array,
  _envelope: Envelope,
  _dropped?: (why: GossipDrop) => void,
): readonly Message[] | Malformed {
  throw new Error('comes with the next commit')
}

/** Bytes for messages, each with `COMPOUND_BYTES_PER_MESSAGE` added, in a datagram of at most `limitBytes`. */
export function packetRoom(_envelope: Envelope, _limitBytes: number): number {
  throw new Error('comes with the next commit')
}
