// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { SharedAddresses } from './shared-addresses.ts'

test('without users there is nothing to share', () => {
  const shared = new SharedAddresses()
  assert.ok(shared.isEmpty)
  assert.equal(shared.firstWithout(['TCP/80']), null)
})

test('a Service without ports shares the first address', () => {
  const shared = new SharedAddresses()
  shared.occupy(7n, ['TCP/80'])
  shared.occupy(3n, ['TCP/80'])
  assert.equal(shared.firstWithout([]), 3n)
})

test('each port skips where it is taken, until all agree', () => {
  const shared = new SharedAddresses()
  shared.occupy(1n, ['TCP/80'])
  shared.occupy(2n, ['TCP/443'])
  shared.occupy(3n, ['TCP/80', 'TCP/443'])
  shared.occupy(4n, ['UDP/80'])
  assert.equal(shared.firstWithout(['TCP/443']), 1n)
  assert.equal(shared.firstWithout(['TCP/80']), 2n)
  assert.equal(shared.firstWithout(['TCP/80', 'TCP/443']), 4n)
  assert.equal(shared.firstWithout(['TCP/80', 'TCP/443', 'UDP/80']), null)
})

/** Positions → ports in use there, kept by hand. */
type Naive = Map<bigint, Set<string>[]>

const PORTS = ['TCP/80', 'TCP/443', 'UDP/53', 'TCP/22']
const somePorts = fc.subarray(PORTS)
const aStep = fc.record({ position: fc.bigInt({ min: 0n, max: 9n }), ports: somePorts, leave: fc.boolean() })

test('property: it finds what a scan over all addresses would find', () => {
  fc.assert(
    fc.property(fc.array(aStep, { maxLength: 80 }), somePorts, (steps, wanted) => {
      const shared = new SharedAddresses()
      const naive: Naive = new Map()
      for (const step of steps) apply(shared, naive, step)
      const fitting = [...naive]
        .filter(([, users]) => users.every((used) => wanted.every((port) => !used.has(port))))
        .map(([position]) => position)
        .toSorted((a, b) => (a < b ? -1 : 1))
      assert.equal(shared.firstWithout(wanted), fitting[0] ?? null)
      assert.equal(shared.isEmpty, naive.size === 0)
    }),
    { numRuns: 500 },
  )
})

/** Lets a user leave, or one come whose ports are free. */
function apply(
  shared: SharedAddresses,
  naive: Naive,
  step: { position: bigint; ports: string[]; leave: boolean },
): void {
  const users = naive.get(step.position) ?? []
  if (step.leave) {
    const leaver = users.shift()
    if (!leaver) return
    shared.vacate(step.position, [...leaver], users.length === 0)
    if (users.length === 0) naive.delete(step.position)
    return
  }
  if (users.some((used) => step.ports.some((port) => used.has(port)))) return
  naive.set(step.position, [...users, new Set(step.ports)])
  shared.occupy(step.position, step.ports)
}
