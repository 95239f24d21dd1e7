// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asks, dual, pool, service, written } from '../../../test/ipam/objects.ts'
import { converge } from '../../ipam/converge.ts'
import { Ledger } from '../../ipam/ledger.ts'
import { REFUSAL_CODES } from '../../ipam/refusal.ts'
import type { Clock } from '../../lib/clock.ts'
import { Metrics } from '../../lib/metrics.ts'
import type { Service } from '../../model/service.ts'
import { Allocations } from './allocations.ts'
import { registerAllocatorMetrics } from './metrics.ts'

/** A ledger, what is measured of it, and a clock to turn. */
function world(...pools: readonly ReturnType<typeof pool>[]) {
  const now = { ms: 1000 }
  const clock: Clock = {
    monotonicMs: () => now.ms,
    wallMs: () => 0,
    after: () => assert.fail('nothing ticks'),
  }
  const ledger = new Ledger(pools)
  const allocations = new Allocations(clock)
  const metrics = new Metrics()
  registerAllocatorMetrics(metrics, { counters: () => ledger.counters(), allocations })
  const decide = (given: Service): Service => {
    const verdict = converge(ledger, given)
    allocations.onVerdict(given, verdict, ledger)
    return written(given, verdict)
  }
  /** Series of a name that are not 0, as they are written out. */
  const series = (name: string) =>
    (metrics.render().match(new RegExp(`^${name}\\{.*`, 'gm')) ?? []).filter((line) => !line.endsWith(' 0'))
  return { now, ledger, allocations, metrics, decide, series }
}

const FAILURES = 'metallb_allocator_allocation_failures_total'
const GIVEN = 'metallb_allocator_addresses_allocated_total'

test('pools: what they have and what is in use, by MetalLB’s names and the aliases', () => {
  const { decide, metrics } = world(pool('a', '192.0.2.0/30 2001:db8::/126'), pool('b', '198.51.100.1/32'))
  decide(service('default/web', dual))
  const lines = metrics.render().match(/^metallb_(allocator|ip)_[a-z46_]*addresses[a-z_]*\{pool="a"\} .*/gm)
  assert.deepEqual(lines, [
    'metallb_allocator_addresses_allocated_total{pool="a"} 2',
    'metallb_allocator_addresses_in_use{pool="a"} 2',
    'metallb_allocator_addresses_in_use_total{pool="a"} 2',
    'metallb_allocator_addresses_total{pool="a"} 8',
    'metallb_allocator_ipv4_addresses_in_use_total{pool="a"} 1',
    'metallb_allocator_ipv4_addresses_total{pool="a"} 4',
    'metallb_allocator_ipv6_addresses_in_use_total{pool="a"} 1',
    'metallb_allocator_ipv6_addresses_total{pool="a"} 4',
    'metallb_ip_addresses_in_use_total{pool="a"} 2',
    'metallb_ip_addresses_total{pool="a"} 8',
  ])
})

test('an IPv6 pool without bounds is int64’s largest number', () => {
  const { series } = world(pool('a', '2001:db8::/32'))
  assert.deepEqual(series('metallb_allocator_ipv6_addresses_total'), [
    'metallb_allocator_ipv6_addresses_total{pool="a"} 9223372036854776000',
  ])
})

test('series of a pool end with it', () => {
  const { ledger, metrics } = world(pool('a', '192.0.2.0/30'), pool('b', '198.51.100.1/32'))
  ledger.setPools([pool('b', '198.51.100.1/32')])
  assert.doesNotMatch(metrics.render(), /pool="a"/)
  ledger.setPools([])
  assert.doesNotMatch(metrics.render(), /pool=/, 'as on a controller that does not lead')
})

test('failures start at 0 for every pool and reason, and for requests that name no pool', () => {
  const { metrics } = world(pool('a', '192.0.2.0/30'))
  const zeros = metrics.render().match(new RegExp(`^${FAILURES}\\{.*\\} 0$`, 'gm'))
  assert.equal(zeros?.length, 2 * REFUSAL_CODES.length)
})

test('addresses count when they are given, not when they are kept or taken over', () => {
  const { decide, series } = world(pool('a', '192.0.2.0/30'))
  const held = decide(service('default/web'))
  assert.deepEqual(series(GIVEN), [`${GIVEN}{pool="a"} 1`])
  decide(held)
  decide(service('default/old', { ingress: [{ ip: '192.0.2.3' }] }))
  assert.deepEqual(series(GIVEN), [`${GIVEN}{pool="a"} 1`])
})

test('a refusal counts when it is made, and again every minute while it lasts', () => {
  const { now, decide, series, allocations } = world(pool('a', '192.0.2.0/32'), pool('b', '198.51.100.1/32'))
  const named = asks({ 'address-pool': 'a' })
  decide(service('default/first', named))
  const second = service('default/second', named)
  const counted = (count: number) => [`${FAILURES}{pool="a",reason="poolExhausted"} ${count}`]
  decide(second)
  assert.deepEqual(series(FAILURES), counted(1))
  now.ms += 59_999
  decide(second)
  assert.deepEqual(series(FAILURES), counted(1), 'the same refusal again is no new one')
  now.ms += 1
  assert.deepEqual(series(FAILURES), counted(2))
  now.ms += 600_000
  assert.deepEqual(series(FAILURES), counted(12))
  allocations.onGone('default/second')
  now.ms += 600_000
  assert.deepEqual(series(FAILURES), counted(12), 'a counter keeps what it counted')
})

test('a refusal ends with an address, with another reason, with the term', () => {
  const { now, decide, series, allocations, ledger } = world(pool('a', '192.0.2.0/32'))
  decide(service('default/first'))
  const second = service('default/second')
  decide(second)
  const [noRoom] = series(FAILURES)
  assert.match(noRoom ?? '', /pool="",reason="poolExhausted"\} 1$/, 'a request that names no pool')
  now.ms += 60_000
  decide(service('default/second', asks({ 'address-pool': 'nowhere' })))
  now.ms += 60_000
  assert.deepEqual(series(FAILURES), [
    `${FAILURES}{pool="",reason="unknownPool"} 2`,
    `${FAILURES}{pool="",reason="poolExhausted"} 2`,
  ])
  ledger.release('default/first')
  decide(second)
  now.ms += 600_000
  assert.deepEqual(
    series(FAILURES).map((line) => line.slice(-1)),
    ['2', '2'],
  )
  decide(service('default/third'))
  allocations.onTermEnd()
  now.ms += 600_000
  assert.match(series(FAILURES).join(), /poolExhausted"\} 3$/)
})
