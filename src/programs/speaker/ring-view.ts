// SPDX-License-Identifier: Apache-2.0
/** The ring as the plan sees it: who may announce, what each lacks, and whose health checks fail. Pure. */
import type { GateKey } from '../../plan/gate.ts'
import type { World } from '../../plan/world.ts'
import { type GateStates, type Metadata, passes } from './ring-metadata.ts'

/** A live member of the ring. `metadata` null: it is none of ours, and is taken to have everything. */
export type RingMember = Readonly<{ name: string; metadata: Metadata | null }>

/** The part of the plan's world that comes from the ring. */
export type RingView = Pick<World, 'speakers' | 'interfaces'> &
  Readonly<{
    failing: ReadonlyMap<GateKey, ReadonlySet<string>>
    /** Gates that at least one member passes. */
    passed: ReadonlySet<GateKey>
    /** Equal where everything above is. */
    fingerprint: string
  }>

/** `gates` are those that Services ask for. */
export function ringView(members: readonly RingMember[], gates: Iterable<GateKey>): RingView {
  const ordered = members.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const speakers = new Set<string>()
  const interfaces = new Map<string, Pick<ReadonlySet<string>, 'has'>>()
  const candid: { name: string; gates: GateStates }[] = []
  for (const { name, metadata } of ordered) {
    if (metadata && !metadata.announces) continue
    speakers.add(name)
    if (!metadata) continue
    candid.push({ name, gates: metadata.gates })
    const { lacking } = metadata
    if (lacking.size > 0) interfaces.set(name, { has: (each) => !lacking.has(each) })
  }
  const failing = new Map<GateKey, ReadonlySet<string>>()
  const passed = new Set<GateKey>()
  for (const gate of [...gates].toSorted()) {
    const failed = candid.filter((member) => !passes(member.gates, gate)).map(({ name }) => name)
    if (failed.length === candid.length) continue // nobody is known to be better: as if nothing were probed
    passed.add(gate)
    if (failed.length > 0) failing.set(gate, new Set(failed))
  }
  const lacks = ordered.map(({ name, metadata }) => [name, [...(metadata?.lacking ?? [])].toSorted()])
  const sorted = [[...failing].map(([gate, names]) => [gate, [...names]]), [...passed]]
  const fingerprint = JSON.stringify([[...speakers], lacks, sorted])
  return { speakers, interfaces, failing, passed, fingerprint }
}

/** More are told by what fails. */
const LISTED = 100

/** What a member tells of the gates that Services ask for: of a few those that it passes, of many those that it does not. */
export function gateStates(gates: Iterable<Readonly<{ gate: GateKey; passing: boolean }>>): GateStates {
  const [passed, others] = [new Set<GateKey>(), new Set<GateKey>()]
  for (const { gate, passing } of gates) (passing ? passed : others).add(gate)
  if (passed.size <= LISTED || passed.size <= others.size) return { passed: 'only', listed: passed }
  return { passed: 'all but', listed: others }
}
