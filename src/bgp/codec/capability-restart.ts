// SPDX-License-Identifier: Apache-2.0
/**
 * The graceful restart capability (RFC 4724 §3, N bit RFC 8538 §2): four bits of flags and twelve of seconds, then AFI,
 * SAFI and flags of each family.
 */
import { afiOf, familyOf, UNICAST } from './family.ts'
import type { Capability, GracefulRestart } from './message.ts'

const RESTARTING = 0x80
const NOTIFICATION = 0x40
const PRESERVED = 0x80
const HEAD_BYTES = 2
const FAMILY_BYTES = 4
const MAX_RESTART_SECONDS = 0xfff

/** Null: the value has no such length. Families that we do not speak are left out. */
export function decodeGracefulRestart(value: Uint8Array): Capability[] | null {
  if (value.length < HEAD_BYTES || (value.length - HEAD_BYTES) % FAMILY_BYTES !== 0) return null
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  const families: GracefulRestart['families'][number][] = []
  for (let at = HEAD_BYTES; at < value.length; at += FAMILY_BYTES) {
    const family = familyOf(view.getUint16(at), view.getUint8(at + 2))
    if (family !== null) families.push({ family, preserved: (view.getUint8(at + 3) & PRESERVED) !== 0 })
  }
  const restarting = (view.getUint8(0) & RESTARTING) !== 0
  const notification = (view.getUint8(0) & NOTIFICATION) !== 0
  const restartSeconds = view.getUint16(0) & MAX_RESTART_SECONDS
  return [{ type: 'gracefulRestart', restarting, notification, restartSeconds, families }]
}

/** The value; times above 4,095 s are sent as that. */
export function encodeGracefulRestart({ restarting, notification, restartSeconds, families }: GracefulRestart) {
  const seconds = Math.min(restartSeconds, MAX_RESTART_SECONDS)
  const flags = (restarting ? RESTARTING : 0) | (notification ? NOTIFICATION : 0)
  const tuples = families.flatMap(({ family, preserved }) => [0, afiOf(family), UNICAST, preserved ? PRESERVED : 0])
  return Uint8Array.of(flags | (seconds >> 8), seconds & 0xff, ...tuples)
}
