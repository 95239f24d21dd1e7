// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { passes as passesFilter } from '../../test/sim/packet-filter.ts'
import { fromHex } from '../lib/bytes.ts'
import { arpFilter } from './arp-filter.ts'
import { cover, encodeFilter, type Instruction, JUMP_EQUAL } from './neighbor-filter.ts'

function frameOf(sender: number, target: number): Uint8Array {
  const bytes = new Uint8Array(42)
  const view = new DataView(bytes.buffer)
  view.setUint16(12, 0x0806)
  view.setUint32(28, sender)
  view.setUint32(38, target)
  return bytes
}

const sorted = (addresses: Iterable<number>) => Uint32Array.from(new Set(addresses)).toSorted()
const passes = (program: Instruction[], sender: number, target: number) =>
  passesFilter(program, frameOf(sender, target))
/** Few bits vary, so that hits and near misses are both frequent. */
const address = fc.oneof(
  fc.integer({ min: 0, max: 0x3ff }).map((low) => (0xc633_6400 + low) >>> 0),
  fc.integer({ min: 0, max: 0xffff_ffff }),
)

test('property: up to 256 addresses, the filter passes a frame exactly if its target or sender is claimed', () => {
  fc.assert(
    fc.property(fc.array(address, { maxLength: 256 }), fc.array(address, { maxLength: 20 }), (claimed, others) => {
      const ips = sorted(claimed)
      const program = arpFilter(cover(ips, 256))
      const known = new Set(ips)
      for (const a of [...others, ...claimed.slice(0, 5), 0, 0xffff_ffff]) {
        for (const b of others) assert.equal(passes(program, a, b), known.has(a) || known.has(b))
      }
    }),
    { seed: 826, numRuns: 200 },
  )
})

test('property: above the limit, exactly the frames under a covering prefix pass, so none that is claimed is lost', () => {
  fc.assert(
    fc.property(
      fc.array(address, { minLength: 1 }),
      fc.integer({ min: 0, max: 8 }),
      address,
      (claimed, limit, other) => {
        const ips = sorted(claimed)
        const { prefixBits, values } = cover(ips, limit)
        const program = arpFilter({ prefixBits, values })
        const under = (ip: number) => claimed.some((c) => prefixBits === 0 || (c ^ ip) >>> (32 - prefixBits) === 0)
        for (const ip of ips) assert.ok(passes(program, 0, ip) && passes(program, ip, 0))
        assert.equal(passes(program, other, other), under(other))
      },
    ),
    { seed: 826, numRuns: 300 },
  )
})

const row = (count: number, step: number) => Uint32Array.from({ length: count }, (_, i) => 0x0a00_0000 + i * step)
const COVERS: [string, Uint32Array, number, number, number][] = [
  ['nothing claimed', row(0, 1), 256, 32, 0],
  ['as many as fit are exact', row(256, 7), 256, 32, 256],
  ['one more takes a shorter prefix', row(257, 1), 256, 31, 129],
  ['10,000 in a row', row(10_000, 1), 256, 26, 157],
  ['limit 1: one prefix over all', row(10, 1), 1, 28, 1],
  ['limit 0: everything', row(10, 1), 0, 0, 1],
  ['all of IPv4 under one bit', Uint32Array.of(0, 0xffff_ffff), 1, 0, 1],
]
for (const [name, ips, limit, prefixBits, count] of COVERS) {
  test(`cover: ${name}: ${count} of /${prefixBits}`, () => {
    const { prefixBits: bits, values } = cover(ips, limit)
    assert.deepEqual([bits, values.length], [prefixBits, count])
  })
}

const ARP_FRAMES: [string, string, boolean][] = [
  ['an IPv4 packet', `ffffffffffff 020000000001 0800 ${'c6336401'.repeat(10)}`, false],
  ['a frame with a VLAN tag', `ffffffffffff 020000000001 8100 0005 0806 ${'c6336401'.repeat(10)}`, false],
  [
    'ARP cut off inside the target address',
    'ffffffffffff 020000000001 0806 000108000604 0001 020000000001 c6336402 000000000000 c633',
    false,
  ],
  [
    'ARP for a claimed address',
    'ffffffffffff 020000000001 0806 000108000604 0001 020000000001 c6336402 000000000000 c6336401',
    true,
  ],
  [
    'ARP from a claimed address',
    'ffffffffffff 020000000001 0806 000108000604 0002 020000000001 c6336401 000000000000 c6336409',
    true,
  ],
  [
    'ARP between others',
    'ffffffffffff 020000000001 0806 000108000604 0001 020000000001 c6336402 000000000000 c6336403',
    false,
  ],
]
for (const [name, hex, expected] of ARP_FRAMES) {
  test(`filter: ${name} ${expected ? 'passes' : 'is dropped'}`, () => {
    assert.equal(passesFilter(arpFilter(cover(Uint32Array.of(0xc633_6401), 256)), fromHex(hex)), expected)
  })
}

test('256 addresses take well under the 841 instructions that the smallest common kernel limit holds', () => {
  assert.ok(arpFilter(cover(row(256, 7), 256)).length <= 700)
})

test('an instruction is encoded as struct sock_filter', () => {
  const bytes = encodeFilter([{ code: JUMP_EQUAL, jt: 1, jf: 2, k: 0xc633_6401 }])
  assert.deepEqual(bytes, fromHex('15 00 01 02 01 64 33 c6'))
})
