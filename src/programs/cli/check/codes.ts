// SPDX-License-Identifier: Apache-2.0
/** Warnings that only `check` gives; docs/errors.md explains each of them. */
export const CHECK_CODES = [
  'poolOverlapsNode',
  'poolOverlapsNetwork',
  'largeL2Pool',
  'unadvertisedPool',
  'advertisesNoPool',
  'reachesNoPeer',
  'unusedPeer',
  'unknownLabel',
  'selectsNoNode',
  'deprecatedAnnotation',
  'deprecatedVersion',
  'addressAskedTwice',
  'refusedByKubernetes',
  'nothingFound',
] as const

export type CheckCode = (typeof CHECK_CODES)[number]
