// SPDX-License-Identifier: Apache-2.0
/**
 * TCP streams of the ring: each side sends one message. Wrapped in this order, each wrapping optional, outermost first:
 *
 *   label      | 244 | length 1–255 | label | …           only from who connects; the answer is without it
 *   encrypted  | 10 | length, 4 | version | nonce … tag     the tag covers type, length and label as well (crypto.ts)
 *   compressed | 9 | map {Algo, Buf}                        also where that is longer
 *   message    ping, ack, error, push/pull, application's   codec.ts
 */
import { decodeMessage, decodePushPullHeader, decodeUserHeader } from './codec.ts'
import { decrypt, ENCRYPTION_BYTES, encrypt } from './crypto.ts'
import { type Malformed, MESSAGE_CODES, type Message } from './messages.ts'
import { Packer, Walk } from './msgpack.ts'
import { type Envelope, labelHeader, unwrapCompressed, wrapCompressed } from './packet.ts'

/** Of one stream, and of what it holds compressed: as much as memberlist takes. */
export const STREAM_MAX_BYTES = 20 * 1024 * 1024

const FRAME_HEADER_BYTES = 5
const FIRST_BYTES = 1024
/** These have one map behind their type byte. */
const PLAIN_CODES: ReadonlySet<number> = new Set([MESSAGE_CODES.ping, MESSAGE_CODES.ack, MESSAGE_CODES.error])

/**
 * All bytes to send for one message of `encodeMessage`. An application's message is framed as streams have it.
 * `nonce`: 12 bytes never used before; random ones when it is left out. `isAnswer`: to who has connected.
 */
export function sealStream(
  message: Uint8Array,
  envelope: Envelope,
  options: Readonly<{ nonce?: Uint8Array; isAnswer?: boolean }> = {},
): Uint8Array {
  let bytes = message[0] === MESSAGE_CODES.user ? withUserHeader(message) : message
  if (envelope.compress) bytes = wrapCompressed(bytes)
  if (envelope.key && envelope.verifyOutgoing) {
    const header = Buffer.alloc(FRAME_HEADER_BYTES)
    header[0] = MESSAGE_CODES.encrypt
    header.writeUInt32BE(bytes.length + ENCRYPTION_BYTES, 1)
    const additional = Buffer.concat([header, Buffer.from(envelope.label)])
    bytes = Buffer.concat([header, encrypt(bytes, { key: envelope.key, additional }, options)])
  }
  return envelope.label === '' || options.isAnswer ? bytes : Buffer.concat([labelHeader(envelope.label), bytes])
}

function withUserHeader(message: Uint8Array): Uint8Array {
  const packer = new Packer()
    .byte(MESSAGE_CODES.user)
    .map(1)
    .text('UserMsgLen')
    .signed(message.length - 1)
  return packer.bytes(message.subarray(1)).finish()
}

/** Finds the end of a message that is not encrypted, while its bytes come in; what it has walked over it leaves alone. */
class Extent {
  readonly #limit: number
  #walk: Walk
  #stage: 'head' | 'nodes' = 'head'
  /** Bytes of the application's that follow the last map. */
  #restBytes = 0

  constructor(limit: number) {
    this.#limit = limit
    this.#walk = new Walk(1, 1, limit)
  }

  /** Where the message ends, or null: more is needed. `bytes` begin as those of the call before did. */
  end(bytes: Uint8Array): number | Malformed | null {
    const walked = this.#walk.advance(bytes)
    if (walked === 'more') return null
    if (walked !== 'done') return { malformed: walked === 'bad' ? 'notMsgpack' : 'tooLarge' }
    if (this.#stage === 'head') {
      this.#stage = 'nodes'
      const malformed = this.#readHead(bytes)
      return malformed ?? this.end(bytes)
    }
    const end = this.#walk.at + this.#restBytes
    if (end > this.#limit) return { malformed: 'tooLarge' }
    return end > bytes.length ? null : end
  }

  /** The first map says what follows it. */
  #readHead(bytes: Uint8Array): Malformed | null {
    let nodeCount = 0
    if (bytes[0] === MESSAGE_CODES.pushPull) {
      const header = decodePushPullHeader(bytes)
      if ('malformed' in header) return header
      nodeCount = header.nodeCount
      this.#restBytes = header.userStateBytes
    } else if (bytes[0] === MESSAGE_CODES.user) {
      const header = decodeUserHeader(bytes)
      if ('malformed' in header) return header
      this.#restBytes = header.userBytes
    }
    this.#walk = new Walk(this.#walk.at, nodeCount, this.#limit)
    return null
  }
}

/**
 * Reads the one message of a stream, however it is cut. After an answer it takes no more: bytes behind are ignored, and
 * what was kept is let go. Holds at most `maxBytes` as they come, and as many decompressed; grows with what arrives,
 * never by what a header says.
 */
