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
    /** Of any gate: a Service may ask for one that nobody here has asked for before. */
    failing: NonNullable<World['failing']>
    /** Whether at least one member passes it. */
    isPassed(gate: GateKey): boolean
    /** Equal where everything above is. */
    fingerprint: string
  }>

/** A member that tells of its gates. */
type Candid = Readonly<{ name: string; gates: GateStates }>

/** The view of these members; ourselves are one of them. */
export function ringView(members: readonly RingMember[]): RingView {
  const ordered = members.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const speakers = new Set<string>()
  const interfaces = new Map<string, Pick<ReadonlySet<string>, 'has'>>()
  const candid: Candid[] = []
  for (const { name, metadata } of ordered) {
    if (metadata && !metadata.announces) continue
    speakers.add(name)
    if (!metadata) continue
    candid.push({ name, gates: metadata.gates })
    const { lacking } = metadata
    if (lacking.size > 0) interfaces.set(name, { has: (each) => !lacking.has(each) })
  }
  const lacks = ordered.map(({ name, metadata }) => [name, [...(metadata?.lacking ?? [])].toSorted()])
  const told = candid.map(({ name, gates }) => [name, gates.passed, [...gates.listed].toSorted()])
  const fingerprint = JSON.stringify([[...speakers], lacks, told])
  const isPassed = (gate: GateKey) => candid.some(({ gates }) => passes(gates, gate))
  return { speakers, interfaces, failing: new Failing(candid), isPassed, fingerprint }
}

/** Found when it is asked for, and kept: Services that ask for one gate are many. */
class Failing {
  readonly #members: readonly Candid[]
  readonly #known = new Map<GateKey, ReadonlySet<string> | undefined>()

  constructor(members: readonly Candid[]) {
    this.#members = members
  }

  get(gate: GateKey): ReadonlySet<string> | undefined {
    if (!this.#known.has(gate)) this.#known.set(gate, this.#find(gate))
    return this.#known.get(gate)
  }

  #find(gate: GateKey): ReadonlySet<string> | undefined {
    const failing = this.#members.filter(({ gates }) => !passes(gates, gate)).map(({ name }) => name)
    // Where nobody is known to be better, it is as if nothing were probed.
    return failing.length === 0 || failing.length === this.#members.length ? undefined : new Set(failing)
  }
}

/** More are told by what fails. */
const LISTED = 100
/** So many fit beside all else (ring-metadata.ts): one that fails and is left out would count as passed. */
const MOST_FAILING = 140

/** What a member tells of the gates that Services ask for: of a few those that it passes, of many those that it does not. */
export function gateStates(gates: Iterable<Readonly<{ gate: GateKey; passing: boolean }>>): GateStates {
  const [passed, others] = [new Set<GateKey>(), new Set<GateKey>()]
  for (const { gate, passing } of gates) (passing ? passed : others).add(gate)
  const isShorter = passed.size > LISTED && passed.size > others.size
  if (!isShorter || others.size > MOST_FAILING) return { passed: 'only', listed: passed }
  return { passed: 'all but', listed: others }
}
