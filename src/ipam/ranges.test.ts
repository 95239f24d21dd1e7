// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { pool } from '../../test/ipam/objects.ts'
import { type Family, formatIp, parseIp } from '../lib/ip.ts'
import type { Pool } from '../model/pool.ts'
import { capacityOf, FreeRanges, isBuggy, UNBOUNDED } from './ranges.ts'

const CAPACITIES: [name: string, addresses: string, family: Family, capacity: bigint, avoiding: bigint][] = [
  ['a /24', '192.0.2.0/24', 'ipv4', 256n, 254n],
  ['a /23 loses four', '192.0.2.0/23', 'ipv4', 512n, 508n],
  ['a /16 loses two per /24', '10.1.0.0/16', 'ipv4', 65536n, 65024n],
  ['all of IPv4', '0.0.0.0/0', 'ipv4', 4294967296n, 4261412864n],
  ['the first /25 loses one', '192.0.2.0/25', 'ipv4', 128n, 127n],
  ['the second /25 loses one', '192.0.2.128/25', 'ipv4', 128n, 127n],
  ['a /26 in the middle loses none', '192.0.2.64/26', 'ipv4', 64n, 64n],
  ['a lone .0 is nothing, and not less', '192.0.2.0/32', 'ipv4', 1n, 0n],
  ['a lone .255 is nothing, and not less', '192.0.2.255/32', 'ipv4', 1n, 0n],
  ['.255 and .0 in a row', '192.0.2.255-192.0.3.0', 'ipv4', 2n, 0n],
  ['a range over a border', '192.0.2.250-192.0.3.5', 'ipv4', 12n, 10n],
  ['blocks are added', '192.0.2.0/30 192.0.2.128/31', 'ipv4', 6n, 5n],
  ['the other family does not count', '192.0.2.0/24 2001:db8::/64', 'ipv4', 256n, 254n],
  ['no block of the family', '192.0.2.0/24', 'ipv6', 0n, 0n],
  ['IPv6 is never buggy', '2001:db8::/120', 'ipv6', 256n, 256n],
  ['61 host bits are counted', '2001:db8::/67', 'ipv6', 1n << 61n, 1n << 61n],
  ['62 host bits are unbounded', '2001:db8::/66', 'ipv6', UNBOUNDED, UNBOUNDED],
  ['all of IPv6 is unbounded', '::/0', 'ipv6', UNBOUNDED, UNBOUNDED],
  ['a sum stays unbounded', '2001:db8::/64 2001:db8:1::/64', 'ipv6', UNBOUNDED, UNBOUNDED],
  ['a sum of counted ones saturates', '2001:db8::-2001:db8::7fff:ffff:ffff:fffe', 'ipv6', UNBOUNDED, UNBOUNDED],
]
for (const [name, addresses, family, capacity, avoiding] of CAPACITIES) {
  test(`capacity: ${name}`, () => {
    assert.equal(capacityOf(pool('a', addresses), family), capacity)
    assert.equal(capacityOf(pool('a', addresses, { avoidBuggyIps: true }), family), avoiding)
  })
}

/** The first `count` addresses handed out. */
function handOut(from: Pool, family: Family, count: number): string[] {
  const free = new FreeRanges(from, family)
  const given: string[] = []
  while (given.length < count) {
    const position = free.firstFree()
    if (position === null) return given
    free.take(position)
    given.push(formatIp({ family, bits: free.addressAt(position) }))
  }
  return given
}

const ORDERS: [name: string, from: Pool, family: Family, given: string[]][] = [
  [
    'network and broadcast are used',
    pool('a', '192.0.2.0/30'),
    'ipv4',
    ['192.0.2.0', '192.0.2.1', '192.0.2.2', '192.0.2.3'],
  ],
  [
    'blocks in the order of the spec',
    pool('a', '192.0.2.8/31 192.0.2.0/31'),
    'ipv4',
    ['192.0.2.8', '192.0.2.9', '192.0.2.0', '192.0.2.1'],
  ],
  ['families do not mix', pool('a', '2001:db8::/127 192.0.2.0/32'), 'ipv6', ['2001:db8::', '2001:db8::1']],
  [
    '.255 and .0 are skipped',
    pool('a', '192.0.2.254-192.0.3.1', { avoidBuggyIps: true }),
    'ipv4',
    ['192.0.2.254', '192.0.3.1'],
  ],
  [
    '.0 and .255 of IPv6 are not',
    pool('a', '2001:db8::/127', { avoidBuggyIps: true }),
    'ipv6',
    ['2001:db8::', '2001:db8::1'],
  ],
  ['nothing but buggy ones', pool('a', '192.0.2.255-192.0.3.0', { avoidBuggyIps: true }), 'ipv4', []],
  ['no block of the family', pool('a', '192.0.2.0/24'), 'ipv6', []],
]
for (const [name, from, family, given] of ORDERS) {
  test(`order: ${name}`, () => assert.deepEqual(handOut(from, family, 4), given))
}

test('a /0 of IPv6 is as quick as a /30', () => {
  assert.deepEqual(handOut(pool('a', '::/0'), 'ipv6', 3), ['::', '::1', '::2'])
})

test('churn leaves no fragments behind: neighbours that are free become one', () => {
  const free = new FreeRanges(pool('a', '10.0.0.0/22'), 'ipv4')
  const positions = Array.from({ length: 1024 }, (_, i) => BigInt((i * 389) % 1024))
  for (const position of positions) free.take(position)
  assert.equal(free.fragments, 0)
  for (const position of positions) {
    free.giveBack(position)
    assert.ok(free.fragments <= 512)
  }
  assert.equal(free.fragments, 1)
  assert.equal(free.firstFree(), 0n)
})

test('taking twice and giving back twice are bugs', () => {
  const free = new FreeRanges(pool('a', '192.0.2.0/30'), 'ipv4')
  free.take(1n)
  assert.throws(() => free.take(1n), /only a free position/)
  free.giveBack(1n)
  assert.throws(() => free.giveBack(1n), /only a taken position/)
  assert.throws(() => free.positionOf(0n), /the address is in the pool/)
})

test('property: after any churn the first free one is the one a scan from the start would find', () => {
  const avoided = pool('a', '192.0.2.250-192.0.3.5 192.0.1.250-192.0.2.1', { avoidBuggyIps: true })
  const scan = [...ascending('192.0.2.250', 12), ...ascending('192.0.1.250', 8)]
  const usable = scan.filter((bits) => !isBuggy({ family: 'ipv4', bits }))
  fc.assert(
    fc.property(fc.array(fc.nat(usable.length), { maxLength: 120 }), (picks) => {
      const free = new FreeRanges(avoided, 'ipv4')
      const taken = new Set<bigint>()
      for (const pick of picks) {
        const bits = usable[pick] ?? usable.find((candidate) => !taken.has(candidate))
        if (bits === undefined) continue
        if (taken.delete(bits)) free.giveBack(free.positionOf(bits))
        else {
          free.take(free.positionOf(bits))
          taken.add(bits)
        }
        const position = free.firstFree()
        const expected = usable.find((candidate) => !taken.has(candidate))
        assert.equal(position === null ? undefined : free.addressAt(position), expected)
      }
    }),
  )
})

function ascending(from: string, count: number): bigint[] {
  const first = parseIp(from)?.bits ?? 0n
  return Array.from({ length: count }, (_, i) => first + BigInt(i))
}
