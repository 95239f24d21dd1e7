// SPDX-License-Identifier: Apache-2.0
/** The kernel's reading of the BPF instructions that our filters use (Documentation/networking/filter.rst). */
import assert from 'node:assert/strict'
import {
  AND,
  type Instruction,
  JUMP,
  JUMP_EQUAL,
  JUMP_GREATER_OR_EQUAL,
  LOAD_BYTE,
  LOAD_HALF,
  LOAD_WORD,
  RETURN,
  TO_INDEX,
  XOR_INDEX,
} from '../../src/os/neighbor-filter.ts'

/** Whether a frame passes. */
export function passes(program: readonly Instruction[], frame: Uint8Array): boolean {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  let accumulator = 0
  let index = 0
  for (let at = 0; ; at++) {
    const instruction = program[at]
    assert.ok(instruction, `the program runs past its end at ${at}`)
    const { code, jt, jf, k } = instruction
    assert.ok(jt >= 0 && jt <= 255 && jf >= 0 && jf <= 255, `jump too far at ${at}`)
    switch (code) {
      case LOAD_BYTE:
      case LOAD_HALF:
      case LOAD_WORD: {
        const loaded = load(view, code, k)
        if (loaded === undefined) return false
        accumulator = loaded
        break
      }
      case AND:
        accumulator = (accumulator & k) >>> 0
        break
      case TO_INDEX:
        index = accumulator
        break
      case XOR_INDEX:
        accumulator = (accumulator ^ index) >>> 0
        break
      case JUMP:
        at += k
        break
      case JUMP_EQUAL:
        at += accumulator === k ? jt : jf
        break
      case JUMP_GREATER_OR_EQUAL:
        at += accumulator >= k ? jt : jf
        break
      case RETURN:
        return k > 0
      default:
        assert.fail(`unknown instruction ${code}`)
    }
  }
}

/** Undefined past the end of the frame. */
function load(view: DataView, code: number, at: number): number | undefined {
  const bytes = code === LOAD_BYTE ? 1 : code === LOAD_HALF ? 2 : 4
  if (at + bytes > view.byteLength) return undefined
  return bytes === 1 ? view.getUint8(at) : bytes === 2 ? view.getUint16(at) : view.getUint32(at)
}
