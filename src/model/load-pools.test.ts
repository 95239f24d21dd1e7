// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load, namespace, pool, summarize } from '../../test/model/objects.ts'
import type { KubeObject } from '../lib/object.ts'
import { formatCidr } from '../lib/prefix.ts'
import { EVERYTHING } from './selector.ts'

const lan = ['192.0.2.0/28']
const selector = (key: string, ...values: string[]) => ({ matchExpressions: [{ key, operator: 'In', values }] })
const allocated = (serviceAllocation: object) => [pool('a', lan, { serviceAllocation })]

/** What is loaded, and which problems come of it. */
const CASES: readonly (readonly [string, readonly KubeObject[], readonly string[]])[] = [
  ['a prefix is fine', [pool('a', lan)], []],
  ['a range with blanks around its ends is fine', [pool('a', ['192.0.2.1 - 192.0.2.9'])], []],
  ['both families in one pool are fine', [pool('a', ['192.0.2.0/28', '2001:db8::/64'])], []],
  ['a range of one address is fine', [pool('a', ['192.0.2.1-192.0.2.1'])], []],
  ['no addresses', [pool('a', [])], ['IPAddressPool/a spec.addresses noAddresses']],
  ['a bare address', [pool('a', ['192.0.2.1'])], ['IPAddressPool/a spec.addresses[0] invalidAddress']],
  [
    'a prefix longer than an address',
    [pool('a', ['192.0.2.0/33'])],
    ['IPAddressPool/a spec.addresses[0] invalidAddress'],
  ],
  [
    'a range with a broken end',
    [pool('a', [...lan, '192.0.2.32-192.0.2.x'])],
    ['IPAddressPool/a spec.addresses[1] invalidAddress'],
  ],
  ['a range backwards', [pool('a', ['192.0.2.9-192.0.2.1'])], ['IPAddressPool/a spec.addresses[0] reversedRange']],
  [
    'a range from IPv4 to IPv6',
    [pool('a', ['192.0.2.1-2001:db8::1'])],
    ['IPAddressPool/a spec.addresses[0] mixedRange'],
  ],
  [
    'every bad entry is named',
    [pool('a', ['x', '192.0.2.0/28', 'y'])],
    ['IPAddressPool/a spec.addresses[0] invalidAddress', 'IPAddressPool/a spec.addresses[2] invalidAddress'],
  ],
  [
    'neighbours do not overlap',
    [pool('a', ['192.0.2.0/28', '192.0.2.16/28']), pool('b', ['192.0.2.32-192.0.2.40'])],
    [],
  ],
  [
    'an overlap inside one pool',
    [pool('a', ['192.0.2.0/28', '192.0.2.15-192.0.2.20'])],
    ['IPAddressPool/a spec.addresses[1] poolOverlap'],
  ],
  [
    'an overlap of two pools blames the later name',
    [pool('b', ['192.0.2.0/24']), pool('a', ['192.0.2.9/32'])],
    ['IPAddressPool/b spec.addresses[0] poolOverlap'],
  ],
  [
    'the place of an overlap counts broken entries',
    [pool('a', ['x', '192.0.2.0/28', '192.0.2.0/30'])],
    ['IPAddressPool/a spec.addresses[0] invalidAddress', 'IPAddressPool/a spec.addresses[2] poolOverlap'],
  ],
  [
    'two overlaps with one wide entry',
    [pool('a', ['192.0.2.0/24']), pool('b', ['192.0.2.1/32', '192.0.3.0/24', '192.0.2.9/32'])],
    ['IPAddressPool/b spec.addresses[0] poolOverlap', 'IPAddressPool/b spec.addresses[2] poolOverlap'],
  ],
  [
    'IPv6 entries overlap too',
    [pool('a', ['2001:db8::/64']), pool('b', ['2001:db8::ffff/128'])],
    ['IPAddressPool/b spec.addresses[0] poolOverlap'],
  ],
  ['equal numbers of two families do not overlap', [pool('a', ['0.0.0.1/32', '::1/128'])], []],
  [
    'a namespace twice',
    allocated({ namespaces: ['x', 'y', 'x'] }),
    ['IPAddressPool/a spec.serviceAllocation.namespaces[2] duplicateEntry'],
  ],
  [
    'a service selector twice, values in another order',
    allocated({ serviceSelectors: [selector('a', 'x', 'y'), selector('a', 'y', 'x')] }),
    ['IPAddressPool/a spec.serviceAllocation.serviceSelectors[1] duplicateEntry'],
  ],
  [
    'a namespace selector twice',
    allocated({ namespaceSelectors: [{ matchLabels: { a: '1', b: '2' } }, { matchLabels: { b: '2', a: '1' } }] }),
    ['IPAddressPool/a spec.serviceAllocation.namespaceSelectors[1] duplicateEntry'],
  ],
  ['selectors that differ are fine', allocated({ serviceSelectors: [selector('a', 'x'), selector('a', 'y')] }), []],
]
for (const [name, objects, expected] of CASES) {
  test(name, () => {
    const { model, problems } = load(...objects)
    assert.deepEqual(problems.map(summarize), expected)
    assert.equal(model === null, expected.length > 0)
  })
}

