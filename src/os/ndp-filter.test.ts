// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { passes } from '../../test/sim/packet-filter.ts'
import { ndpFilter, ndpNumber } from './ndp-filter.ts'
import { cover } from './neighbor-filter.ts'
import { keyOf } from './neighbor-protocol.ts'

const MINE = keyOf('2001:db8::1')

/** The parts of a frame that the filter looks at. */
function frameOf(target: Uint8Array, type = 135): Uint8Array {
  const frame = new Uint8Array(86)
  frame.set([0x86, 0xdd, 0x60], 12)
  frame[20] = 58
  frame[54] = type
  frame.set(target, 62)
  return frame
}
const withByte = (at: number, value: number) => {
  const frame = frameOf(MINE)
  frame[at] = value
  return frame
}
const numbersOf = (keys: readonly Uint8Array[]) => Uint32Array.from(keys, ndpNumber).toSorted()
const filterFor = (keys: readonly Uint8Array[], limit = 256) => ndpFilter(cover(numbersOf(keys), limit))

const FRAMES: [string, Uint8Array, boolean][] = [
  ['a solicitation for a claimed address', frameOf(MINE), true],
  ['an advertisement of a claimed address', frameOf(MINE, 136), true],
  ['a router solicitation', frameOf(MINE, 133), false],
  ['a redirect', frameOf(MINE, 137), false],
  ['an echo request', frameOf(MINE, 128), false],
  ['a solicitation for another address', frameOf(keyOf('2001:db8::2')), false],
  ['a solicitation for another address of the same group', frameOf(keyOf('2001:db8::1:0:1')), false],
  ['an address with the same words in another order', frameOf(keyOf('0:1:2001:db8::')), true],
  ['UDP', withByte(20, 17), false],
  ['hop-by-hop options in between', withByte(20, 0), false],
  ['IPv4', withByte(12, 0x08), false],
  ['a wrong hop limit, which is counted', withByte(21, 64), true],
  ['a frame cut off inside the target', frameOf(MINE).subarray(0, 77), false],
  ['a frame cut off behind the target', frameOf(MINE).subarray(0, 78), true],
  ['nothing', new Uint8Array(0), false],
]
for (const [name, frame, expected] of FRAMES) {
  test(`filter: ${name} ${expected ? 'passes' : 'is dropped'}`, () => {
    assert.equal(passes(filterFor([MINE]), frame), expected)
  })
}

test('nothing claimed: nothing passes', () => assert.equal(passes(filterFor([]), frameOf(MINE)), false))

/** Few bits vary, so that hits and near misses are both frequent. */
const address = fc
  .tuple(fc.constantFrom('2001:db8::', '2001:db8:0:1::', 'fd00::'), fc.integer({ min: 0, max: 0x3ff }))
  .map(([prefix, low]) => keyOf(`${prefix}${low.toString(16)}`))

test('property: whatever is claimed and however wide the filter, no claimed address is lost', () => {
  fc.assert(
    fc.property(
      fc.array(address, { minLength: 1, maxLength: 400 }),
      fc.integer({ min: 0, max: 300 }),
      (keys, limit) => {
        const program = filterFor(keys, limit)
        for (const key of keys) assert.ok(passes(program, frameOf(key)))
      },
    ),
    { seed: 4861, numRuns: 100 },
  )
})

const key = (number: number) => keyOf(`2001:db8::${number.toString(16)}`)

test('property: addresses of one network, up to 256 of them, are told from all others in it', () => {
  const low = fc.integer({ min: 0, max: 0xfff })
  fc.assert(
    fc.property(fc.uniqueArray(low, { maxLength: 256 }), low, (claimed, other) => {
      assert.equal(passes(filterFor(claimed.map(key)), frameOf(key(other))), claimed.includes(other))
    }),
    { seed: 4861, numRuns: 200 },
  )
})

test('256 addresses take well under the 841 instructions that the smallest common kernel limit holds', () => {
  const keys = Array.from({ length: 256 }, (_, i) => key(7 * i))
  assert.ok(filterFor(keys).length <= 400)
})

test('10,000 addresses in a row are covered by prefixes', () => {
  const keys = Array.from({ length: 10_000 }, (_, i) => key(i))
  const program = filterFor(keys)
  assert.ok(program.length <= 400)
  assert.equal(passes(program, frameOf(keyOf('2001:db8::1:0'))), false)
})
