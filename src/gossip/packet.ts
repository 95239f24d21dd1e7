// SPDX-License-Identifier: Apache-2.0
/**
 * Datagrams of the ring, wrapped in this order, each wrapping optional, outermost first:
 *
 *   label      | 244 | length 1–255 | label | …       in the clear, and authenticated where there is a key
 *   encrypted  | version 0 or 1 | …                   crypto.ts; no type byte of its own
 *   checksum   | 12 | CRC-32 of the rest, 4 | …       only to members that speak protocol 5
 *   compressed | 9 | map {Algo, Buf}                  only where that is shorter
 *   compound   | 7 | count | length, 2 each | message | message | …
 *   message    codec.ts
 */
import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { decodeMessage } from './codec.ts'
import { decrypt, ENCRYPTION_BYTES, encrypt } from './crypto.ts'
import { compress, decompress } from './lzw.ts'
import { type GossipDrop, type Malformed, MESSAGE_CODES, type Message } from './messages.ts'
import { Packer, unpackMap } from './msgpack.ts'

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

const COMPOUND_HEADER_BYTES = 2
const CRC_HEADER_BYTES = 5
const LABEL_HEADER_BYTES = 2
const LABEL_MAX_BYTES = 255
const LZW_ALGORITHM = 0
/** All that the parts of one datagram may become: what somebody could have sent without compression. */
const MAX_DECOMPRESSED_BYTES = 65_536
/** Members wrap twice, a compound message compressed; the rest is play. */
const MAX_WRAPPINGS = 4
/** These only travel in streams. */
const STREAM_CODES: ReadonlySet<number> = new Set([MESSAGE_CODES.pushPull, MESSAGE_CODES.error])

/** The header that names the ring, as bytes; of a ring without a name it is empty. */
export function labelHeader(label: string): Uint8Array {
  if (label === '') return new Uint8Array(0)
  const bytes = Buffer.from(label)
  assert(bytes.length <= LABEL_MAX_BYTES, `a label has at most ${LABEL_MAX_BYTES} bytes`)
  return Buffer.concat([Uint8Array.of(MESSAGE_CODES.label, bytes.length), bytes])
}

/**
 * One datagram; more than one message make a compound one. None, more than `COMPOUND_MAX_MESSAGES` or one of more than
 * 65,535 bytes are a mistake of the caller, who also sees to the datagram's size (`packetRoom`).
 */
export function sealPacket(
  messages: readonly Uint8Array[],
  envelope: Envelope,
  options: SealOptions = { crc: false },
): Uint8Array {
  let bytes = messages.length === 1 && messages[0] ? messages[0] : compound(messages)
  if (envelope.compress) {
    const compressed = wrapCompressed(bytes)
    if (compressed.length < bytes.length) bytes = compressed
  }
  if (options.crc) bytes = withChecksum(bytes)
  if (envelope.key && envelope.verifyOutgoing) {
    bytes = encrypt(bytes, { key: envelope.key, additional: Buffer.from(envelope.label) }, nonceOf(options))
  }
  return envelope.label === '' ? bytes : Buffer.concat([labelHeader(envelope.label), bytes])
}

function nonceOf({ nonce }: SealOptions): { nonce?: Uint8Array } {
  return nonce ? { nonce } : {}
}

function compound(messages: readonly Uint8Array[]): Uint8Array {
  assert(messages.length > 0 && messages.length <= COMPOUND_MAX_MESSAGES, `${messages.length} messages in one datagram`)
  const header = Buffer.alloc(COMPOUND_HEADER_BYTES + COMPOUND_BYTES_PER_MESSAGE * messages.length)
  header[0] = MESSAGE_CODES.compound
  header[1] = messages.length
  for (const [index, message] of messages.entries()) {
    header.writeUInt16BE(message.length, COMPOUND_HEADER_BYTES + COMPOUND_BYTES_PER_MESSAGE * index)
  }
  return Buffer.concat([header, ...messages])
}

/** A message, or several, compressed: also how streams are. */
export function wrapCompressed(bytes: Uint8Array): Uint8Array {
  const packer = new Packer().byte(MESSAGE_CODES.compress).map(2).text('Algo').unsigned(LZW_ALGORITHM)
  return packer.text('Buf').raw(compress(bytes)).finish()
}

/** What was compressed, at most `maxBytes` of it. `bytes` begin with the type byte. */
export function unwrapCompressed(bytes: Uint8Array, maxBytes: number): Uint8Array | Malformed {
  const unpacked = unpackMap(bytes, 1)
  if (typeof unpacked === 'string') return { malformed: unpacked }
  const body = unpacked.fields.get('Buf')
  if ((unpacked.fields.get('Algo') ?? LZW_ALGORITHM) !== LZW_ALGORITHM) return { malformed: 'badCompression' }
  return body instanceof Uint8Array ? decompress(body, maxBytes) : { malformed: 'wrongField' }
}

function withChecksum(bytes: Uint8Array): Uint8Array {
  const out = Buffer.alloc(CRC_HEADER_BYTES + bytes.length)
  out[0] = MESSAGE_CODES.crc
  out.writeUInt32BE(crc32(bytes), 1)
  out.set(bytes, CRC_HEADER_BYTES)
  return out
}

