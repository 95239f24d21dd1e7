// SPDX-License-Identifier: Apache-2.0
/**
 * Writes ASN.1 in DER (X.690), as far as certificates need it: a tag, the length of what follows, what follows.
 * Reading is for what OpenSSL has found valid already.
 */

const [BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID] = [1, 2, 3, 4, 5, 6]
const [PRINTABLE_STRING, UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET] = [0x13, 0x17, 0x18, 0x30, 0x31]

function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content])
}

/** X.690 §8.1.3: up to 127 in one byte, else the number of bytes and the bytes. */
function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  const bytes = bigEndian(length)
  return Buffer.from([0x80 | bytes.length, ...bytes])
}

function bigEndian(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return bytes
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => tagged(SEQUENCE, ...parts)
export const set = (...parts: readonly Uint8Array[]): Buffer => tagged(SET, ...parts)
export const octets = (bytes: Uint8Array): Buffer => tagged(OCTET_STRING, bytes)
/** Letters, digits and a little punctuation; not checked. */
export const printable = (text: string): Buffer => tagged(PRINTABLE_STRING, Buffer.from(text, 'latin1'))
export const nothing = (): Buffer => tagged(NULL)
export const boolean = (value: boolean): Buffer => tagged(BOOLEAN, Buffer.from([value ? 0xff : 0]))

/** `[number]` around encoded values, as in `[0] EXPLICIT`. */
export const explicit = (number: number, ...parts: readonly Uint8Array[]): Buffer => tagged(0xa0 | number, ...parts)
/** `[number]` in place of the tag of a primitive value, as in `[2] IMPLICIT`. */
export const implicit = (number: number, bytes: Uint8Array): Buffer => tagged(0x80 | number, bytes)

/** An integer that is not negative, from its bytes, the highest first (§8.3: a leading zero if it would look negative). */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0)
  const digits = first < 0 ? Buffer.from([0]) : bytes.subarray(first)
  return tagged(INTEGER, ...((digits[0] ?? 0) < 0x80 ? [] : [Buffer.from([0])]), digits)
}

/** Bits from the left, of which the last `unused` of the last byte do not count. */
export function bits(bytes: Uint8Array, unused = 0): Buffer {
  return tagged(BIT_STRING, Buffer.from([unused]), bytes)
}

/** An object identifier from its usual form, `2.5.29.17` (§8.19: seven bits to a byte, the first two numbers in one). */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc % 128]
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128)) digits.unshift(128 + (high % 128))
    return digits
  })
  return tagged(OID, Buffer.from(bytes))
}

/** RFC 5280 §4.1.2.5: two digits of the year until 2049, four from then on; whole seconds. */
export function time(wallMs: number): Buffer {
  const text = new Date(wallMs).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  const isShort = text < '2050'
  return tagged(isShort ? UTC_TIME : GENERALIZED_TIME, Buffer.from(isShort ? text.slice(2) : text))
}

export type Element = Readonly<{ tag: number; whole: Buffer; content: Buffer }>

/** The elements that follow each other in `bytes`, which must be valid DER with lengths below 2^32. */
export function elements(bytes: Buffer): Element[] {
  const found: Element[] = []
  for (let at = 0; at + 1 < bytes.length; ) {
    const [tag, short] = bytes.subarray(at, at + 2)
    const lengthBytes = (short ?? 0) < 0x80 ? 0 : (short ?? 0) & 0x7f
    const start = at + 2 + lengthBytes
    const length = lengthBytes === 0 ? (short ?? 0) : bytes.readUIntBE(at + 2, Math.min(lengthBytes, 4))
    const end = start + length
    found.push({ tag: tag ?? 0, whole: bytes.subarray(at, end), content: bytes.subarray(start, end) })
    at = end
  }
  return found
}