test('an overlap names both sides, and every one of several', () => {
  const { problems } = load(pool('a', ['192.0.2.0/28', '192.0.2.128/28']), pool('b', ['192.0.2.0/24']))
  assert.equal(
    problems[0]?.message,
    '"192.0.2.0/24" of pool b overlaps "192.0.2.0/28" of pool a and "192.0.2.128/28" of pool a; ' +
      'every address may be in one pool only once',
  )
})

test('blocks keep the order of the spec, with host bits dropped and ranges in prefixes', () => {
  const { model } = load(pool('a', ['198.51.100.10/24', '192.0.2.1-192.0.2.4']))
  assert.deepEqual(
    model?.pools[0]?.blocks.map(({ cidrs }) => cidrs.map(formatCidr)),
    [['198.51.100.0/24'], ['192.0.2.1/32', '192.0.2.2/31', '192.0.2.4/32']],
  )
})

/** What becomes of serviceAllocation among the namespaces web (team=a), db (team=b) and bare. */
const ALLOCATIONS: readonly (readonly [string, object, readonly string[], readonly object[]])[] = [
  ['names only', { namespaces: ['web'] }, ['web'], []],
  ['a name need not exist', { namespaces: ['ghost'] }, ['ghost'], []],
  [
    'names and selectors are united',
    { namespaces: ['bare'], namespaceSelectors: [{ matchLabels: { team: 'b' } }] },
    ['bare', 'db'],
    [],
  ],
  ['an empty selector is every namespace', { namespaceSelectors: [{}] }, ['bare', 'db', 'web'], []],
  ['selectors that match nothing leave nobody', { namespaceSelectors: [{ matchLabels: { team: 'c' } }] }, [], []],
  ['no condition at all is everybody', { priority: 7 }, [], [EVERYTHING]],
  [
    'service selectors stay',
    { serviceSelectors: [{ matchLabels: { a: 'b' } }] },
    [],
    [{ requirements: [{ key: 'a', operator: 'In', values: ['b'] }] }],
  ],
]
for (const [name, serviceAllocation, namespaces, serviceSelectors] of ALLOCATIONS) {
  test(`serviceAllocation: ${name}`, () => {
    const there = [namespace('web', { team: 'a' }), namespace('db', { team: 'b' }), namespace('bare')]
    const allocation = load(...allocated(serviceAllocation), ...there).model?.pools[0]?.allocation
    assert.deepEqual([...(allocation?.namespaces ?? [])].toSorted(), namespaces)
    assert.deepEqual(allocation?.serviceSelectors, serviceSelectors)
  })
}

test('defaults of a pool: handed out automatically, no address avoided, pinned to nobody', () => {
  const loaded = load(pool('a', lan)).model?.pools[0]
  assert.deepEqual([loaded?.autoAssign, loaded?.avoidBuggyIps, loaded?.allocation], [true, false, null])
})

test('100,000 entries are compared in time, alike or not', () => {
  const alike = Array.from({ length: 100_000 }, () => '192.0.2.0/24')
  const apart = Array.from({ length: 100_000 }, (_, i) => `${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}.0/24`)
  const started = performance.now()
  assert.equal(load(pool('a', alike)).problems.length, alike.length - 1)
  assert.equal(load(pool('a', apart)).problems.length, 0)
  assert.ok(performance.now() - started < 10_000)
})
