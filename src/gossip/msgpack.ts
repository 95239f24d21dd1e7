// SPDX-License-Identifier: Apache-2.0
/**
 * msgpack as members of a ring write it: the old rules, in which text and bytes are both *raw*, never str 8 or bin.
 * Reading takes the new tags, too; raw stays bytes, since addresses are raw. Messages are maps of scalars; what else
 * stands in a field is walked over without recursion, so that no nesting is too deep and no count is believed.
 *
 *   00–7f   number          c2, c3        false, true            d0–d3  signed, 1 2 4 8 bytes
 *   80–8f   map of 0–15     c4–c6  bin    d9–db  text            d4–d8  extension of 1 2 4 8 16
 *   90–9f   array of 0–15   c7–c9  extension (all with a length of 1 2 4 bytes, text's db being raw 32, da raw 16)
 *   a0–bf   raw of 0–31     ca, cb float  cc–cf  unsigned, 1 2 4 8 bytes
 *   c0      nothing         c1     none   dc–df  array, map with a count of 2 or 4 bytes        e0–ff  −32 … −1
 */

/** A field's value; undefined stands for what no message has: arrays, maps, floats, extensions. */
export type Scalar = number | boolean | null | Uint8Array | undefined

/** The largest message has eight fields; more than this is an attempt to fill memory. */
const MAX_FIELDS = 64

/** By tag from c0 on: bytes of the length or count that follows it, and bytes of a body of fixed size. */
const LENGTH_BYTES = [0, 0, 0, 0, 1, 2, 4, 1, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4]
const FIXED_BYTES = [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17, 0, 0, 0, 0, 0, 0, 0]

/** Exact up to 2⁵³, and of the right size above. */
function integerAt(bytes: Uint8Array, at: number, form: { byteCount: number; signed: boolean }): number {
  const first = bytes[at] ?? 0
  let value = form.signed && first >= 0x80 ? -1 : 0
  for (let index = 0; index < form.byteCount; index++) value = value * 256 + (bytes[at + index] ?? 0)
  return value
}

/** The first bytes of a value: where its body is, and how many values follow that belong to it. */
class Head {
  tag = 0
  bodyAt = 0
  bodyBytes = 0
  children = 0

  /** 'more' when the head itself is not complete; its body may still be cut. */
  read(bytes: Uint8Array, at: number): 'read' | 'more' | 'bad' {
    const tag = bytes[at]
    if (tag === undefined) return 'more'
    this.tag = tag
    this.bodyAt = at + 1
    this.bodyBytes = 0
    this.children = 0
    if (tag === 0xc1) return 'bad'
    if (tag < 0x80 || tag >= 0xe0) return 'read'
    if (tag < 0x90) this.children = 2 * (tag & 0x0f)
    else if (tag < 0xa0) this.children = tag & 0x0f
    else if (tag < 0xc0) this.bodyBytes = tag & 0x1f
    else return this.#readLong(bytes, at)
    return 'read'
  }

  #readLong(bytes: Uint8Array, at: number): 'read' | 'more' {
    const lengthBytes = LENGTH_BYTES[this.tag - 0xc0] ?? 0
    if (at + 1 + lengthBytes > bytes.length) return 'more'
    const length = integerAt(bytes, at + 1, { byteCount: lengthBytes, signed: false })
    this.bodyAt += lengthBytes
    if (this.tag >= 0xde) this.children = 2 * length
    else if (this.tag >= 0xdc) this.children = length
    else this.bodyBytes = length + (FIXED_BYTES[this.tag - 0xc0] ?? 0)
    return 'read'
  }

  /** Raw shares the memory of `bytes`. */
  scalar(bytes: Uint8Array): Scalar {
    const { tag, bodyAt, bodyBytes } = this
    if (tag < 0x80) return tag
    if (tag >= 0xe0) return tag - 256
    if (tag === 0xc0) return null
    if (tag === 0xc2 || tag === 0xc3) return tag === 0xc3
    const raw = (tag >= 0xa0 && tag < 0xc0) || (tag >= 0xc4 && tag <= 0xc6) || (tag >= 0xd9 && tag <= 0xdb)
    if (raw) return bytes.subarray(bodyAt, bodyAt + bodyBytes)
    if (tag < 0xcc || tag > 0xd3) return undefined
    return integerAt(bytes, bodyAt, { byteCount: bodyBytes, signed: tag >= 0xd0 })
  }
}

/** Finds the end of a number of values, also while their bytes are still coming in. */
export class Walk {
  readonly #head = new Head()
  readonly #limit: number
  #left: number
  /** Where the next value begins; may lie behind what is there already. */
  at: number

