// SPDX-License-Identifier: Apache-2.0
/** The controller's own metrics: how full pools are and what became of requests. Series of pools end with the pool. */
import type { PoolCounters } from '../../ipam/ledger.ts'
import { REFUSAL_CODES } from '../../ipam/refusal.ts'
import type { Metrics } from '../../lib/metrics.ts'
import type { Allocations } from './allocations.ts'

export type AllocatorReadings = Readonly<{
  /** None while another controller decides: one of them shows pools, and sums over all are right. */
  counters(): readonly PoolCounters[]
  allocations: Allocations
}>

type Reading = (pool: PoolCounters) => bigint
const IPV4_IN_USE: Reading = ({ assignedIPv4 }) => assignedIPv4
const IPV6_IN_USE: Reading = ({ assignedIPv6 }) => assignedIPv6
const IPV4_TOTAL: Reading = ({ assignedIPv4, availableIPv4 }) => assignedIPv4 + availableIPv4
const IPV6_TOTAL: Reading = ({ assignedIPv6, availableIPv6 }) => assignedIPv6 + availableIPv6
const IN_USE: Reading = (pool) => IPV4_IN_USE(pool) + IPV6_IN_USE(pool)
const TOTAL: Reading = (pool) => IPV4_TOTAL(pool) + IPV6_TOTAL(pool)

const IN_USE_HELP = 'Addresses of the pool that Services hold; a shared one counts once.'
const TOTAL_HELP = 'Addresses that the pool has.'

/** Name, meaning, reading; the last three are other names for the first ones, which guides use. */
const GAUGES: readonly (readonly [string, string, Reading])[] = [
  ['metallb_allocator_addresses_in_use_total', IN_USE_HELP, IN_USE],
  ['metallb_allocator_addresses_total', TOTAL_HELP, TOTAL],
  ['metallb_allocator_ipv4_addresses_in_use_total', 'IPv4 addresses of the pool that Services hold.', IPV4_IN_USE],
  ['metallb_allocator_ipv4_addresses_total', 'IPv4 addresses that the pool has.', IPV4_TOTAL],
  ['metallb_allocator_ipv6_addresses_in_use_total', 'IPv6 addresses of the pool that Services hold.', IPV6_IN_USE],
  ['metallb_allocator_ipv6_addresses_total', 'IPv6 addresses that the pool has.', IPV6_TOTAL],
  ['metallb_allocator_addresses_in_use', IN_USE_HELP, IN_USE],
  ['metallb_ip_addresses_in_use_total', IN_USE_HELP, IN_USE],
  ['metallb_ip_addresses_total', TOTAL_HELP, TOTAL],
]

/** Registers them; everything is read at scrape time. */
export function registerAllocatorMetrics(metrics: Metrics, { counters, allocations }: AllocatorReadings): void {
  for (const [name, help, reading] of GAUGES) {
    metrics
      .gauge(name, help, ['pool'])
      .readFrom(() => counters().map((pool) => [{ pool: pool.name }, Number(reading(pool))]))
  }
  metrics
    .counter('metallb_allocator_addresses_allocated_total', 'Addresses that were given to Services.', ['pool'])
    .readFrom(() => counters().map(({ name }) => [{ pool: name }, allocations.given(name)]))
  metrics
    .counter(
      'metallb_allocator_allocation_failures_total',
      'Requests that were refused: once when it happens and again every minute while it lasts.',
      ['pool', 'reason'],
    )
    .readFrom(function* () {
      const failures = allocations.failures()
      const known = counters()
      for (const pool of known.length === 0 ? [] : ['', ...known.map(({ name }) => name)]) {
        for (const reason of REFUSAL_CODES) yield [{ pool, reason }, failures.of({ pool, reason })]
      }
    })
}