export class StreamReader {
  readonly #envelope: Envelope
  readonly #maxBytes: number
  /** What arrived; the label is checked and cut off as soon as it is there. */
  #buffer = new Uint8Array(0)
  #length = 0
  #overflowed = false
  #labelRead: boolean
  #extent: Extent | null = null
  #done = false

  /** `isAnswer`: of whom we have connected to. */
  constructor(envelope: Envelope, options: Readonly<{ maxBytes?: number; isAnswer?: boolean }> = {}) {
    this.#envelope = envelope
    this.#maxBytes = options.maxBytes ?? STREAM_MAX_BYTES
    this.#labelRead = options.isAnswer ?? false
  }

  /** null: more is needed; and for everything behind the message. */
  push(bytes: Uint8Array): Message | Malformed | null {
    if (this.#done) return null
    this.#append(bytes)
    const answer = this.#read() ?? (this.#overflowed ? { malformed: 'tooLarge' } : null)
    if (answer === null) return null
    this.#done = true
    this.#buffer = new Uint8Array(0)
    this.#extent = null
    return answer
  }

  #append(bytes: Uint8Array): void {
    const capacity = this.#maxBytes + labelHeader(this.#envelope.label).length + FRAME_HEADER_BYTES
    const room = capacity - this.#length
    this.#overflowed ||= bytes.length > room
    const taken = bytes.length > room ? bytes.subarray(0, room) : bytes
    const needed = this.#length + taken.length
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.min(capacity, Math.max(needed, FIRST_BYTES, this.#buffer.length * 2)))
      grown.set(this.#buffer.subarray(0, this.#length))
      this.#buffer = grown
    }
    this.#buffer.set(taken, this.#length)
    this.#length = needed
  }

  #read(): Message | Malformed | null {
    if (!this.#labelRead) {
      const malformed = this.#readLabel()
      if (malformed || !this.#labelRead) return malformed
    }
    const bytes = this.#buffer.subarray(0, this.#length)
    const code = bytes[0]
    if (code === undefined) return null
    const { key, verifyIncoming } = this.#envelope
    if (code === MESSAGE_CODES.encrypt) return key ? this.#readEncrypted(bytes, key) : { malformed: 'notDecrypted' }
    if (key && verifyIncoming) return { malformed: 'notEncrypted' }
    if (!isStreamed(code) && code !== MESSAGE_CODES.compress) return { malformed: 'unknownType' }
    this.#extent ??= new Extent(this.#maxBytes)
    const end = this.#extent.end(bytes)
    if (end === null || typeof end === 'object') return end
    return this.#decode(bytes.subarray(0, end))
  }

  /** Answers for a wrong label before all of it is there. */
  #readLabel(): Malformed | null {
    const expected = labelHeader(this.#envelope.label)
    if (expected.length === 0) {
      if (this.#buffer[0] === MESSAGE_CODES.label && this.#length > 0) return { malformed: 'wrongLabel' }
      this.#labelRead = true
      return null
    }
    const there = Math.min(this.#length, expected.length)
    const begun = this.#buffer.subarray(0, there)
    if (Buffer.compare(begun, expected.subarray(0, there)) !== 0) return { malformed: 'wrongLabel' }
    if (there < expected.length) return null
    this.#labelRead = true
    this.#buffer.copyWithin(0, there, this.#length)
    this.#length -= there
    return null
  }

  #readEncrypted(bytes: Uint8Array, key: Uint8Array): Message | Malformed | null {
    if (bytes.length < FRAME_HEADER_BYTES) return null
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1)
    if (length > this.#maxBytes) return { malformed: 'tooLarge' }
    if (bytes.length < FRAME_HEADER_BYTES + length) return null
    const header = bytes.subarray(0, FRAME_HEADER_BYTES)
    const additional = Buffer.concat([header, Buffer.from(this.#envelope.label)])
    const plain = decrypt(bytes.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length), { key, additional })
    return plain ? this.#decode(plain) : { malformed: 'notDecrypted' }
  }

  /** A whole message, compressed or not. */
  #decode(bytes: Uint8Array): Message | Malformed {
    if (bytes[0] !== MESSAGE_CODES.compress) return decodeStreamed(bytes)
    const inner = unwrapCompressed(bytes, this.#maxBytes)
    return inner instanceof Uint8Array ? decodeStreamed(inner) : inner
  }
}

function isStreamed(code: number): boolean {
  return code === MESSAGE_CODES.pushPull || code === MESSAGE_CODES.user || PLAIN_CODES.has(code)
}

function decodeStreamed(bytes: Uint8Array): Message | Malformed {
  const code = bytes[0]
  if (code === undefined) return { malformed: 'truncated' }
  if (!isStreamed(code)) return { malformed: 'unknownType' }
  if (code !== MESSAGE_CODES.user) return decodeMessage(bytes)
  const header = decodeUserHeader(bytes)
  if ('malformed' in header) return header
  if (header.userBytes > bytes.length - header.end) return { malformed: 'truncated' }
  return { type: 'user', bytes: new Uint8Array(bytes.subarray(header.end, header.end + header.userBytes)) }
}
