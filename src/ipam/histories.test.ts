// SPDX-License-Identifier: Apache-2.0
/** What holds after any history of Services and pools. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Cluster } from '../../test/ipam/cluster.ts'
import { label, pinned, pool, service } from '../../test/ipam/objects.ts'
import { formatIp, parseIp } from '../lib/ip.ts'
import type { Pool } from '../model/pool.ts'
import type { Service } from '../model/service.ts'
import { convergeAll } from './converge-all.ts'
import { Ledger } from './ledger.ts'
import { isBuggy } from './ranges.ts'
import { termsOf } from './sharing.ts'

const ADDRESSES = [
  '192.0.2.254-192.0.3.1',
  '192.0.2.250-192.0.2.251 2001:db8::/127',
  '198.51.100.0/31',
  '2001:db8:1::/127',
  '203.0.113.7/32 2001:db8:2::/128 203.0.113.4/31',
]
/** The usual value five times out of six. */
function mostly<T>(usual: T, ...others: T[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) })
}

const PINS = [
  pinned({ namespaces: ['red'] }),
  pinned({ priority: 2, selectors: [label('tier', 'web')] }),
  pinned({ priority: 1, namespaces: ['red', 'blue'], selectors: [label('tier', 'web')] }),
  pinned({}),
]
const aPool = fc.record({
  addresses: fc.constantFrom(...ADDRESSES),
  name: fc.constantFrom('p', 'q', 'r', 's', 't'),
  pin: mostly<Partial<Pool>>({}, ...PINS),
  autoAssign: mostly(true, false),
  avoidBuggyIps: fc.boolean(),
})
/** Neither names nor addresses twice, as in every valid configuration. */
const somePools = fc
  .uniqueArray(aPool, { minLength: 1, maxLength: 4, size: 'max', selector: ({ addresses }) => addresses })
  .map((list) => [...new Map(list.map((fields) => [fields.name, fields])).values()])
  .map((list) => list.map(({ name, addresses, pin, ...fields }) => pool(name, addresses, { ...fields, ...pin })))

const REQUESTS = [
  '192.0.2.255',
  '192.0.2.250',
  '198.51.100.1',
  '2001:db8::1',
  '192.0.2.250,2001:db8::',
  '203.0.113.7',
  'x',
]
const somePorts = fc.subarray(['TCP/80', 'TCP/81', 'UDP/80'])
const families: fc.Arbitrary<Partial<Service>> = fc.constantFrom<Partial<Service>>(
  { clusterFamilies: ['ipv4'] },
  { clusterFamilies: ['ipv4'], ipFamilyPolicy: 'PreferDualStack' },
  { clusterFamilies: ['ipv6'] },
  { clusterFamilies: ['ipv4', 'ipv6'], ipFamilyPolicy: 'PreferDualStack' },
  { clusterFamilies: ['ipv6', 'ipv4'], ipFamilies: ['ipv6', 'ipv4'], ipFamilyPolicy: 'PreferDualStack' },
  { clusterFamilies: ['ipv4', 'ipv6'], ipFamilyPolicy: 'RequireDualStack' },
)
const aService = fc
  .record({
    key: fc.constantFrom(...['red', 'blue'].flatMap((namespace) => [1, 2, 3, 4, 5].map((i) => `${namespace}/s${i}`))),
    families,
    type: mostly('LoadBalancer', 'ClusterIP'),
    request: mostly('', ...REQUESTS),
    pool: mostly('', 'p', 'q', 'r'),
    sharing: fc.constantFrom('', 'k', 'k', 'm'),
    local: mostly(false, true),
    ports: somePorts,
    tier: fc.constantFrom('web', 'db'),
    createdMs: fc.nat(3),
  })
  .map((drawn) =>
    service(drawn.key, {
      ...drawn.families,
      type: drawn.type,
      createdMs: drawn.createdMs,
      labels: { tier: drawn.tier },
      externalTrafficPolicy: drawn.local ? 'Local' : 'Cluster',
      podSelector: { tier: drawn.tier },
      ports: drawn.ports.map((text) => ({ protocol: text.slice(0, 3), port: Number(text.slice(4)) })),
      annotations: {
        'metallb.io/loadBalancerIPs': drawn.request,
        'metallb.io/address-pool': drawn.pool,
        'metallb.io/allow-shared-ip': drawn.sharing,
      },
    }),
  )