/**
 * The messages of a datagram. The parts of a compound one stand for themselves: those that are no message are told to
 * `dropped` and left out. Nothing of what comes back shares the memory of `bytes`.
 */
export function openPacket(
  bytes: Uint8Array,
  envelope: Envelope,
  dropped: (why: GossipDrop) => void = () => {},
): readonly Message[] | Malformed {
  const unlabelled = withoutLabel(bytes, envelope.label)
  if (!(unlabelled instanceof Uint8Array)) return unlabelled
  const plain = decrypted(unlabelled, envelope)
  if (!(plain instanceof Uint8Array)) return plain
  const checked = withoutChecksum(plain)
  if (!(checked instanceof Uint8Array)) return checked
  const opening = new Opening(dropped)
  const malformed = opening.open(checked, MAX_WRAPPINGS)
  return malformed ?? opening.messages
}

function withoutLabel(bytes: Uint8Array, label: string): Uint8Array | Malformed {
  if (bytes.length === 0) return { malformed: 'truncated' }
  if (bytes[0] !== MESSAGE_CODES.label) return label === '' ? bytes : { malformed: 'wrongLabel' }
  const length = bytes[1]
  if (length === undefined || bytes.length < LABEL_HEADER_BYTES + length) return { malformed: 'truncated' }
  const header = bytes.subarray(0, LABEL_HEADER_BYTES + length)
  if (label === '' || Buffer.compare(header, labelHeader(label)) !== 0) return { malformed: 'wrongLabel' }
  return bytes.subarray(header.length)
}

/** A ring that does not yet verify takes what it cannot decrypt as it is: so encryption is introduced step by step. */
function decrypted(bytes: Uint8Array, envelope: Envelope): Uint8Array | Malformed {
  if (!envelope.key) return bytes
  const plain = decrypt(bytes, { key: envelope.key, additional: Buffer.from(envelope.label) })
  if (plain) return plain
  if (!envelope.verifyIncoming) return bytes
  const version = bytes[0]
  return { malformed: version === 0 || version === 1 ? 'notDecrypted' : 'notEncrypted' }
}

function withoutChecksum(bytes: Uint8Array): Uint8Array | Malformed {
  if (bytes[0] !== MESSAGE_CODES.crc) return bytes
  if (bytes.length < CRC_HEADER_BYTES) return { malformed: 'truncated' }
  const rest = bytes.subarray(CRC_HEADER_BYTES)
  const expected = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1)
  return crc32(rest) === expected ? rest : { malformed: 'badChecksum' }
}

/** Takes one datagram apart, with one account for all that is compressed in it. */
class Opening {
  readonly messages: Message[] = []
  readonly #dropped: (why: GossipDrop) => void
  #bytesLeft = MAX_DECOMPRESSED_BYTES

  constructor(dropped: (why: GossipDrop) => void) {
    this.#dropped = dropped
  }

  /** What is wrong with the whole; null where its messages were taken. */
  open(bytes: Uint8Array, wrappings: number): Malformed | null {
    const code = bytes[0]
    if (code === MESSAGE_CODES.compound || code === MESSAGE_CODES.compress) {
      if (wrappings === 0) return { malformed: 'tooLarge' }
      return code === MESSAGE_CODES.compound ? this.#parts(bytes, wrappings) : this.#compressed(bytes, wrappings)
    }
    if (code !== undefined && STREAM_CODES.has(code)) return { malformed: 'unknownType' }
    const message = decodeMessage(bytes)
    if ('malformed' in message) return message
    this.messages.push(message)
    return null
  }

  #compressed(bytes: Uint8Array, wrappings: number): Malformed | null {
    const inner = unwrapCompressed(bytes, this.#bytesLeft)
    if (!(inner instanceof Uint8Array)) return inner
    this.#bytesLeft -= inner.length
    return this.open(inner, wrappings - 1)
  }

  #parts(bytes: Uint8Array, wrappings: number): Malformed | null {
    const count = bytes[1]
    if (count === undefined) return { malformed: 'truncated' }
    let at = COMPOUND_HEADER_BYTES + COMPOUND_BYTES_PER_MESSAGE * count
    if (bytes.length < at) return { malformed: 'truncated' }
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    for (let index = 0; index < count; index++) {
      const length = view.getUint16(COMPOUND_HEADER_BYTES + COMPOUND_BYTES_PER_MESSAGE * index)
      const part = bytes.subarray(at, at + length)
      const malformed = part.length < length ? 'truncated' : this.open(part, wrappings - 1)?.malformed
      if (malformed !== undefined) this.#dropped(malformed)
      at += length
    }
    return null
  }
}

/**
 * Bytes for messages, each with `COMPOUND_BYTES_PER_MESSAGE` added, in a datagram of at most `limitBytes`, whatever
 * the receiver speaks: less than memberlist takes by the 5 bytes of a checksum. Compression only makes it less.
 */
export function packetRoom(envelope: Envelope, limitBytes: number): number {
  const encryption = envelope.key && envelope.verifyOutgoing ? ENCRYPTION_BYTES : 0
  return limitBytes - labelHeader(envelope.label).length - encryption - CRC_HEADER_BYTES - COMPOUND_HEADER_BYTES
}
