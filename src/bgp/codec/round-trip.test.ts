// SPDX-License-Identifier: Apache-2.0
/** Whatever can be said is understood as it was said. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { FOUR_OCTETS, INTERNAL, TWO_OCTETS } from '../../../test/fuzz/bgp-vectors.ts'
import { WIDTH } from '../../lib/ip.ts'
import { type Cidr, mask } from '../../lib/prefix.ts'
import { decode, encode } from './codec.ts'
import type { AddressFamily, Attributes, Capability, Dialect, Message, Open, Update } from './message.ts'

const LONG: Dialect = { ...INTERNAL, maxBytes: 65_535 }
const word = fc.integer({ min: 0, max: 0xffff_ffff })
const asn = fc.oneof(fc.integer({ min: 1, max: 0xffff_ffff }), fc.integer({ min: 1, max: 70_000 }))
const bytes = (maxLength: number) => fc.uint8Array({ maxLength })
const name = fc.string({ unit: fc.constantFrom('a', 'é', '–', '中', ' ', '"'), maxLength: 20 })
const family = fc.constantFrom<AddressFamily>('ipv4', 'ipv6')

function prefix(of: AddressFamily): fc.Arbitrary<Cidr> {
  return fc
    .tuple(fc.bigInt(0n, (1n << BigInt(WIDTH[of])) - 1n), fc.integer({ min: 0, max: WIDTH[of] }))
    .map(([bits, prefixBits]) => ({ family: of, first: mask({ family: of, bits }, prefixBits).bits, prefixBits }))
}

function prefixes(of: AddressFamily): fc.Arbitrary<Cidr[]> {
  return fc.array(prefix(of), { minLength: 1, maxLength: 20 })
}

const hop4 = fc.bigInt(0x0100_0000n, 0x7eff_ffffn).map((bits) => ({ family: 'ipv4' as const, bits }))
const hop6 = fc.bigInt(2n, (0xffn << 120n) - 1n).map((bits) => ({ family: 'ipv6' as const, bits }))
const hops6 = fc.array(hop6, { minLength: 1, maxLength: 2 })
const unique = (list: readonly number[]): number[] => [...new Set(list)].toSorted((one, other) => one - other)

function segments(types: readonly ('sequence' | 'set' | 'confedSequence' | 'confedSet')[]) {
  const asns = fc.array(asn, { minLength: 1, maxLength: 30 })
  return fc.array(fc.record({ type: fc.constantFrom(...types), asns }), { maxLength: 4 })
}

const large = fc.tuple(word, word, word).map((parts) => parts.join(':'))

function attributes(dialect: Dialect): fc.Arbitrary<Attributes> {
  const confederation = dialect.fourOctetAs ? (['confedSequence', 'confedSet'] as const) : []
  const optional = {
    med: word,
    atomicAggregate: fc.constant<true>(true),
    aggregator: fc.record({ asn, address: word }),
    communities: fc.array(word, { minLength: 1, maxLength: 80 }).map(unique),
    largeCommunities: fc.array(large, { minLength: 1, maxLength: 1 }),
    unknown: fc
      .tuple(fc.integer({ min: 40, max: 127 }), fc.constantFrom(0xc0, 0xe0), bytes(300))
      .map(([code, flags, value]) => [{ flags, code, value }]),
    ...(dialect.internal && {
      localPref: word,
      originatorId: word,
      clusterList: fc.array(word, { minLength: 1, maxLength: 5 }),
    }),
  }
  const mandatory = {
    origin: fc.constantFrom('igp' as const, 'egp' as const, 'incomplete' as const),
    asPath: segments(['sequence', 'set', ...confederation]),
  }
  const requiredKeys = ['origin', 'asPath'] as const
  return fc.record({ ...mandatory, ...optional }, { requiredKeys: [...requiredKeys] })
}

function update(dialect: Dialect): fc.Arbitrary<Update> {
  const old = fc.record({
    family: fc.constant<AddressFamily>('ipv4'),
    nextHops: hop4.map((hop) => [hop]),
    prefixes: prefixes('ipv4'),
  })
  const over6 = fc.record({ family: fc.constant<AddressFamily>('ipv4'), nextHops: hops6, prefixes: prefixes('ipv4') })
  const ipv6 = fc.record({ family: fc.constant<AddressFamily>('ipv6'), nextHops: hops6, prefixes: prefixes('ipv6') })
  const gone = (of: AddressFamily) => fc.record({ family: fc.constant(of), prefixes: prefixes(of) })
  const listed = fc
    .tuple(fc.option(old), fc.option(fc.oneof(over6, ipv6)), fc.option(gone('ipv4')), fc.option(gone('ipv6')))
    .filter((parts) => parts.some((part) => part !== null))
  return fc.tuple(listed, attributes(dialect)).map(([[first, second, gone4, gone6], found]) => {
    const reach = [first, second].filter((part) => part !== null)
    const unreach = [gone4, gone6].filter((part) => part !== null)
    return { type: 'update', reach, unreach, attributes: reach.length > 0 ? found : {}, endOfRib: null, flaw: null }
  })
}

const capability: fc.Arbitrary<Capability> = fc.oneof(
  fc.record({ type: fc.constant('multiprotocol' as const), family }),
  fc.record({ type: fc.constant('otherFamily' as const), afi: fc.integer({ min: 3, max: 65_535 }), safi: fc.nat(255) }),
  fc.constantFrom(
    { type: 'routeRefresh' as const },
    { type: 'enhancedRouteRefresh' as const },
    { type: 'extendedMessage' as const },
    { type: 'extendedNextHop' as const, family: 'ipv4' as const },
  ),
  fc.record({ type: fc.constant('fourOctetAs' as const), asn }),
  fc.record({ type: fc.constant('hostname' as const), host: name, domain: name }),
  fc.record({ type: fc.constant('softwareVersion' as const), version: name.filter((text) => text !== '') }),
  fc.record({ type: fc.constant('unknown' as const), code: fc.integer({ min: 128, max: 255 }), value: bytes(255) }),
  fc.record({
    type: fc.constant('gracefulRestart' as const),
    restarting: fc.boolean(),
    notification: fc.boolean(),
    restartSeconds: fc.nat(4095),
    families: fc.array(fc.record({ family, preserved: fc.boolean() }), { maxLength: 3 }),
  }),
)
/** One of a kind where several would be read as one, or stand together. */
const open: fc.Arbitrary<Open> = fc.record({
  type: fc.constant('open' as const),
  asn: fc.integer({ min: 1, max: 65_535 }),
  holdSeconds: fc.oneof(fc.constant(0), fc.integer({ min: 3, max: 65_535 })),
  routerId: fc.integer({ min: 1, max: 0xffff_ffff }),
  capabilities: fc.uniqueArray(capability, {
    maxLength: 12,
    selector: (found) => (found.type === 'gracefulRestart' || found.type === 'extendedNextHop' ? found.type : found),
  }),
})