type Change = { type: 'apply'; service: Service } | { type: 'delete'; key: string } | { type: 'pools'; pools: Pool[] }
const aChange: fc.Arbitrary<Change> = fc.oneof(
  { weight: 8, arbitrary: aService.map((drawn) => ({ type: 'apply' as const, service: drawn })) },
  { weight: 2, arbitrary: aService.map(({ key }) => ({ type: 'delete' as const, key })) },
  { weight: 1, arbitrary: somePools.map((pools) => ({ type: 'pools' as const, pools })) },
)
const aHistory = fc.record({
  pools: somePools,
  changes: fc.array(aChange, { minLength: 5, maxLength: 40, size: 'max' }),
})

/** Plays a history, asking `check` after each change. */
function play({ pools, changes }: { pools: Pool[]; changes: Change[] }, check: (cluster: Cluster) => void): Cluster {
  const cluster = new Cluster(pools)
  for (const change of changes) {
    if (change.type === 'apply') cluster.apply(change.service)
    else if (change.type === 'delete') cluster.delete(change.key)
    else cluster.configure(change.pools)
    check(cluster)
  }
  return cluster
}

const leasesOf = (cluster: Cluster) =>
  [...cluster.services.keys()].map((key) => [key, cluster.ledger.leaseOf(key)] as const)

/** The rules of sharing.ts once more, in other words. */
const sharingKey = ({ annotations }: Service) => annotations['metallb.io/allow-shared-ip']
const pods = (of: Service) => (of.externalTrafficPolicy === 'Local' ? `tier=${of.podSelector['tier']}` : '')

function mayShare(one: Service, other: Service): boolean {
  const taken = new Set(one.ports.map(({ protocol, port }) => protocol + port))
  return (
    sharingKey(one) !== '' &&
    sharingKey(one) === sharingKey(other) &&
    pods(one) === pods(other) &&
    !other.ports.some(({ protocol, port }) => taken.has(protocol + port))
  )
}

function assertSharing(cluster: Cluster): void {
  const users = new Map<string, Service[]>()
  for (const user of cluster.services.values()) {
    for (const { ip } of user.ingress) {
      for (const other of users.get(ip) ?? []) assert.ok(mayShare(user, other), `${ip}: ${user.key} and ${other.key}`)
      users.set(ip, [...(users.get(ip) ?? []), user])
    }
  }
}

test('property: no address is held twice, except by Services that may share it', () => {
  fc.assert(fc.property(aHistory, (history) => void play(history, assertSharing)))
})

function assertPlaces({ ledger, services }: Cluster): void {
  for (const { key, clusterFamilies, ingress, annotations, type } of services.values()) {
    const lease = ledger.leaseOf(key)
    assert.deepEqual(
      ingress.map(({ ip }) => ip),
      lease?.ips ?? [],
    )
    assert.equal(annotations['metallb.io/ip-allocated-from-pool'], lease?.pool)
    if (!lease) continue
    assert.equal(type, 'LoadBalancer')
    const from = ledger.pools.find(({ name }) => name === lease.pool)
    assert.ok(from)
    for (const ip of lease.ips.map((text) => parseIp(text))) {
      assert.ok(
        ip &&
          from.blocks.some(
            ({ range }) => range.family === ip.family && range.first <= ip.bits && ip.bits <= range.last,
          ),
      )
      assert.ok(!(from.avoidBuggyIps && isBuggy(ip)))
      assert.ok(clusterFamilies.includes(ip.family))
    }
  }
}

test('property: every address is of one pool that is for the Service, usable, and of the right families', () => {
  fc.assert(fc.property(aHistory, (history) => void play(history, assertPlaces)))
})

