// SPDX-License-Identifier: Apache-2.0
/** The six validating webhooks: MetalLB's paths, and what an object of each kind is compared with. */
import {
  BFD_PROFILES,
  BGP_ADVERTISEMENTS,
  BGP_PEERS,
  COMMUNITIES,
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  type Resource,
} from '../../../kube/resource.ts'

export type Rule = Readonly<{
  path: string
  resource: Resource
  /** Kinds that are read besides its own. */
  beside: readonly Resource[]
  /** Conflicts that need a shared node, and so the Nodes before they are believed. */
  perNode: ReadonlySet<string>
  /** Routing protocols are what the word `bgp` in the log stands for. */
  isBgp: boolean
}>

/**
 * As in MetalLB, an object is compared with what it is built on and not with what will be built on it: a pool may
 * shrink under its advertisements, and controller and speakers then say so. BGPAdvertisements see the peers too, for
 * `asPrepend`, which MetalLB does not have.
 */
export const RULES: readonly Rule[] = [
  rule('ipaddresspool', IP_ADDRESS_POOLS, {}),
  rule('l2advertisement', L2_ADVERTISEMENTS, { beside: [IP_ADDRESS_POOLS] }),
  rule('bgpadvertisement', BGP_ADVERTISEMENTS, {
    beside: [IP_ADDRESS_POOLS, BGP_PEERS],
    perNode: ['localPrefConflict', 'prependsPeerAsn'],
    isBgp: true,
  }),
  rule('bgppeer', BGP_PEERS, { perNode: ['peersShareAddress', 'conflictingBfdProfiles'], isBgp: true }),
  rule('bfdprofile', BFD_PROFILES, { isBgp: true }),
  rule('community', COMMUNITIES, { isBgp: true }),
]

function rule(
  word: string,
  resource: Resource,
  {
    beside = [],
    perNode = [],
    isBgp = false,
  }: { beside?: readonly Resource[]; perNode?: readonly string[]; isBgp?: boolean },
): Rule {
  const path = `/validate-metallb-io-${resource.version}-${word}`
  return { path, resource, beside, perNode: new Set(perNode), isBgp }
}
