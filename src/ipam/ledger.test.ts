// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asks, dual, ipv6, pool, ports, service } from '../../test/ipam/objects.ts'
import type { Pool } from '../model/pool.ts'
import { converge } from './converge.ts'
import { type Lease, Ledger } from './ledger.ts'

const both = pool('a', '192.0.2.0/30 2001:db8::/126')

/** A dual-stack Service holds the first address of each family; what becomes of its lease. */
const CHANGES: [name: string, pools: Pool[], lease: Lease['pool'] | null][] = [
  ['nothing changed', [both], 'a'],
  ['the pool has another name', [pool('b', '192.0.2.0/30 2001:db8::/126')], 'b'],
  ['the pool has grown', [pool('a', '10.0.0.0/8 192.0.2.0/24 2001:db8::/64')], 'a'],
  ['the blocks have changed places', [pool('a', '2001:db8::/126 192.0.2.0/30')], 'a'],
  ['another pool came before', [pool('0', '198.51.100.0/24'), both], 'a'],
  ['autoAssign is off', [{ ...both, autoAssign: false }], 'a'],
  ['the pool is gone', [pool('b', '198.51.100.0/24')], null],
  ['no pool is left', [], null],
  ['one family is gone', [pool('a', '192.0.2.0/30')], null],
  ['the pool shrank past an address', [pool('a', '192.0.2.1-192.0.2.3 2001:db8::/126')], null],
  ['the families are in two pools now', [pool('a', '192.0.2.0/30'), pool('b', '2001:db8::/126')], null],
  ['.0 is avoided now', [{ ...both, avoidBuggyIps: true }], null],
]
for (const [name, pools, home] of CHANGES) {
  test(`new pools: ${name}`, () => {
    const ledger = new Ledger([both])
    converge(ledger, service('web', dual))
    ledger.setPools(pools)
    const ips = ['192.0.2.0', '2001:db8::']
    assert.deepEqual(ledger.leaseOf('default/web'), home === null ? null : { pool: home, ips })
    for (const { name: of, assignedIPv4, availableIPv4, assignedIPv6 } of ledger.counters()) {
      assert.equal(assignedIPv4, of === home ? 1n : 0n)
      assert.equal(assignedIPv6, of === home ? 1n : 0n)
      assert.ok(availableIPv4 >= 0n)
    }
  })
}

test('counters: by name, a shared address once, unbounded IPv6 minus what is assigned', () => {
  const ledger = new Ledger([pool('b', '2001:db8::/64'), pool('a', '192.0.2.0/30')])
  const shared = asks({ 'allow-shared-ip': 'k' })
  converge(ledger, service('one', shared))
  converge(ledger, service('two', { ...shared, ...ports('TCP/81') }))
  converge(ledger, service('three', ipv6))
  assert.deepEqual(ledger.counters(), [
    { name: 'a', assignedIPv4: 1n, availableIPv4: 3n, assignedIPv6: 0n, availableIPv6: 0n },
    { name: 'b', assignedIPv4: 0n, availableIPv4: 0n, assignedIPv6: 1n, availableIPv6: 9223372036854775806n },
  ])
  ledger.release('default/one')
  assert.equal(ledger.counters()[0]?.assignedIPv4, 1n)
  ledger.release('default/two')
  assert.equal(ledger.counters()[0]?.assignedIPv4, 0n)
})

test('releasing what holds nothing frees nothing', () => {
  assert.deepEqual(new Ledger([both]).release('default/web'), [])
  assert.equal(new Ledger([both]).leaseOf('default/web'), null)
})

test('claiming past the sharing check is a bug', () => {
  const ledger = new Ledger([both])
  const given = converge(ledger, service('web')).lease
  assert.ok(given)
  const terms = { sharingKey: '', backendKey: '', key: '', ports: [] }
  const bid = { pool: 'a', ips: [{ family: 'ipv4', bits: 0xc000_0200n }], terms } as const
  assert.throws(() => ledger.claim('default/other', bid), /the sharing check comes first/)
  assert.throws(() => ledger.claim('default/other', { ...bid, pool: 'x' }), /pool x is configured/)
})
