// SPDX-License-Identifier: Apache-2.0
/** BFD on both sides, as the cases of BFD have it. */
import type { BfdPlan, NeighborPlan } from '../../lab/routers/router.ts'
import type { Manifest } from './bgp-objects.ts'

/** ASNs of our nodes and of all routers. */
export const [OURS, THEIRS] = [64_500, 64_501]

export function bfdProfile(name: string, spec: object = {}): Manifest {
  const metadata = { name, namespace: 'metallb-system' }
  return { apiVersion: 'metallb.io/v1beta1', kind: 'BFDProfile', metadata, spec }
}

/** Intervals and multiplier of a BFDProfile. */
export function every(intervalMs: number, multiplier = 3): object {
  return { receiveInterval: intervalMs, transmitInterval: intervalMs, detectMultiplier: multiplier }
}

/** The same for a router. */
export function theirs(intervalMs: number, multiplier = 3, more: Partial<BfdPlan> = {}): BfdPlan {
  return { intervalMs, multiplier, ...more }
}

/** Our node as a router is told of it. */
export function nodeAt(
  ends: Pick<NeighborPlan, 'address' | 'localAddress'>,
  more: Partial<NeighborPlan> = {},
): NeighborPlan {
  return { remoteAs: OURS, families: [ends.address.includes(':') ? 'ipv6' : 'ipv4'], ...ends, ...more }
}
