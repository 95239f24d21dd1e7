// SPDX-License-Identifier: Apache-2.0
/** What two BGP speakers tell each other (RFC 4271 §4), as values. What a message means to a session is not decided here. */
import type { Ip } from '../../lib/ip.ts'
import type { Cidr } from '../../lib/prefix.ts'

/** Address families that we speak: AFI 1 and 2 with SAFI 1 (unicast). */
export type AddressFamily = 'ipv4' | 'ipv6'

/** One capability of an OPEN (RFC 5492); `unknown` keeps what we do not know for the log. */
export type Capability =
  | Readonly<{ type: 'multiprotocol'; family: AddressFamily }>
  | Readonly<{ type: 'otherFamily'; afi: number; safi: number }>
  | Readonly<{ type: 'routeRefresh' }>
  | Readonly<{ type: 'enhancedRouteRefresh' }>
  /** RFC 8950: prefixes of `family` with an IPv6 next hop. */
  | Readonly<{ type: 'extendedNextHop'; family: AddressFamily }>
  | Readonly<{ type: 'extendedMessage' }>
  | GracefulRestart
  | Readonly<{ type: 'fourOctetAs'; asn: number }>
  /** draft-walton-bgp-hostname: FQDN, for people only. */
  | Readonly<{ type: 'hostname'; host: string; domain: string }>
  | Readonly<{ type: 'softwareVersion'; version: string }>
  | Readonly<{ type: 'unknown'; code: number; value: Uint8Array }>

/** RFC 4724 §3, RFC 8538 (`notification` is the N bit). */
export type GracefulRestart = Readonly<{
  type: 'gracefulRestart'
  restarting: boolean
  notification: boolean
  restartSeconds: number
  families: readonly Readonly<{ family: AddressFamily; preserved: boolean }>[]
}>

export type Open = Readonly<{
  type: 'open'
  /** The 2-octet field; 23456 (AS_TRANS) where the number has four. */
  asn: number
  holdSeconds: number
  /** IPv4 address as a number (RFC 6286: anything but 0). */
  routerId: number
  capabilities: readonly Capability[]
}>

export type Segment = Readonly<{ type: 'sequence' | 'set' | 'confedSequence' | 'confedSet'; asns: readonly number[] }>

/**
 * Attributes of a route, without its next hops, which stand in `Reach`. What is absent is unset; unknown transitive ones
 * are kept with their flags, by code.
 */
export type Attributes = Readonly<{
  origin?: 'igp' | 'egp' | 'incomplete'
  /** AS4_PATH is united with it already (RFC 6793 §4.2.3). */
  asPath?: readonly Segment[]
  med?: number
  localPref?: number
  atomicAggregate?: true
  aggregator?: Readonly<{ asn: number; address: number }>
  /** RFC 1997, ascending. */
  communities?: readonly number[]
  originatorId?: number
  clusterList?: readonly number[]
  /** RFC 8092 as `A:B:C`. */
  largeCommunities?: readonly string[]
  unknown?: readonly Readonly<{ flags: number; code: number; value: Uint8Array }>[]
}>

/**
 * Routes of one family with one next hop; `nextHops` has the link-local one second, where there are two (RFC 2545 §3).
 * IPv4 prefixes may have IPv6 next hops (RFC 8950); IPv6 ones with an IPv4 next hop are sent with it as ::ffff:a.b.c.d.
 */
export type Reach = Readonly<{ family: AddressFamily; nextHops: readonly Ip[]; prefixes: readonly Cidr[] }>
export type Unreach = Readonly<{ family: AddressFamily; prefixes: readonly Cidr[] }>

/**
 * An UPDATE. `reach` and `unreach` hold the old IPv4 fields and the multiprotocol attributes alike (RFC 4760): at most
 * one `reach` of either, and one `unreach` a family, none of them without prefixes, and only families that were
 * negotiated. What is in both is reached: take `unreach` first (RFC 4271 §4.3). `endOfRib` comes with nothing else (RFC
 * 4724 §2).
 */
export type Update = Readonly<{
  type: 'update'
  reach: readonly Reach[]
  unreach: readonly Unreach[]
  attributes: Attributes
  endOfRib: AddressFamily | null
  /**
   * The worst flaw that does not end the session (RFC 7606); null: there is none. What it asks for is done already: with
   * `treatAsWithdraw` all prefixes stand in `unreach`, and what was discarded is absent.
   */
  flaw: Readonly<{ treatment: 'treatAsWithdraw' | 'attributeDiscard'; why: string }> | null
}>

/**
 * RFC 4271 §4.5. `reason` is the text of RFC 9003 (8203) in a Cease, fit for a terminal; sent when `data` is empty and
 * the subcode can carry it: administrative shutdown and reset, at most 255 bytes, cut between characters.
 */
export type Notification = Readonly<{
  type: 'notification'
  code: number
  subcode: number
  data: Uint8Array
  reason: string
}>
export type Keepalive = Readonly<{ type: 'keepalive' }>
/** RFC 2918; RFC 7313 for `subtype` other than 0. */
export type RouteRefresh = Readonly<{
  type: 'routeRefresh'
  afi: number
  safi: number
  family: AddressFamily | null
  subtype: number
}>

export type Message = Open | Update | Notification | Keepalive | RouteRefresh

/** The bytes end the session: what the NOTIFICATION has to say. */
export type Malformed = Readonly<{
  malformed: Readonly<{ code: number; subcode: number; data: Uint8Array; why: string }>
}>

/** What was negotiated and changes how bytes are read and written. */
export type Dialect = Readonly<{
  /** AS numbers have four octets in AS_PATH and AGGREGATOR (RFC 6793). */
  fourOctetAs: boolean
  families: ReadonlySet<AddressFamily>
  /** Families whose IPv4 prefixes may have an IPv6 next hop. */
  extendedNextHop: ReadonlySet<AddressFamily>
  /** 4,096, or 65,535 (RFC 8654). */
  maxBytes: number
  /** The peer is in our AS: it may tell LOCAL_PREF, ORIGINATOR_ID and CLUSTER_LIST (RFC 7606 §7.5, 7.9, 7.10). */
  internal: boolean
}>

/** Before OPENs were exchanged. */
export const INITIAL_DIALECT: Dialect = {
  fourOctetAs: false,
  families: new Set(['ipv4']),
  extendedNextHop: new Set(),
  maxBytes: 4096,
  internal: false,
}
