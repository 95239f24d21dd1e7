// SPDX-License-Identifier: Apache-2.0
/** What members of a ring tell each other: the messages of hashicorp/memberlist, protocol version 1 to 5, as values. */

/** The leading byte of each message on the wire. */
export const MESSAGE_CODES = {
  ping: 0,
  indirectPing: 1,
  ack: 2,
  suspect: 3,
  alive: 4,
  dead: 5,
  pushPull: 6,
  compound: 7,
  user: 8,
  compress: 9,
  encrypt: 10,
  nack: 11,
  crc: 12,
  error: 13,
  label: 244,
} as const

/** IP addresses are their 4 or 16 bytes, as on the wire. Older members leave the source out: then it is empty, 0 and ''. */
type Source = Readonly<{ sourceAddress: Uint8Array; sourcePort: number; sourceNode: string }>

export type Ping = Source & Readonly<{ type: 'ping'; sequence: number; node: string }>
export type IndirectPing = Source &
  Readonly<{ type: 'indirectPing'; sequence: number; target: Uint8Array; port: number; node: string; nack: boolean }>
export type Ack = Readonly<{ type: 'ack'; sequence: number; payload: Uint8Array }>
export type Nack = Readonly<{ type: 'nack'; sequence: number }>
export type Suspect = Readonly<{ type: 'suspect'; incarnation: number; node: string; from: string }>
export type Alive = Readonly<{
  type: 'alive'
  incarnation: number
  node: string
  address: Uint8Array
  port: number
  meta: Uint8Array
  /** Protocol and delegate versions: lowest, highest, spoken; of each. Six numbers, or none from an old member. */
  versions: Uint8Array
}>
/** `from` is `node` where a member leaves by itself. */
export type Dead = Readonly<{ type: 'dead'; incarnation: number; node: string; from: string }>
/** An application's; MetalLB has none, and neither have we. */
export type User = Readonly<{ type: 'user'; bytes: Uint8Array }>
export type RemoteState = Readonly<{
  name: string
  address: Uint8Array
  port: number
  meta: Uint8Array
  incarnation: number
  state: 'alive' | 'suspect' | 'dead' | 'left'
  versions: Uint8Array
}>
/** By TCP, both ways. */
export type PushPull = Readonly<{
  type: 'pushPull'
  nodes: readonly RemoteState[]
  userState: Uint8Array
  join: boolean
}>
/** By TCP, in place of an answer. */
export type ErrorAnswer = Readonly<{ type: 'error'; message: string }>

export type Message = Ping | IndirectPing | Ack | Nack | Suspect | Alive | Dead | User | PushPull | ErrorAnswer

/** Why bytes are no message; counted under these names. */
export const GOSSIP_DROPS = [
  'truncated',
  'unknownType',
  'notMsgpack',
  'wrongField',
  'tooLarge',
  'badChecksum',
  'badCompression',
  'notDecrypted',
  'notEncrypted',
  'wrongLabel',
] as const
export type GossipDrop = (typeof GOSSIP_DROPS)[number]
export type Malformed = Readonly<{ malformed: GossipDrop }>
