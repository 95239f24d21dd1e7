// SPDX-License-Identifier: Apache-2.0
/** What giving addresses costs: to all Services from nothing, to all after a restart, to one among them. */
import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { converge } from '../../src/ipam/converge.ts'
import { convergeAll } from '../../src/ipam/converge-all.ts'
import { Ledger } from '../../src/ipam/ledger.ts'
import type { Service } from '../../src/model/service.ts'
import { asks, dual, pool, ports, service, written } from '../ipam/objects.ts'
import { type Figure, median } from './figure.ts'

const COUNT = 10_000
const RUNS = 5
const CHANGES = 1000
const POOLS = [pool('a', '10.0.0.0/16 2001:db8::/64')]

type Kind = Readonly<{ name: string; services: readonly Service[] }>

const shared = asks({ 'allow-shared-ip': 'k' })
const KINDS: readonly Kind[] = [
  kind('Services', () => ({})),
  kind('dual-stack Services', () => dual),
  kind('Services with one sharing key and one port', () => shared),
  kind('Services with one sharing key and many ports', (i) => ({
    ...shared,
    ...ports(`TCP/${i % 500}`, `UDP/${i % 7}`),
  })),
]

function kind(name: string, fieldsOf: (index: number) => Partial<Service>): Kind {
  return { name, services: Array.from({ length: COUNT }, (_, i) => service(`web-${i}`, fieldsOf(i))) }
}

/** Milliseconds, the median of five runs; a single change is the mean of a thousand. */
export async function bench(): Promise<Figure[]> {
  return KINDS.flatMap(({ name, services }) => {
    const after = [...convergeAll(new Ledger(POOLS), services)].map(([before, verdict]) => written(before, verdict))
    const many = `${COUNT.toLocaleString('en-US')} ${name}`
    return [
      { name: `ipam: ${many}, from nothing`, value: middle(() => allGiven(services)), unit: 'ms', bound: 300 },
      { name: `ipam: ${many}, restart`, value: middle(() => allGiven(after)), unit: 'ms', bound: 300 },
      { name: `ipam: one changed among ${many}`, value: middle(() => oneChanged(after)), unit: 'ms', bound: 0.2 },
    ]
  })
}

function allGiven(services: readonly Service[]): number {
  return timed(() => {
    for (const [{ key }, { lease }] of convergeAll(new Ledger(POOLS), services)) assert(lease, key)
  })
}

/** Services leave and come back, each to the first address there is. */
function oneChanged(services: readonly Service[]): number {
  const ledger = new Ledger(POOLS)
  for (const _ of convergeAll(ledger, services));
  const changed = services.filter((_, i) => i % (COUNT / CHANGES) === 0).map((one) => ({ ...one, ingress: [] }))
  const elapsedMs = timed(() => {
    for (const one of changed) {
      ledger.release(one.key)
      assert(converge(ledger, one).lease, one.key)
    }
  })
  return elapsedMs / changed.length
}

function timed(work: () => void): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

function middle(measure: () => number): number {
  return median(Array.from({ length: RUNS }, measure))
}
