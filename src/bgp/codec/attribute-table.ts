// SPDX-License-Identifier: Apache-2.0
/**
 * The path attributes that we know: what reading and writing go by. Lengths and treatments after RFC 7606 §7, RFC 6793
 * §6 and RFC 8092 §6. Others are passed by: optional ones without a look at their contents.
 */
export const FLAGS = { optional: 0x80, transitive: 0x40, partial: 0x20, extendedLength: 0x10 } as const
/** The two flags whose value an attribute prescribes. */
export const KIND_FLAGS = FLAGS.optional | FLAGS.transitive
const WELL_KNOWN = FLAGS.transitive
const NON_TRANSITIVE = FLAGS.optional
const TRANSITIVE = FLAGS.optional | FLAGS.transitive

export const CODES = {
  origin: 1,
  asPath: 2,
  nextHop: 3,
  med: 4,
  localPref: 5,
  atomicAggregate: 6,
  aggregator: 7,
  communities: 8,
  originatorId: 9,
  clusterList: 10,
  mpReach: 14,
  mpUnreach: 15,
  extendedCommunities: 16,
  as4Path: 17,
  as4Aggregator: 18,
  ipv6ExtendedCommunities: 25,
  largeCommunities: 32,
} as const
export type AttributeName = keyof typeof CODES

/** Subcodes of an UPDATE message error (RFC 4271 §6.3). */
export const SUBCODES = {
  malformedList: 1,
  unrecognizedWellKnown: 2,
  missingWellKnown: 3,
  flags: 4,
  length: 5,
  origin: 6,
  nextHop: 8,
  optional: 9,
  network: 10,
  asPath: 11,
} as const

export type Treatment = 'treatAsWithdraw' | 'attributeDiscard'
export type AttributeRule = Readonly<{
  name: AttributeName
  flags: number
  /** What a flaw of it asks for, unless it is in the flags. */
  treatment: Treatment
  /** Whether it may have so many bytes. */
  allows: (length: number, fourOctetAs: boolean) => boolean
  /** What a flaw in its contents is called. */
  subcode: number
  /** From peers outside our AS it is discarded. */
  internal: boolean
}>

type Details = Partial<Pick<AttributeRule, 'treatment' | 'subcode' | 'internal'>>

function rule(name: AttributeName, flags: number, allows: AttributeRule['allows'], details: Details = {}) {
  const subcode = (flags & FLAGS.optional) === 0 ? SUBCODES.malformedList : SUBCODES.optional
  return { name, flags, allows, treatment: 'treatAsWithdraw', subcode, internal: false, ...details } as const
}

/** Attributes that may be empty are AS_PATH and ATOMIC_AGGREGATE alone (RFC 7606 §4). */
const exactly = (bytes: number) => (length: number) => length === bytes
const severalOf = (bytes: number) => (length: number) => length > 0 && length % bytes === 0
const atLeast = (bytes: number) => (length: number) => length >= bytes
const discard = { treatment: 'attributeDiscard' } as const

const RULES: readonly AttributeRule[] = [
  rule('origin', WELL_KNOWN, exactly(1), { subcode: SUBCODES.origin }),
  rule('asPath', WELL_KNOWN, atLeast(0), { subcode: SUBCODES.asPath }),
  rule('nextHop', WELL_KNOWN, exactly(4), { subcode: SUBCODES.nextHop }),
  rule('med', NON_TRANSITIVE, exactly(4)),
  rule('localPref', WELL_KNOWN, exactly(4), { internal: true }),
  rule('atomicAggregate', WELL_KNOWN, exactly(0), discard),
  rule('aggregator', TRANSITIVE, (length, fourOctetAs) => length === (fourOctetAs ? 8 : 6), discard),
  rule('communities', TRANSITIVE, severalOf(4)),
  rule('originatorId', NON_TRANSITIVE, exactly(4), { internal: true }),
  rule('clusterList', NON_TRANSITIVE, severalOf(4), { internal: true }),
  // Lengths of these two end the session, and are looked at where they are read.
  rule('mpReach', NON_TRANSITIVE, atLeast(0)),
  rule('mpUnreach', NON_TRANSITIVE, atLeast(0)),
  rule('extendedCommunities', TRANSITIVE, severalOf(8)),
  rule('as4Path', TRANSITIVE, atLeast(6), discard),
  rule('as4Aggregator', TRANSITIVE, exactly(8), discard),
  rule('ipv6ExtendedCommunities', TRANSITIVE, severalOf(20)),
  rule('largeCommunities', TRANSITIVE, severalOf(12)),
]
const BY_CODE = new Map(RULES.map((entry) => [CODES[entry.name] as number, entry]))

/** What is known about an attribute; undefined: nothing. */
export function ruleOf(code: number): AttributeRule | undefined {
  return BY_CODE.get(code)
}

/** The flags that it is sent with. */
export function flagsOf(name: AttributeName): number {
  return BY_CODE.get(CODES[name])?.flags ?? 0
}
