// SPDX-License-Identifier: Apache-2.0
/** Codes of the problems that loading a configuration can have; docs/errors.md explains each of them. */
export const MODEL_CODES = [
  // Any object
  'wrongNamespace',
  'duplicateEntry',
  'invalidSelector',
  'bgpExtrasUnsupported',
  // IPAddressPool
  'noAddresses',
  'invalidAddress',
  'reversedRange',
  'mixedRange',
  'poolOverlap',
  // BGPPeer
  'missingMyAsn',
  'missingPeerAsn',
  'contradictingPeerAsn',
  'multihopToInternalPeer',
  'missingPeerAddress',
  'contradictingPeerAddress',
  'invalidIp',
  'invalidDuration',
  'invalidHoldTime',
  'invalidKeepaliveTime',
  'invalidConnectTime',
  'invalidRestartTime',
  'contradictingGracefulRestart',
  'contradictingPassword',
  'unknownSecret',
  'invalidSecret',
  'unknownBfdProfile',
  'peersShareAddress',
  'conflictingBfdProfiles',
  // Community
  'invalidCommunity',
  'duplicateCommunity',
  'unknownCommunity',
  // BGPAdvertisement
  'invalidAggregationLength',
  'selectorsWithAggregation',
  'aggregationExceedsPool',
  'localPrefConflict',
  'prependsPeerAsn',
  'echoWithIpv6',
  // Warnings
  'unknownPool',
  'unknownPeer',
  'localPrefOnEbgp',
] as const

export type ModelCode = (typeof MODEL_CODES)[number]

/** Rules that the CRDs state in CEL: an API server refuses the object, and says so with its schema. */
export const CEL_CODES: ReadonlySet<string> = new Set<ModelCode>([
  'selectorsWithAggregation',
  'invalidConnectTime',
  'invalidRestartTime',
])
