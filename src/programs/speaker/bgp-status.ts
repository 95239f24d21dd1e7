// SPDX-License-Identifier: Apache-2.0
/**
 * ServiceBGPStatus (metallb-crds): one for each Service and node that announces it, with the peers to which this
 * Service's own routes are to be sent, be their sessions up or not. Those of another Service with the same prefix are
 * not among them, as they are in MetalLB's. A node touches none but its own.
 */
import { SERVICE_BGP_STATUSES } from '../../kube/resource.ts'
import { listAt } from '../../lib/unchecked.ts'
import type { BgpPlan } from '../../plan/bgp.ts'
import type { StatusForm } from './service-status.ts'

/** What it says, or is to say: names of BGPPeers, sorted. */
export type BgpAnswer = Readonly<{ peers: readonly string[] }>

export const BGP_STATUS: StatusForm<BgpAnswer> = {
  resource: SERVICE_BGP_STATUSES,
  generateName: 'bgp-',
  fields: ({ peers }) => ({ peers }),
  // What is no name is like none of ours, and so is written anew.
  read: (fields) => ({ peers: listAt(fields, 'peers').map((peer) => (typeof peer === 'string' ? peer : '')) }),
  same: ({ peers: a }, { peers: b }) => a.length === b.length && a.every((peer, at) => peer === b[at]),
}

/** What the status of a Service with this plan says; null: there is to be none. */
export function bgpAnswerOf(plan: BgpPlan | null): BgpAnswer | null {
  if (!plan?.announce) return null
  const peers = new Set(plan.routes.map(({ peer }) => peer))
  return peers.size === 0 ? null : { peers: [...peers].toSorted() }
}