const notification = fc
  .record({ code: fc.nat(255).filter((code) => code !== 6), subcode: fc.nat(255), data: bytes(500) })
  .map((parts): Message => ({ type: 'notification', reason: '', ...parts }))
const refresh = fc
  .record({ family, subtype: fc.nat(255) })
  .map((parts): Message => ({ type: 'routeRefresh', afi: parts.family === 'ipv4' ? 1 : 2, safi: 1, ...parts }))
const endOfRib = family.map(
  (of): Message => ({ type: 'update', reach: [], unreach: [], attributes: {}, endOfRib: of, flaw: null }),
)

const DIALECTS: [string, Dialect][] = [
  ['an external peer', FOUR_OCTETS],
  ['an internal peer', INTERNAL],
  ['a peer with AS numbers of two octets', TWO_OCTETS],
  ['a peer with extended messages', LONG],
]
for (const [who, dialect] of DIALECTS) {
  test(`what is written to ${who} is read as it was`, () => {
    const message: fc.Arbitrary<Message> = fc.oneof(
      { arbitrary: update(dialect), weight: 6 },
      open,
      notification,
      refresh,
      endOfRib,
    )
    fc.assert(
      fc.property(message, (said) => {
        const written = encode(said, dialect)
        // fast-check's records have no prototype; a clone has one.
        assert.deepEqual(decode(written, dialect), structuredClone(said))
      }),
      { numRuns: 500 },
    )
  })
}
