// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asks, dual, holds, pool, ports, requireDual, service, written } from '../../test/ipam/objects.ts'
import type { Pool } from '../model/pool.ts'
import type { Service } from '../model/service.ts'
import { convergeAll, convergeInSteps } from './converge-all.ts'
import { Ledger } from './ledger.ts'

const a = pool('a', '192.0.2.0/30')
const tiny = pool('a', '192.0.2.0/31')
const both = pool('a', '192.0.2.0/31 2001:db8::/127')
const shared = asks({ 'allow-shared-ip': 'k' })

/** `name: addresses` in the order of work. */
const ORDERS: [name: string, pools: Pool[], services: Service[], result: string[]][] = [
  [
    'new ones by age',
    [a],
    [service('a', { createdMs: 2 }), service('b', { createdMs: 1 })],
    ['b: 192.0.2.0', 'a: 192.0.2.1'],
  ],
  [
    'no creation time is the oldest',
    [a],
    [service('a', { createdMs: 2 }), service('b')],
    ['b: 192.0.2.0', 'a: 192.0.2.1'],
  ],
  [
    'equally old ones by namespace/name',
    [a],
    [service('x/a'), service('b'), service('a')],
    ['a: 192.0.2.0', 'b: 192.0.2.1', 'a: 192.0.2.2'],
  ],
  [
    'holders before new ones',
    [tiny],
    [service('new', { createdMs: 1 }), service('old', { ...holds('192.0.2.0'), createdMs: 2 })],
    ['old: 192.0.2.0', 'new: 192.0.2.1'],
  ],
  [
    'one that must move takes nothing that another may keep',
    [a],
    [service('mover', holds('203.0.113.1')), service('stayer', { ...holds('192.0.2.0'), createdMs: 9 })],
    ['stayer: 192.0.2.0', 'mover: 192.0.2.1'],
  ],
  [
    'one that must move comes before new ones, even older ones',
    [tiny],
    [
      service('new'),
      service('stayer', holds('192.0.2.0')),
      service('mover', { ...holds('203.0.113.1'), createdMs: 9 }),
    ],
    ['stayer: 192.0.2.0', 'mover: 192.0.2.1', 'new: poolExhausted'],
  ],
  [
    'two on one address: the older one stays',
    [a],
    [service('young', { ...holds('192.0.2.0'), createdMs: 9 }), service('old', holds('192.0.2.0'))],
    ['old: 192.0.2.0', 'young: 192.0.2.1'],
  ],
  [
    'two on one address: the other one takes nothing that a third may keep',
    [a],
    [service('a', holds('192.0.2.0')), service('b', holds('192.0.2.0')), service('c', holds('192.0.2.1'))],
    ['a: 192.0.2.0', 'c: 192.0.2.1', 'b: 192.0.2.2'],
  ],
  [
    'two that may share: both stay',
    [a],
    [
      service('a', { ...shared, ...holds('192.0.2.2') }),
      service('b', { ...shared, ...ports('TCP/81'), ...holds('192.0.2.2') }),
    ],
    ['a: 192.0.2.2', 'b: 192.0.2.2'],
  ],
  [
    'more addresses first',
    [both],
    [service('a', holds('192.0.2.0')), service('b', { ...dual, ...holds('192.0.2.0', '2001:db8::1'), createdMs: 9 })],
    ['b: 192.0.2.0 2001:db8::1', 'a: 192.0.2.1'],
  ],
  [
    'a second address is added only when all that stay have stayed',
    [both],
    [
      service('a', { ...dual, ...holds('192.0.2.0') }),
      service('b', { clusterFamilies: ['ipv6'], createdMs: 9, ...holds('2001:db8::') }),
    ],
    ['b: 2001:db8::', 'a: 192.0.2.0 2001:db8::1'],
  ],
  [
    'a second address comes before movers',
    [pool('a', '192.0.2.0/31 2001:db8::/128')],
    [service('a', { ...dual, ...holds('192.0.2.0') }), service('b', { clusterFamilies: ['ipv6'], ...holds('::1') })],
    ['a: 192.0.2.0 2001:db8::', 'b: poolExhausted'],
  ],
  [
    'one that asks for the address of one that stays is refused',
    [tiny],
    [
      service('a', { ...holds('192.0.2.1'), ...asks({ loadBalancerIPs: '192.0.2.0' }) }),
      service('b', { ...holds('192.0.2.0'), createdMs: 9 }),
    ],
    ['b: 192.0.2.0', 'a: addressInUse'],
  ],
  [
    'two that want each other’s address both get it',
    [tiny],
    [
      service('a', { ...holds('192.0.2.0'), ...asks({ loadBalancerIPs: '192.0.2.1' }) }),
      service('b', { ...holds('192.0.2.1'), ...asks({ loadBalancerIPs: '192.0.2.0' }) }),
    ],
    ['a: 192.0.2.1', 'b: 192.0.2.0'],
  ],
  [
    'an invalid request keeps its address',
    [tiny],
    [service('a', { ...holds('192.0.2.0'), ...asks({ loadBalancerIPs: 'x' }) }), service('b')],
    ['a: 192.0.2.0 invalidRequest', 'b: 192.0.2.1'],
  ],
  [
    'one that is no load balancer any more makes room at once',
    [pool('a', '192.0.2.0/32')],
    [service('a'), service('z', { type: 'ClusterIP', ...holds('192.0.2.0') })],
    ['z:', 'a: 192.0.2.0'],
  ],
  ['no pools: everybody loses', [], [service('a', holds('192.0.2.0')), service('b')], ['a: noPools', 'b: noPools']],
]
for (const [name, pools, services, result] of ORDERS) {
  test(`order: ${name}`, () => {
    for (const given of [services, services.toReversed()]) {
      const verdicts = [...convergeAll(new Ledger(pools), given)]
      const lines = verdicts.map(([{ name: key }, { lease, refusal }]) =>
        [`${key}:`, ...(lease?.ips ?? []), ...(refusal ? [refusal.code] : [])].join(' '),
      )
      assert.deepEqual(lines, result)
    }
  })
}

