// SPDX-License-Identifier: Apache-2.0
/**
 * A keyed tag behind each packet of the watch between speakers: the first 8 bytes of HMAC-SHA256 over the packet, with a
 * key derived from the ring's. RFC 5880's own authentication would need a sequence number in every packet, and so a
 * hash for each; here a session in peace says the same bytes all the time, and only other ones are verified. Whoever
 * can send in a peer's name may repeat what it said: random discriminators make that worthless after the session's
 * end, loss.ts believes no repeated bad news, and a repeated "Up" only delays what memberlist finds by itself.
 *
 * The length field of the packet stays 24 and its A bit 0: the tag is no part of it.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

const TAG_BYTES = 8
const PURPOSE = 'metallb-ts speaker watch, tag of BFD packets, 1'

export type Tagger = Readonly<{
  /** The packet as it goes out. */
  seal(packet: Uint8Array): Uint8Array
  /** The packet in what arrived; null: the tag is missing or wrong. Shares its memory. */
  open(bytes: Uint8Array): Uint8Array | null
}>

const PLAIN: Tagger = { seal: (packet) => packet, open: (bytes) => bytes }

/** `key` is the ring's, of any length; null: there are no tags, and what stands behind a packet is not looked at. */
export function tagger(key: Uint8Array | null): Tagger {
  if (key === null) return PLAIN
  const derived = createHmac('sha256', key).update(PURPOSE).digest()
  const tagOf = (packet: Uint8Array) => createHmac('sha256', derived).update(packet).digest().subarray(0, TAG_BYTES)
  return {
    seal: (packet) => Uint8Array.from([...packet, ...tagOf(packet)]),
    open(bytes) {
      if (bytes.length < TAG_BYTES) return null
      const packet = bytes.subarray(0, bytes.length - TAG_BYTES)
      return timingSafeEqual(tagOf(packet), bytes.subarray(bytes.length - TAG_BYTES)) ? packet : null
    },
  }
}
