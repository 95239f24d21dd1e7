// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { isIPv6 } from 'node:net'
import { test } from 'node:test'
import { array, bigInt, assert as check, constant, constantFrom, nat, oneof, property, tuple } from 'fast-check'
import ipaddr from 'ipaddr.js'
import { compareIp, type Family, formatIp, type Ip, parseIp } from './ip.ts'
import { formatCidr, mask, parseCidr, rangeOf, summarize } from './prefix.ts'

const v4 = (bits: bigint): Ip => ({ family: 'ipv4', bits })
const v6 = (bits: bigint): Ip => ({ family: 'ipv6', bits })

const ADDRESSES: [name: string, text: string, ip: Ip | undefined, canonical?: string][] = [
  ['dotted decimal', '192.0.2.1', v4(0xc000_0201n), '192.0.2.1'],
  ['the lowest IPv4', '0.0.0.0', v4(0n), '0.0.0.0'],
  ['the highest IPv4', '255.255.255.255', v4(0xffff_ffffn), '255.255.255.255'],
  ['an octet above 255', '192.0.2.256', undefined],
  ['a leading zero, octal to some', '192.0.2.010', undefined],
  ['three octets', '192.0.2', undefined],
  ['five octets', '192.0.2.1.1', undefined],
  ['an empty octet', '192..2.1', undefined],
  ['a trailing dot', '192.0.2.1.', undefined],
  ['a leading dot', '.192.0.2', undefined],
  ['hexadecimal', '0xc0.0.2.1', undefined],
  ['a sign', '+1.2.3.4', undefined],
  ['a blank', ' 192.0.2.1', undefined],
  ['nothing', '', undefined],
  ['a name', 'localhost', undefined],
  ['other digits than ASCII', '１.2.3.4', undefined],
  ['all zeros', '::', v6(0n), '::'],
  ['loopback', '::1', v6(1n), '::1'],
  ['upper case', '2001:DB8::A', v6((0x2001_0db8n << 96n) | 0xan), '2001:db8::a'],
  ['leading zeros of a group', '2001:0db8:0:0:0:0:0:1', v6((0x2001_0db8n << 96n) | 1n), '2001:db8::1'],
  [
    'RFC 5952 §4.2.2: one zero group is not shortened',
    '1:0:2:3:4:5:6:7',
    v6(0x1_0000_0002_0003_0004_0005_0006_0007n),
    '1:0:2:3:4:5:6:7',
  ],
  [
    'RFC 5952 §4.2.3: the first of equal runs',
    '1:0:0:2:0:0:3:4',
    v6(0x1_0000_0000_0002_0000_0000_0003_0004n),
    '1::2:0:0:3:4',
  ],
  ['RFC 5952 §4.2.3: the longest run', '1:0:0:2:0:0:0:3', v6(0x1_0000_0000_0002_0000_0000_0000_0003n), '1:0:0:2::3'],
  ['a run at the end', '1:2::', v6(0x1_0002n << 96n), '1:2::'],
  ['a :: for one group', '1:2:3:4:5:6:7::', v6(0x1_0002_0003_0004_0005_0006_0007_0000n), '1:2:3:4:5:6:7:0'],
  ['dotted decimal at the end', '64:ff9b::192.0.2.1', v6((0x64_ff9bn << 96n) | 0xc000_0201n), '64:ff9b::c000:201'],
  ['IPv4-mapped is IPv4, as in Go', '::ffff:192.0.2.1', v4(0xc000_0201n), '192.0.2.1'],
  ['IPv4-mapped in hexadecimal', '::ffff:c000:0201', v4(0xc000_0201n), '192.0.2.1'],
  ['IPv4-compatible stays IPv6', '::192.0.2.1', v6(0xc000_0201n), '::c000:201'],
  ['a :: for no group', '1:2:3:4::5:6:7:8', undefined],
  ['two ::', '1::2::3', undefined],
  ['three colons', ':::', undefined],
  ['one colon', ':', undefined],
  ['nine groups', '1:2:3:4:5:6:7:8:9', undefined],
  ['seven groups', '1:2:3:4:5:6:7', undefined],
  ['five digits', '12345::', undefined],
  ['a letter beyond f', '2001:db8::g', undefined],
  ['a zone', 'fe80::1%eth0', undefined],
  ['brackets', '[::1]', undefined],
  ['dotted decimal in the middle', '1:192.0.2.1::', undefined],
  ['dotted decimal before ::', '192.0.2.1::', undefined],
  ['a trailing colon', '1:2:3:4:5:6:7:', undefined],
  ['a leading colon', ':1:2:3:4:5:6:7', undefined],
  ['a very long text', `${'0'.repeat(1000)}:`, undefined],
]
for (const [name, text, ip, canonical] of ADDRESSES) {
  test(`address: ${name}`, () => {
    assert.deepEqual(parseIp(text), ip)
    if (ip) assert.equal(formatIp(ip), canonical)
  })
}