test('a running controller: who loses its place makes room before anybody new is served', () => {
  const ledger = new Ledger([pool('a', '192.0.2.0/32'), pool('b', '198.51.100.0/32')])
  const services = [service('one'), service('two'), service('three', requireDual)]
  const after = [...convergeAll(ledger, services)].map(([before, verdict]) => written(before, verdict))
  ledger.setPools([pool('a', '192.0.2.0/32'), pool('c', '203.0.113.0/32 2001:db8::/128')])
  const verdicts = new Map([...convergeAll(ledger, after)].map(([{ name }, verdict]) => [name, verdict]))
  assert.deepEqual(verdicts.get('one')?.lease, { pool: 'a', ips: ['192.0.2.0'] })
  assert.deepEqual(verdicts.get('two')?.lease, { pool: 'c', ips: ['203.0.113.0'] })
  assert.equal(verdicts.get('three')?.refusal?.code, 'poolExhausted')
  assert.deepEqual(verdicts.get('three')?.waitsFor, ['c'])
})

test('a running controller: two that want each other’s address get it in one pass', () => {
  const ledger = new Ledger([tiny])
  const after = [...convergeAll(ledger, [service('a'), service('b')])].map(([before, verdict]) =>
    written(before, verdict),
  )
  const wishes: Record<string, string> = { a: '192.0.2.1', b: '192.0.2.0' }
  const swapped = after.map((one) => ({ ...one, ...asks({ loadBalancerIPs: wishes[one.name] ?? '' }) }))
  const leases = [...convergeAll(ledger, swapped)].map(([{ name }, { lease }]) => [name, lease?.ips[0]])
  assert.deepEqual(leases, [
    ['a', '192.0.2.1'],
    ['b', '192.0.2.0'],
  ])
})

test('who is moved says which pool got room', () => {
  const ledger = new Ledger([a, pool('b', '198.51.100.0/30')])
  const [[before, given] = assert.fail()] = convergeAll(ledger, [service('web')])
  const moved = { ...written(before, given), ...asks({ 'address-pool': 'b' }) }
  const [[, verdict] = assert.fail()] = convergeAll(ledger, [moved])
  assert.deepEqual(verdict.freed, ['a'])
  assert.deepEqual(verdict.lease, { pool: 'b', ips: ['198.51.100.0'] })
})

const CROWDS: [name: string, service: (index: number) => Service][] = [
  ['keep what they have', (index) => service(`s${index}`, holds(`10.0.0.${index}`))],
  ['are new', (index) => service(`s${index}`)],
  ['have to move', (index) => service(`s${index}`, holds(`203.0.113.${index}`))],
]
for (const [name, make] of CROWDS) {
  test(`a crowd of Services that ${name} never holds up for longer than one of them takes`, () => {
    const ledger = new Ledger([pool('a', '10.0.0.0/24')])
    const services = Array.from({ length: 200 }, (_, index) => make(index))
    const steps = [...convergeInSteps(ledger, services)]
    assert.equal(steps.filter((step) => step !== null).length, services.length)
    const first = steps.findIndex((step) => step !== null)
    assert.ok(first === 0 || first >= services.length, `the first verdict comes after ${first} pauses`)
  })
}
