// SPDX-License-Identifier: Apache-2.0
/**
 * A BGP router that is not ours, in a host of the lab: FRR, BIRD, GoBGP or ExaBGP behind one interface, so that a test
 * can ask all of them the same. What a router says is what it prints itself.
 */
import type { Host } from '../host.ts'

export type Family = 'ipv4' | 'ipv6'
export type Kind = 'frr' | 'bird' | 'gobgp' | 'exabgp'

/** A neighbour as a router is told of it. Absent: the router's own default. */
export type NeighborPlan = Readonly<{
  address: string
  localAddress: string
  remoteAs: number
  /** Of this session; the router's own by default. */
  localAs?: number
  families: readonly Family[]
  password?: string
  /** At most so many hops away, checked by the hop limit (GTSM). */
  ttlSecurityHops?: number
  /** Not on our link: so many hops at most. */
  multihop?: number
  /** It waits to be dialled; ExaBGP always dials unless it is told so. */
  isPassive?: boolean
  port?: number
  holdS?: number
  connectRetryS?: number
  /** IPv4 with an IPv6 next hop (RFC 8950). */
  hasExtendedNextHop?: boolean
  /** BFD with it; FRR and BIRD alone. */
  bfd?: BfdPlan
}>

/** Intervals in both directions. */
export type BfdPlan = Readonly<{
  intervalMs: number
  multiplier: number
  isPassive?: boolean
  /** Echoes in both directions at this interval; FRR alone. */
  echoMs?: number
  /** Over several hops; FRR alone. */
  minimumTtl?: number
}>

export type RouterPlan = Readonly<{
  asn: number
  /** An IPv4 address. */
  routerId: string
  neighbors: readonly NeighborPlan[]
  /** Lines in the router's own language, where a neighbour's stand (FRR: below `router bgp`; others: at the end). */
  extra?: readonly string[]
}>

/** A path as the router shows it. Null: it shows none. */
export type SeenRoute = Readonly<{
  prefix: string
  nextHops: readonly string[]
  asPath: readonly number[]
  origin: string
  med: number | null
  localPref: number | null
  /** `a:b` and `a:b:c`. */
  communities: readonly string[]
  largeCommunities: readonly string[]
  /** Address of the neighbour that it came from. */
  peer: string
  /** Kept while the neighbour restarts (RFC 4724), as FRR and GoBGP tell. */
  stale: boolean
}>

export type SeenSession = Readonly<{
  isUp: boolean
  /** As the router says it. */
  state: string
  /** Changes whenever the session comes up anew; empty while it is not up. */
  upSince: string
  /** Families whose End-of-RIB has come in this session. */
  endOfRib: readonly Family[]
  /** UPDATEs, or routes in them, that it has received of this neighbour; some count them over all sessions. */
  updates: number
}>

export const DOWN: SeenSession = { isUp: false, state: 'none', upSince: '', endOfRib: [], updates: 0 }

/** Where a router runs, and where its files are: a folder of its own, which other users may enter. */
export type Place = Readonly<{ host: Host; directory: string; name: string }>

export interface Router {
  readonly kind: Kind
  readonly name: string
  readonly host: Host
  /** Resolves when it answers questions. After `stop` it may be started again. */
  start(plan: RouterPlan): Promise<void>
  /** Resolves when its processes are gone. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** To all its processes, such as SIGSTOP. */
  signal(signal: NodeJS.Signals): void
  /** All paths that it has received, of both families. */
  routes(): Promise<readonly SeenRoute[]>
  /** The session with the neighbour of this address. */
  session(address: string): Promise<SeenSession>
  /** A command in the router's own language; resolves to what it prints. */
  command(text: string): Promise<string>
  /** Asks the neighbour for its routes once more (RFC 2918); GoBGP only looks at what it has. */
  refresh(address: string): Promise<void>
  /** What it has logged since its last start. */
  log(): string
  /** For somebody who has to look at it. */
  describe(): string
}
