// SPDX-License-Identifier: Apache-2.0
/**
 * Messages of the ring on the wire: a byte for the type, and then the message as a msgpack map whose fields are sorted
 * by name. Two are built otherwise: an application's message is its bare bytes (in a stream a map {UserMsgLen} and
 * then the bytes), and a push/pull is
 *
 *   +---+-------------------------------+-----------+-----------+ … +-----------------------+
 *   | 6 | {Join, Nodes, UserStateLen}   | node      | node      |   | UserStateLen bytes    |
 *   +---+-------------------------------+-----------+-----------+ … +-----------------------+
 *
 * As in Go, a field that is missing or nil is empty or 0, and unknown ones are passed over. Stricter than Go: names are
 * UTF-8, addresses have 4 or 16 bytes or are missing, versions are six or missing (a member of memberlist 0.5 stops
 * at fewer). What is kept of the bytes is copied.
 */

import { EMPTY, Fields } from './codec-fields.ts'
import type {
  Alive,
  Dead,
  ErrorAnswer,
  IndirectPing,
  Malformed,
  Message,
  Ping,
  PushPull,
  RemoteState,
  Suspect,
} from './messages.ts'
import { MESSAGE_CODES } from './messages.ts'
import { Packer, unpackMap } from './msgpack.ts'

/** States of one push/pull: more than any ring has, and few enough to hold. */
export const MAX_REMOTE_STATES = 16_384

const STATES = ['alive', 'suspect', 'dead', 'left'] as const

/** Reads one message with its leading type byte, as a packet has it; and a push/pull as a stream has it. */
export function decodeMessage(bytes: Uint8Array): Message | Malformed {
  const code = bytes[0]
  if (code === undefined) return { malformed: 'truncated' }
  if (code === MESSAGE_CODES.user) return { type: 'user', bytes: new Uint8Array(bytes.subarray(1)) }
  if (code === MESSAGE_CODES.pushPull) return decodePushPull(bytes)
  const read = READERS.get(code)
  if (read === undefined) return { malformed: 'unknownType' }
  const unpacked = unpackMap(bytes, 1)
  if (typeof unpacked === 'string') return { malformed: unpacked }
  const fields = new Fields(unpacked.fields)
  const message = read(fields)
  return fields.failed ? { malformed: 'wrongField' } : message
}

const READERS: ReadonlyMap<number, (fields: Fields) => Message> = new Map<number, (fields: Fields) => Message>([
  [MESSAGE_CODES.ping, readPing],
  [MESSAGE_CODES.indirectPing, readIndirectPing],
  [MESSAGE_CODES.ack, (f) => ({ type: 'ack', sequence: f.unsigned('SeqNo'), payload: f.raw('Payload') })],
  [MESSAGE_CODES.nack, (f) => ({ type: 'nack', sequence: f.unsigned('SeqNo') })],
  [MESSAGE_CODES.suspect, (f) => ({ type: 'suspect', ...readDoubt(f) })],
  [MESSAGE_CODES.alive, (f) => ({ type: 'alive', node: f.text('Node'), ...readMember(f) })],
  [MESSAGE_CODES.dead, (f) => ({ type: 'dead', ...readDoubt(f) })],
  [MESSAGE_CODES.error, (f) => ({ type: 'error', message: f.text('Error') })],
])

function readSource(fields: Fields): Pick<Ping, 'sourceAddress' | 'sourcePort' | 'sourceNode'> {
  return {
    sourceAddress: fields.address('SourceAddr'),
    sourcePort: fields.port('SourcePort'),
    sourceNode: fields.text('SourceNode'),
  }
}

function readPing(fields: Fields): Ping {
  return { type: 'ping', sequence: fields.unsigned('SeqNo'), node: fields.text('Node'), ...readSource(fields) }
}

function readIndirectPing(fields: Fields): IndirectPing {
  return {
    type: 'indirectPing',
    sequence: fields.unsigned('SeqNo'),
    target: fields.address('Target'),
    port: fields.port('Port'),
    node: fields.text('Node'),
    nack: fields.boolean('Nack'),
    ...readSource(fields),
  }
}

function readDoubt(fields: Fields): Omit<Suspect, 'type'> {
  return { incarnation: fields.unsigned('Incarnation'), node: fields.text('Node'), from: fields.text('From') }
}

function readMember(fields: Fields): Omit<Alive, 'type' | 'node'> {
  return {
    incarnation: fields.unsigned('Incarnation'),
    address: fields.address('Addr'),
    port: fields.port('Port'),
    meta: fields.raw('Meta'),
    versions: fields.versions(),
  }
}

/** What a push/pull announces; the numbers are only claims. `end`: where the first node begins. */
export type PushPullHeader = Readonly<{ nodeCount: number; userStateBytes: number; join: boolean; end: number }>

/** Reads the header of a push/pull, behind its type byte. */
export function decodePushPullHeader(bytes: Uint8Array): PushPullHeader | Malformed {
  const unpacked = unpackMap(bytes, 1)
  if (typeof unpacked === 'string') return { malformed: unpacked }
  const fields = new Fields(unpacked.fields)
  const nodeCount = fields.unsigned('Nodes')
  const userStateBytes = fields.unsigned('UserStateLen')
  const join = fields.boolean('Join')
  if (fields.failed) return { malformed: 'wrongField' }
  if (nodeCount > MAX_REMOTE_STATES) return { malformed: 'tooLarge' }
  return { nodeCount, userStateBytes, join, end: unpacked.end }
}