const CIDRS: [name: string, text: string, canonical: string | undefined][] = [
  ['host bits are dropped', '198.51.100.10/24', '198.51.100.0/24'],
  ['one address', '192.0.2.1/32', '192.0.2.1/32'],
  ['everything IPv4', '192.0.2.1/0', '0.0.0.0/0'],
  ['everything IPv6', '2001:db8::1/0', '::/0'],
  ['IPv6', '2001:db8:1::1/48', '2001:db8:1::/48'],
  ['too long for IPv4', '192.0.2.0/33', undefined],
  ['too long for IPv6', '::/129', undefined],
  ['no length', '192.0.2.0/', undefined],
  ['no slash', '192.0.2.0', undefined],
  ['a signed length', '192.0.2.0/+8', undefined],
  ['a netmask', '192.0.2.0/255.255.255.0', undefined],
  ['two slashes', '192.0.2.0/24/24', undefined],
  ['a blank', '192.0.2.0/ 24', undefined],
  ['IPv4-mapped: 24 of 32 bits or of 128?', '::ffff:192.0.2.0/24', undefined],
  ['IPv4-mapped, long', '::ffff:192.0.2.0/120', undefined],
]
for (const [name, text, canonical] of CIDRS) {
  test(`prefix: ${name}`, () => {
    const cidr = parseCidr(text)
    assert.equal(cidr && formatCidr(cidr), canonical)
  })
}

const RANGES: [name: string, first: string, last: string, prefixes: string][] = [
  ['one address', '192.0.2.7', '192.0.2.7', '192.0.2.7/32'],
  ['a whole prefix', '192.0.2.0', '192.0.2.255', '192.0.2.0/24'],
  ['ragged ends', '192.0.2.10', '192.0.2.20', '192.0.2.10/31 192.0.2.12/30 192.0.2.16/30 192.0.2.20/32'],
  ['all of IPv4', '0.0.0.0', '255.255.255.255', '0.0.0.0/0'],
  ['all of IPv6', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '::/0'],
  ['up to the last address', '255.255.255.254', '255.255.255.255', '255.255.255.254/31'],
  ['an empty one', '192.0.2.9', '192.0.2.8', ''],
]
for (const [name, first, last, prefixes] of RANGES) {
  test(`range: ${name}`, () => {
    const [from, to] = [parseIp(first), parseIp(last)]
    assert.ok(from && to)
    const cidrs = summarize({ family: from.family, first: from.bits, last: to.bits })
    assert.equal(cidrs.map(formatCidr).join(' '), prefixes)
  })
}

test('order: IPv4 before IPv6, then by number', () => {
  const sorted = ['::1', '10.0.0.2', '9.0.0.1', '::', '10.0.0.2']
    .map((text) => parseIp(text) ?? v4(0n))
    .toSorted(compareIp)
  assert.deepEqual(sorted.map(formatIp), ['9.0.0.1', '10.0.0.2', '10.0.0.2', '::', '::1'])
})

