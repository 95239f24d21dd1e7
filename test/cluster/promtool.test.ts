// SPDX-License-Identifier: Apache-2.0
/** What we show at /metrics, as Prometheus' own checker reads it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { systemClock } from '../../src/lib/clock.ts'
import { Metrics } from '../../src/lib/metrics.ts'
import { registerClientMetrics } from '../../src/programs/client-metrics.ts'
import { Allocations } from '../../src/programs/controller/allocations.ts'
import { registerAllocatorMetrics } from '../../src/programs/controller/metrics.ts'
import { registerProcessMetrics } from '../../src/programs/listeners/process-metrics.ts'
import { registerSpeakerMetrics } from '../../src/programs/speaker/metrics.ts'

const LARGEST = 2n ** 63n - 1n
const configuration = { model: null, problems: [] }
const SERVICE = 'default/we\\"b\n'

const DROPS = { operation: 1, destination: 0, notAnnounced: 0, notOnInterface: 0, malformed: 0, suspended: 0 }

/** Every metric of both daemons, with at least one series each. */
function everything(): string {
  const metrics = new Metrics()
  registerProcessMetrics(metrics, 'both', systemClock)
  registerClientMetrics(metrics, { updates: () => 3, errors: () => 1, configuration })
  const counters = { assignedIPv4: 1n, availableIPv4: 2n, assignedIPv6: 0n, availableIPv6: LARGEST }
  registerAllocatorMetrics(metrics, {
    counters: () => [{ name: 'a', ...counters }],
    allocations: new Allocations(systemClock),
  })
  registerSpeakerMetrics(metrics, {
    node: 'node-1',
    configuration,
    errors: () => 0,
    leaders: () => [],
    members: () => [],
    conflicts: { active: () => [], counts: () => [['192.0.2.1', 1]] },
    decisions: () => [[SERVICE, { text: '', ips: ['192.0.2.1'], why: {} }]],
    counters: () => ({
      addresses: [{ ip: '192.0.2.1', requests: 1, replies: 1, gratuitous: 2 }],
      drops: { arp: DROPS, ndp: { ...DROPS, hopLimit: 1, checksum: 0, option: 0, source: 0 } },
    }),
  })
  return metrics.render()
}

/** MetalLB's names, and those of guides, which dashboards and alerts have: they break the custom, and stay. */
const AGAINST_CUSTOM = [
  'metallb_allocator_addresses_in_use_total non-counter metrics should not have "_total" suffix',
  'metallb_allocator_addresses_total non-counter metrics should not have "_total" suffix',
  'metallb_allocator_ipv4_addresses_in_use_total non-counter metrics should not have "_total" suffix',
  'metallb_allocator_ipv4_addresses_total non-counter metrics should not have "_total" suffix',
  'metallb_allocator_ipv6_addresses_in_use_total non-counter metrics should not have "_total" suffix',
  'metallb_allocator_ipv6_addresses_total non-counter metrics should not have "_total" suffix',
  'metallb_ip_addresses_in_use_total non-counter metrics should not have "_total" suffix',
  'metallb_ip_addresses_total non-counter metrics should not have "_total" suffix',
  'metallb_layer2_gratuitous_sent counter metrics should have "_total" suffix',
  'metallb_layer2_requests_received counter metrics should have "_total" suffix',
  'metallb_layer2_responses_sent counter metrics should have "_total" suffix',
]

test('promtool reads every line, and complains of inherited names alone', () => {
  const { error, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: everything(), encoding: 'utf8' })
  assert.ifError(error)
  assert.deepEqual(stderr.trim().split('\n').toSorted(), AGAINST_CUSTOM)
})

test('a line that promtool does not understand is said, so that the test above means something', () => {
  const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: 'a{b="c} 1\n', encoding: 'utf8' })
  assert.equal(status, 1)
  assert.match(stderr, /error while linting/)
})
