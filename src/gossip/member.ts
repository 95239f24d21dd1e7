// SPDX-License-Identifier: Apache-2.0
/** What is known of one member of the ring. */
import { formatIp, parseIp } from '../lib/ip.ts'
import type { SocketAddress } from '../lib/sockets.ts'
import type { Alive, RemoteState } from './messages.ts'

export type MemberState = RemoteState['state']

export type Member = {
  readonly name: string
  /** 4 or 16 bytes, as it said. */
  address: Uint8Array
  port: number
  meta: Uint8Array
  versions: Uint8Array
  state: MemberState
  incarnation: number
  /** When it came into this state, in monotonic milliseconds. */
  sinceMs: number
}

/** A member as others see it. `sinceMs`: when it came into its state, in monotonic milliseconds. */
export type MemberView = Readonly<{
  name: string
  address: string
  port: number
  meta: Uint8Array
  state: MemberState
  incarnation: number
  sinceMs: number
}>

/** A DNS name has no more, and a Node's name is one. */
export const LONGEST_NAME_BYTES = 253
export const LONGEST_META_BYTES = 512
/** Incarnations are 32 bits on the wire. */
export const LAST_INCARNATION = 0xffff_ffff

/**
 * Protocol: from 1 to 5, speaking 2; delegate: 0. These are memberlist's own when its user sets none, as MetalLB does;
 * it takes no member whose delegate version the others do not know.
 */
export const MEMBERLIST_VERSIONS = Uint8Array.of(1, 5, 2, 0, 0, 0)

const ANY = /^(?:0\.0\.0\.0|::)$/

export function viewOf(member: Member): MemberView {
  const { name, port, meta, state, incarnation, sinceMs } = member
  return { name, address: addressText(member.address), port, meta, state, incarnation, sinceMs }
}

/** What others are told of it in a push/pull. */
export function stateOf({ name, address, port, meta, versions, incarnation, state }: Member): RemoteState {
  return { name, address, port, meta, versions, incarnation, state }
}

export function aliveOf({ name, address, port, meta, versions, incarnation }: Member): Alive {
  return { type: 'alive', incarnation, node: name, address, port, meta, versions }
}

export function socketOf({ address, port }: Pick<Member, 'address' | 'port'>): SocketAddress {
  return { address: addressText(address), port }
}

/** Canonical text of 4 or 16 bytes; '' for anything else. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) return ''
  let bits = 0n
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte)
  const text = formatIp({ family: 'ipv6', bits })
  // Go keeps IPv4 in 16 bytes at times: what is mapped is the IPv4 address.
  const parsed = parseIp(text)
  return parsed ? formatIp(parsed) : text
}

/** 4 or 16 bytes of an address; none for what is no address, and for 0.0.0.0 and ::, which nobody can send to. */
export function addressBytes(text: string): Uint8Array | undefined {
  const ip = parseIp(text)
  if (!ip || ANY.test(text)) return undefined
  const length = ip.family === 'ipv4' ? 4 : 16
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[length - 1 - i] = Number((ip.bits >> BigInt(8 * i)) & 255n)
  return bytes
}

/** True for what a single station can have: 0.0.0.0, ::, multicast and broadcast would make us send to many, or to ourselves. */
export function isUsableAddress(bytes: Uint8Array): boolean {
  const text = addressText(bytes)
  if (text === '' || ANY.test(text)) return false
  const first = text.includes(':') ? bytes[0] : Number(text.split('.')[0])
  return text.includes(':') ? first !== 0xff : (first ?? 0) > 0 && (first ?? 0) < 224
}

export function isDeadOrLeft({ state }: Pick<Member, 'state'>): boolean {
  return state === 'dead' || state === 'left'
}

/** The highest protocol version that it understands; 0: it did not say. */
export function protocolMax({ versions }: Pick<Member, 'versions'>): number {
  return versions[1] ?? 0
}

/**
 * True if each side speaks what the other one understands. Members without versions are old, and taken. memberlist
 * refuses the whole exchange for one member that differs; here that one alone stays out, so that it can harm nobody.
 */
export function canSpeak(theirs: Uint8Array, ours: Uint8Array): boolean {
  if (theirs.length === 0) return true
  if (theirs.length < 6) return false
  const [low = 0, high = 0, spoken = 0, delegateLow = 0, delegateHigh = 0, delegateSpoken = 0] = theirs
  const [ourLow = 0, ourHigh = 0, ourSpoken = 0, ourDelegateLow = 0, ourDelegateHigh = 0, ourDelegateSpoken = 0] = ours
  if (low === 0 || high === 0 || low > high) return false
  const protocol = within(spoken, ourLow, ourHigh) && within(ourSpoken, low, high)
  const delegate =
    within(delegateSpoken, ourDelegateLow, ourDelegateHigh) && within(ourDelegateSpoken, delegateLow, delegateHigh)
  return protocol && delegate
}

function within(value: number, from: number, to: number): boolean {
  return value >= from && value <= to
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

/** Its length in UTF-8 is what counts on the wire. */
export function isUsableName(name: string): boolean {
  return name !== '' && name.length <= LONGEST_NAME_BYTES && Buffer.byteLength(name) <= LONGEST_NAME_BYTES
}