  /** `limit`: values cannot end behind it. */
  constructor(at: number, values: number, limit: number) {
    this.at = at
    this.#left = values
    this.#limit = limit
  }

  /** 'done': all values are in `bytes`, and end at `at`. `bytes` begin as those of the call before did. */
  advance(bytes: Uint8Array): 'done' | 'more' | 'bad' | 'tooLarge' {
    while (this.#left > 0) {
      const found = this.#head.read(bytes, this.at)
      if (found !== 'read') return found
      this.at = this.#head.bodyAt + this.#head.bodyBytes
      this.#left += this.#head.children - 1
      // Each value has a byte at least.
      if (this.at + this.#left > this.#limit) return 'tooLarge'
    }
    return this.at > bytes.length ? 'more' : 'done'
  }
}

export type Unpacked = Readonly<{ fields: ReadonlyMap<string, Scalar>; end: number }>

/**
 * The map of scalars that begins at `at`; of two fields of one name the last counts. Raw values share the memory of
 * `bytes`, and names are compared byte for byte. What follows the map is left alone.
 */
export function unpackMap(bytes: Uint8Array, at: number): Unpacked | 'truncated' | 'notMsgpack' {
  const head = new Head()
  const opening = head.read(bytes, at)
  if (opening === 'more') return 'truncated'
  const isMap = (head.tag >= 0x80 && head.tag < 0x90) || (head.tag >= 0xde && head.tag <= 0xdf)
  if (opening === 'bad' || !isMap || head.children > 2 * MAX_FIELDS) return 'notMsgpack'
  const fields = new Map<string, Scalar>()
  let end = head.bodyAt
  for (let left = head.children / 2; left > 0; left--) {
    const name = nextScalar(bytes, end, head)
    if (typeof name === 'string') return name
    if (!(name.value instanceof Uint8Array)) return 'notMsgpack'
    const field = nextScalar(bytes, name.end, head)
    if (typeof field === 'string') return field
    fields.set(Buffer.from(name.value.buffer, name.value.byteOffset, name.value.length).toString('latin1'), field.value)
    end = field.end
  }
  return { fields, end }
}

function nextScalar(
  bytes: Uint8Array,
  at: number,
  head: Head,
): { value: Scalar; end: number } | 'truncated' | 'notMsgpack' {
  const walk = new Walk(at, 1, bytes.length)
  const walked = walk.advance(bytes)
  if (walked === 'bad') return 'notMsgpack'
  if (walked !== 'done') return 'truncated'
  head.read(bytes, at)
  return { value: head.children > 0 ? undefined : head.scalar(bytes), end: walk.at }
}

/** Writes values one behind the other. */
export class Packer {
  #bytes = Buffer.allocUnsafeSlow(128)
  #length = 0

  #ensure(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#length + count, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }

  #put(tag: number, value: number, byteCount: number): this {
    this.#ensure(1 + byteCount)
    this.#bytes[this.#length] = tag
    if (byteCount > 0) this.#bytes.writeUIntBE(value, this.#length + 1, byteCount)
    this.#length += 1 + byteCount
    return this
  }

  /** A byte as it is, such as a message's type. */
  byte(value: number): this {
    return this.#put(value, 0, 0)
  }

  /** Bytes as they are. */
  bytes(bytes: Uint8Array): this {
    this.#ensure(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  map(fieldCount: number): this {
    return this.byte(0x80 | fieldCount)
  }

  /** Of a field that is unsigned in Go: 0 to 2³² − 1. */
  unsigned(value: number): this {
    if (value < 0x80) return this.byte(value)
    if (value < 0x100) return this.#put(0xcc, value, 1)
    return value < 0x1_0000 ? this.#put(0xcd, value, 2) : this.#put(0xce, value, 4)
  }

  /** Of a field that is signed in Go, here 0 to 2³¹ − 1: signed tags, and none of one byte. */
  signed(value: number): this {
    if (value < 0x80) return this.byte(value)
    return value < 0x8000 ? this.#put(0xd1, value, 2) : this.#put(0xd2, value, 4)
  }

  boolean(value: boolean): this {
    return this.byte(value ? 0xc3 : 0xc2)
  }

  text(value: string): this {
    return this.raw(Buffer.from(value))
  }

  raw(value: Uint8Array): this {
    if (value.length < 32) this.byte(0xa0 | value.length)
    else if (value.length < 0x1_0000) this.#put(0xda, value.length, 2)
    else this.#put(0xdb, value.length, 4)
    return this.bytes(value)
  }

  /** Raw, and nothing where there is none, as Go writes a slice that was never set. */
  rawOrNothing(value: Uint8Array): this {
    return value.length === 0 ? this.byte(0xc0) : this.raw(value)
  }

  /** All that was written. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }
}
