// SPDX-License-Identifier: Apache-2.0
/**
 * Kernel filters that keep other hosts' questions from waking us: classic BPF programs that look a number of 32 bits from
 * the frame up among the claimed ones. Few are compared exactly, many by a covering prefix; the reflex's table decides in
 * the end, so that a filter may pass too much, but never too little.
 */

/** One BPF instruction: struct sock_filter of <linux/filter.h>. Jumps count the instructions to skip. */
export type Instruction = Readonly<{ code: number; jt: number; jf: number; k: number }>

/** A number passes if its first `prefixBits` bits equal those of one of `values` (ascending, other bits zero). */
export type Cover = Readonly<{ prefixBits: number; values: readonly number[] }>

export const LOAD_BYTE = 0x30
export const LOAD_HALF = 0x28
export const LOAD_WORD = 0x20
export const AND = 0x54
/** With the index register. */
export const XOR_INDEX = 0xac
export const TO_INDEX = 0x07
export const JUMP = 0x05
export const JUMP_EQUAL = 0x15
export const JUMP_GREATER_OR_EQUAL = 0x35
export const RETURN = 0x06

const ETHER_TYPE_AT = 12
const WHOLE_FRAME = 0xffff_ffff
/** Values compared one after another; longer lists are halved first. Speed hardly depends on it, size does. */
const CHAIN = 16
/** Conditional jumps reach this far: jt and jf are bytes. */
const REACH = 255

export const EMPTY_COVER: Cover = { prefixBits: 32, values: [] }

/**
 * The longest prefix with which at most `limit` values cover all numbers (ascending, 32 bits, some perhaps twice):
 * 32 bits, hence exact, up to `limit` of them. With limit 0 everything is covered.
 */
export function cover(numbers: Uint32Array, limit: number): Cover {
  for (let prefixBits = 32; prefixBits > 0; prefixBits--) {
    const values = prefixes(numbers, prefixBits, limit)
    if (values) return { prefixBits, values }
  }
  return { prefixBits: 0, values: [0] }
}

/** Whether two covers make the same filter. */
export function sameCover(a: Cover, b: Cover): boolean {
  return (
    a.prefixBits === b.prefixBits &&
    a.values.length === b.values.length &&
    a.values.every((value, i) => value === b.values[i])
  )
}

function prefixes(numbers: Uint32Array, prefixBits: number, limit: number): number[] | undefined {
  const mask = maskOf(prefixBits)
  const values: number[] = []
  for (const number of numbers) {
    const value = (number & mask) >>> 0
    if (value === values.at(-1)) continue
    if (values.length === limit) return undefined
    values.push(value)
  }
  return values
}

/** The mask of a prefix as an unsigned number; a shift by 32 would be a shift by 0. */
function maskOf(prefixBits: number): number {
  return prefixBits === 0 ? 0 : (-1 << (32 - prefixBits)) >>> 0
}

/** Drops frames of other EtherTypes; so does, anywhere, a load past the end of the frame. */
export function onlyEtherType(etherType: number): Instruction[] {
  return [statement(LOAD_HALF, ETHER_TYPE_AT), ...onlyEqual(etherType)]
}

/** Drops the frame unless the accumulator is one of these. */
export function onlyEqual(...allowed: readonly number[]): Instruction[] {
  const pass = (k: number, i: number): Instruction => ({ code: JUMP_EQUAL, jt: allowed.length - i, jf: 0, k })
  return [...allowed.map(pass), statement(RETURN, 0)]
}

/** Passes the frame if the accumulator is covered; at most 3 instructions per value. */
export function passCovered({ prefixBits, values }: Cover): Instruction[] {
  const mask = prefixBits === 32 ? [] : [statement(AND, maskOf(prefixBits))]
  return [...mask, ...lookup(values, 0)]
}

/** Passes the frame if the accumulator is one of `values`; else goes on `after` instructions behind this block. */
function lookup(values: readonly number[], after: number): Instruction[] {
  if (values.length <= CHAIN) {
    const found = (value: number, i: number): Instruction => ({
      code: JUMP_EQUAL,
      jt: values.length - i,
      jf: 0,
      k: value,
    })
    return [...values.map(found), statement(JUMP, after + 1), statement(RETURN, WHOLE_FRAME)]
  }
  const middle = values.length >>> 1
  const upper = lookup(values.slice(middle), after)
  const lower = lookup(values.slice(0, middle), after + upper.length)
  const k = values[middle] ?? 0
  if (lower.length <= REACH) {
    return [{ code: JUMP_GREATER_OR_EQUAL, jt: lower.length, jf: 0, k }, ...lower, ...upper]
  }
  const far = statement(JUMP, lower.length)
  return [{ code: JUMP_GREATER_OR_EQUAL, jt: 0, jf: 1, k }, far, ...lower, ...upper]
}

/** An instruction that does not jump. */
export function statement(code: number, k: number): Instruction {
  return { code, jt: 0, jf: 0, k }
}

/** The program as the kernel reads it: struct sock_filter { u16 code; u8 jt; u8 jf; u32 k; }, little endian here. */
export function encodeFilter(program: readonly Instruction[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(program.length * 8))
  for (const [i, { code, jt, jf, k }] of program.entries()) {
    view.setUint16(8 * i, code, true)
    view.setUint8(8 * i + 2, jt)
    view.setUint8(8 * i + 3, jf)
    view.setUint32(8 * i + 4, k, true)
  }
  return new Uint8Array(view.buffer)
}
