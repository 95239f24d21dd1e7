// SPDX-License-Identifier: Apache-2.0
/**
 * Why a node does not announce a Service. The reasons are MetalLB's words, which log searches and dashboards
 * already look for, and `noPeer`; the speaker's log, `simulate` and `explain` all read this one list.
 */

export const SILENCE_REASONS = [
  // Both protocols.
  'serviceDeleted',
  'notLoadBalancer',
  'noIPAllocated',
  'invalidIP',
  'ipNotAllowed',
  'notOwner',
  'noMatchingAdvertisement',
  // Layer 2.
  'sharedIPWithServiceSelector',
  // BGP.
  'conflictingAdvertisements',
  'nodeNetworkUnavailable',
  'nodeLabeledExcludeBalancers',
  'nodeLeaving',
  'healthCheckFailing',
  'noLocalEndpoints',
  'noEndpoints',
  'noPeer',
] as const

export type SilenceReason = (typeof SILENCE_REASONS)[number]

/** The negative half of every plan. `message` is one sentence for a person: what is in the way, and where. */
export type Silence = Readonly<{ announce: false; reason: SilenceReason; message: string }>

export function silence(reason: SilenceReason, message: string): Silence {
  return { announce: false, reason, message }
}
