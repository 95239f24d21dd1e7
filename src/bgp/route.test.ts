// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseCidr } from '../lib/prefix.ts'
import { type Route, routesEqual, uniteRoutes } from './route.ts'

const prefix = parseCidr('192.0.2.0/24') ?? assert.fail()
const BARE: Route = { prefix, localPref: null, communities: [], largeCommunities: [], med: null, prepend: [] }

type Fields = Partial<Route>
const UNIONS: [string, Fields, Fields, Fields][] = [
  ['nothing and nothing', {}, {}, {}],
  [
    'communities, ascending, each once',
    { communities: [3, 20] },
    { communities: [3, 10] },
    { communities: [3, 10, 20] },
  ],
  [
    'large communities by number, not by text',
    { largeCommunities: ['9:0:0', '64500:1:2'] },
    { largeCommunities: ['64500:1:10', '64500:1:2', '10:0:0'] },
    { largeCommunities: ['9:0:0', '10:0:0', '64500:1:2', '64500:1:10'] },
  ],
  ['the highest localPref', { localPref: 100 }, { localPref: 200 }, { localPref: 200 }],
  ['an unset localPref has no say', { localPref: null }, { localPref: 50 }, { localPref: 50 }],
  ['the lowest MED', { med: 10 }, { med: 20 }, { med: 10 }],
  ['an unset MED has no say', { med: null }, { med: 20 }, { med: 20 }],
  ['MED 0 is set', { med: 0 }, { med: 20 }, { med: 0 }],
  ['the longest prepend', { prepend: [1, 1] }, { prepend: [9] }, { prepend: [1, 1] }],
  ['equally long prepends: the lower number', { prepend: [5, 9] }, { prepend: [5, 7] }, { prepend: [5, 7] }],
]
for (const [name, a, b, united] of UNIONS) {
  test(`united routes: ${name}`, () => {
    assert.deepEqual(uniteRoutes({ ...BARE, ...a }, { ...BARE, ...b }), { ...BARE, ...united })
    assert.deepEqual(uniteRoutes({ ...BARE, ...b }, { ...BARE, ...a }), { ...BARE, ...united })
  })
}

test('united routes: two prefixes cannot be one route', () => {
  const other = parseCidr('192.0.2.0/25') ?? assert.fail()
  assert.throws(() => uniteRoutes(BARE, { ...BARE, prefix: other }), assert.AssertionError)
})

const CHANGES: [string, Fields][] = [
  ['prefix length', { prefix: parseCidr('192.0.2.0/25') ?? assert.fail() }],
  ['prefix', { prefix: parseCidr('192.0.3.0/24') ?? assert.fail() }],
  ['family', { prefix: { family: 'ipv6', first: prefix.first, prefixBits: 24 } }],
  ['localPref', { localPref: 100 }],
  ['communities', { communities: [1] }],
  ['large communities', { largeCommunities: ['1:2:3'] }],
  ['MED', { med: 0 }],
  ['prepend', { prepend: [64_500] }],
]
for (const [name, change] of CHANGES) {
  test(`equal routes: another ${name} makes another route`, () => {
    assert.equal(routesEqual(BARE, { ...BARE, ...change }), false)
    assert.equal(routesEqual({ ...BARE, ...change }, structuredClone({ ...BARE, ...change })), true)
  })
}

const small = fc.integer({ min: 0, max: 3 })
const routes: fc.Arbitrary<Route> = fc.record({
  prefix: fc.constant(prefix),
  localPref: fc.option(small),
  communities: fc.uniqueArray(small).map((values) => values.toSorted((a, b) => a - b)),
  largeCommunities: fc
    .uniqueArray(fc.tuple(small, small, small).map((parts) => parts.join(':')))
    .map((texts) => texts.toSorted()),
  med: fc.option(small),
  prepend: fc.array(small, { maxLength: 3 }),
})
test('united routes: neither order nor grouping nor repetition matters', () => {
  fc.assert(
    fc.property(routes, routes, routes, (a, b, c) => {
      assert.deepEqual(uniteRoutes(a, b), uniteRoutes(b, a))
      assert.deepEqual(uniteRoutes(uniteRoutes(a, b), c), uniteRoutes(a, uniteRoutes(b, c)))
      assert.ok(routesEqual(uniteRoutes(a, a), a))
    }),
  )
})