/** How many bytes of an application's message follow the map behind the type byte. */
export function decodeUserHeader(bytes: Uint8Array): { userBytes: number; end: number } | Malformed {
  const unpacked = unpackMap(bytes, 1)
  if (typeof unpacked === 'string') return { malformed: unpacked }
  const fields = new Fields(unpacked.fields)
  const userBytes = fields.unsigned('UserMsgLen')
  return fields.failed ? { malformed: 'wrongField' } : { userBytes, end: unpacked.end }
}

/**
 * A node without a name, or that one cannot be a member, is left out: other members pass on what they were told, and
 * one such node must not keep us from hearing of the others.
 */
function decodePushPull(bytes: Uint8Array): PushPull | Malformed {
  const header = decodePushPullHeader(bytes)
  if ('malformed' in header) return header
  const nodes: RemoteState[] = []
  let at = header.end
  for (let left = header.nodeCount; left > 0; left--) {
    const unpacked = unpackMap(bytes, at)
    if (typeof unpacked === 'string') return { malformed: unpacked }
    const node = readRemoteState(new Fields(unpacked.fields))
    if (node !== null) nodes.push(node)
    at = unpacked.end
  }
  if (header.userStateBytes > bytes.length - at) return { malformed: 'truncated' }
  const userState = header.userStateBytes === 0 ? EMPTY : new Uint8Array(bytes.subarray(at, at + header.userStateBytes))
  return { type: 'pushPull', nodes, userState, join: header.join }
}

function readRemoteState(fields: Fields): RemoteState | null {
  const state = STATES[fields.unsigned('State', STATES.length - 1)] ?? 'alive'
  const node = { name: fields.text('Name'), ...readMember(fields), state }
  return fields.failed || node.name === '' ? null : node
}

/** One message with its leading type byte. Numbers and addresses must fit their fields. */
export function encodeMessage(message: Message): Uint8Array {
  const packer = new Packer().byte(MESSAGE_CODES[message.type])
  switch (message.type) {
    case 'ping':
      return writePing(packer, message).finish()
    case 'indirectPing':
      return writeIndirectPing(packer, message).finish()
    case 'ack':
      packer.map(2).text('Payload').rawOrNothing(message.payload)
      return packer.text('SeqNo').unsigned(message.sequence).finish()
    case 'nack':
      return packer.map(1).text('SeqNo').unsigned(message.sequence).finish()
    case 'suspect':
    case 'dead':
      return writeDoubt(packer, message).finish()
    case 'alive':
      return writeAlive(packer, message).finish()
    case 'user':
      return packer.bytes(message.bytes).finish()
    case 'pushPull':
      return writePushPull(packer, message).finish()
    case 'error':
      return writeError(packer, message).finish()
  }
}

/** Sources are left out where they are empty, as Go's `omitempty` does. */
function sourceFields(message: Ping | IndirectPing): number {
  return Number(message.sourceAddress.length > 0) + Number(message.sourceNode !== '') + Number(message.sourcePort > 0)
}

function writeSource(packer: Packer, message: Ping | IndirectPing): Packer {
  if (message.sourceAddress.length > 0) packer.text('SourceAddr').raw(message.sourceAddress)
  if (message.sourceNode !== '') packer.text('SourceNode').text(message.sourceNode)
  if (message.sourcePort > 0) packer.text('SourcePort').unsigned(message.sourcePort)
  return packer
}

function writePing(packer: Packer, message: Ping): Packer {
  packer
    .map(2 + sourceFields(message))
    .text('Node')
    .text(message.node)
  return writeSource(packer.text('SeqNo').unsigned(message.sequence), message)
}

function writeIndirectPing(packer: Packer, message: IndirectPing): Packer {
  packer
    .map(5 + sourceFields(message))
    .text('Nack')
    .boolean(message.nack)
    .text('Node')
    .text(message.node)
  packer.text('Port').unsigned(message.port).text('SeqNo').unsigned(message.sequence)
  return writeSource(packer, message).text('Target').rawOrNothing(message.target)
}

function writeDoubt(packer: Packer, message: Suspect | Dead): Packer {
  packer.map(3).text('From').text(message.from).text('Incarnation').unsigned(message.incarnation)
  return packer.text('Node').text(message.node)
}

function writeAlive(packer: Packer, message: Alive): Packer {
  packer.map(6).text('Addr').rawOrNothing(message.address).text('Incarnation').unsigned(message.incarnation)
  packer.text('Meta').rawOrNothing(message.meta).text('Node').text(message.node)
  return packer.text('Port').unsigned(message.port).text('Vsn').rawOrNothing(message.versions)
}

function writePushPull(packer: Packer, message: PushPull): Packer {
  packer.map(3).text('Join').boolean(message.join).text('Nodes').signed(message.nodes.length)
  packer.text('UserStateLen').signed(message.userState.length)
  for (const node of message.nodes) {
    packer.map(7).text('Addr').rawOrNothing(node.address).text('Incarnation').unsigned(node.incarnation)
    packer.text('Meta').rawOrNothing(node.meta).text('Name').text(node.name).text('Port').unsigned(node.port)
    packer.text('State').signed(STATES.indexOf(node.state)).text('Vsn').rawOrNothing(node.versions)
  }
  return packer.bytes(message.userState)
}

function writeError(packer: Packer, message: ErrorAnswer): Packer {
  return packer.map(1).text('Error').text(message.message)
}