const octets = (bits: bigint, count: number) =>
  Array.from({ length: count }, (_, i) => Number((bits >> BigInt(8 * (count - 1 - i))) & 255n))
const anIpv4 = bigInt({ min: 0n, max: 0xffff_ffffn }).map(v4)
/** Many zero groups, as the shortest form depends on them; none IPv4-mapped. */
const anIpv6 = array(oneof(constant(0n), bigInt({ min: 0n, max: 0xffffn })), { minLength: 8, maxLength: 8 })
  .map((groups) => v6(groups.reduce((bits, group) => (bits << 16n) | group, 0n)))
  .filter(({ bits }) => bits >> 32n !== 0xffffn)

test('property: text of every address agrees with ipaddr.js, in each of its forms', () => {
  check(
    property(anIpv4, (ip) => {
      assert.equal(formatIp(ip), new ipaddr.IPv4(octets(ip.bits, 4)).toString())
      assert.deepEqual(parseIp(formatIp(ip)), ip)
    }),
  )
  check(
    property(anIpv6, (ip) => {
      const oracle = new ipaddr.IPv6(octets(ip.bits, 16))
      const texts = [oracle.toNormalizedString(), oracle.toRFC5952String(), oracle.toString().toUpperCase()]
      for (const text of texts) assert.deepEqual(parseIp(text), ip)
      // ipaddr.js does not always shorten the first of equally long runs (RFC 5952 §4.2.3); URL does.
      assert.equal(`[${formatIp(ip)}]`, new URL(`http://[${oracle.toNormalizedString()}]/`).hostname)
    }),
  )
})

test('property: what is an IPv6 address and what is not agrees with inet_pton', () => {
  const piece = constantFrom('', '0', '1', 'ab', 'FFFF', '12345', ':', '::', '1.2.3.4', '1.2.3.04', 'g')
  check(
    property(array(piece, { minLength: 1, maxLength: 10 }), constantFrom('', ':'), (pieces, glue) => {
      const text = pieces.join(glue)
      if (!text.includes(':')) return
      assert.equal(parseIp(text) !== undefined, isIPv6(text), text)
    }),
    { numRuns: 5000 },
  )
})

test('property: prefixes agree with ipaddr.js', () => {
  const aPrefix = oneof(tuple(anIpv4, nat(32), constant(ipaddr.IPv4)), tuple(anIpv6, nat(128), constant(ipaddr.IPv6)))
  check(
    property(aPrefix, ([ip, prefixBits, oracle]) => {
      const text = `${formatIp(ip)}/${prefixBits}`
      const cidr = parseCidr(text)
      assert.ok(cidr)
      const { family, first, last } = rangeOf(cidr)
      assert.deepEqual(mask(ip, prefixBits), { family, bits: first })
      assert.deepEqual(octets(first, ip.family === 'ipv4' ? 4 : 16), oracle.networkAddressFromCIDR(text).toByteArray())
      if (ip.family === 'ipv4')
        assert.deepEqual(octets(last, 4), ipaddr.IPv4.broadcastAddressFromCIDR(text).toByteArray())
    }),
  )
})

/** Two ends in any order. */
const ends = (family: Family, max: bigint) =>
  tuple(constant(family), bigInt({ min: 0n, max }), bigInt({ min: 0n, max }))

test('property: a summary covers its range exactly, in order, with no two prefixes that make one', () => {
  check(
    property(oneof(ends('ipv4', 0xffff_ffffn), ends('ipv6', (1n << 128n) - 1n)), ([family, a, b]) => {
      const range = { family, first: a < b ? a : b, last: a < b ? b : a }
      let next = range.first
      let before = ''
      for (const cidr of summarize(range)) {
        const covered = rangeOf(cidr)
        assert.equal(covered.first, next)
        next = covered.last + 1n
        const parent = `${mask({ family, bits: cidr.first }, Math.max(0, cidr.prefixBits - 1)).bits}/${cidr.prefixBits}`
        assert.notEqual(parent, before)
        before = parent
      }
      assert.equal(next, range.last + 1n)
    }),
  )
})