function assertCounters({ ledger, services }: Cluster): void {
  for (const counters of ledger.counters()) {
    const held = [...services.keys()].map((key) => ledger.leaseOf(key)).filter((lease) => lease?.pool === counters.name)
    const distinct = [...new Set(held.flatMap((lease) => lease?.ips ?? []))]
    assert.equal(counters.assignedIPv6, BigInt(distinct.filter((ip) => ip.includes(':')).length))
    assert.equal(counters.assignedIPv4, BigInt(distinct.filter((ip) => !ip.includes(':')).length))
    const usable = addressesOf(ledger, counters.name)
    assert.equal(
      counters.assignedIPv4 + counters.availableIPv4,
      BigInt(usable.filter(({ family }) => family === 'ipv4').length),
    )
    assert.equal(
      counters.assignedIPv6 + counters.availableIPv6,
      BigInt(usable.filter(({ family }) => family === 'ipv6').length),
    )
  }
}

test('property: counters equal a recount', () => {
  fc.assert(fc.property(aHistory, (history) => void play(history, assertCounters)))
})

test('property: the next address is the one that a scan over all of them finds', () => {
  const newcomer = aService.map((drawn) => ({ ...drawn, key: 'red/newcomer' }))
  fc.assert(
    fc.property(aHistory, newcomer, (history, asking) => {
      const { ledger } = play(history, () => {})
      const terms = termsOf(asking)
      for (const { name } of ledger.pools) {
        for (const family of ['ipv4', 'ipv6'] as const) {
          const scanned = addressesOf(ledger, name).find(
            (ip) => ip.family === family && ledger.conflict(asking.key, { pool: name, ips: [ip], terms }) === null,
          )
          const found = ledger.firstUsable(name, family, terms)
          assert.equal(found && formatIp(found), scanned ? formatIp(scanned) : null)
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('property: a restart, with the Services in any order, changes nothing at all', () => {
  fc.assert(
    fc.property(aHistory, fc.infiniteStream(fc.nat()), (history, dice) => {
      const before = play(history, () => {})
      const order = new Map([...before.services.keys()].map((key) => [key, dice.next().value ?? 0]))
      const shuffled = [...before.services.values()].toSorted(
        (a, b) => (order.get(a.key) ?? 0) - (order.get(b.key) ?? 0),
      )
      const ledger = new Ledger(before.ledger.pools)
      const verdicts = new Map([...convergeAll(ledger, shuffled)].map(([{ key }, verdict]) => [key, verdict]))
      assert.equal(verdicts.size, before.services.size)
      for (const [key, lease] of leasesOf(before)) {
        assert.deepEqual(verdicts.get(key)?.lease, lease, key)
        // Not the code: with two addresses asked for, either of their users may be the one in the way.
        assert.equal(verdicts.get(key)?.refusal === null, before.verdicts.get(key)?.refusal === null, key)
      }
      assert.deepEqual(ledger.counters(), before.ledger.counters())
    }),
    { numRuns: 500 },
  )
})

test('property: converging everything again changes nothing: whoever could be cured was woken', () => {
  fc.assert(
    fc.property(aHistory, (history) => {
      const cluster = play(history, () => {})
      const before = leasesOf(cluster)
      cluster.configure(cluster.ledger.pools)
      assert.deepEqual(leasesOf(cluster), before)
    }),
    { numRuns: 500 },
  )
})

/** Every address of a pool that may be handed out, in the order of the spec. */
function addressesOf(ledger: Ledger, name: string) {
  const { blocks = [], avoidBuggyIps } = ledger.pools.find((one) => one.name === name) ?? {}
  const ips = blocks.flatMap(({ range: { family, first, last } }) =>
    Array.from({ length: Number(last - first) + 1 }, (_, i) => ({ family, bits: first + BigInt(i) })),
  )
  return ips.filter((ip) => !(avoidBuggyIps && isBuggy(ip)))
}
