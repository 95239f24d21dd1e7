// SPDX-License-Identifier: Apache-2.0
/** What GoBGP's client prints as JSON, as far as the lab looks at it. */
import type { Family, SeenRoute, SeenSession } from './router.ts'

/** By its code (RFC 4271 §4.3 and others'), each with the fields that it has. */
type Attribute = Readonly<{
  type: number
  value?: unknown
  as_paths?: readonly { asns: readonly number[] }[]
  nexthop?: string
  metric?: number
  communities?: readonly number[]
}>
type Large = Readonly<{ ASN: number; LocalData1: number; LocalData2: number }>
type Path = Readonly<{ attrs: readonly Attribute[]; stale?: boolean; 'neighbor-ip'?: string }>

const ORIGINS = ['igp', 'egp', 'incomplete']
const ORIGIN = 1
const LOCAL_PREF = 5
const LARGE_COMMUNITY = 32
/** Of its state machine. */
const ESTABLISHED = 6
const STATES = ['unknown', 'idle', 'connect', 'active', 'opensent', 'openconfirm', 'established']

/** Reads `gobgp neighbor ADDRESS adj-in -j`: what came from that neighbour. */
export function gobgpRoutes(text: string, peer: string): SeenRoute[] {
  // Of an empty table it says so in words.
  if (!text.startsWith('{')) return []
  const table: Readonly<Record<string, readonly Path[]>> = JSON.parse(text)
  return Object.entries(table).flatMap(([prefix, paths]) => paths.map((path) => seenRoute(prefix, path, peer)))
}

function seenRoute(prefix: string, { attrs, stale }: Path, peer: string): SeenRoute {
  const of = (type: number): Attribute | undefined => attrs.find((one) => one.type === type)
  const large = attrs.flatMap((one) => (one.type === LARGE_COMMUNITY ? largeOf(one.value) : []))
  return {
    prefix,
    nextHops: attrs.flatMap(({ nexthop }) => (nexthop === undefined ? [] : [nexthop])),
    asPath: attrs.flatMap(({ as_paths = [] }) => as_paths.flatMap(({ asns }) => asns)),
    origin: ORIGINS[Number(of(ORIGIN)?.value ?? 0)] ?? '',
    med: attrs.find(({ metric }) => metric !== undefined)?.metric ?? null,
    localPref: of(LOCAL_PREF) === undefined ? null : Number(of(LOCAL_PREF)?.value),
    communities: attrs.flatMap(({ communities = [] }) => communities.map((one) => `${one >>> 16}:${one & 0xffff}`)),
    largeCommunities: large.map(({ ASN, LocalData1, LocalData2 }) => `${ASN}:${LocalData1}:${LocalData2}`),
    peer,
    stale: stale === true,
  }
}

function largeOf(value: unknown): readonly Large[] {
  return Array.isArray(value) ? value : []
}

type Neighbor = Readonly<{
  state: Readonly<{ session_state?: number; messages?: { received?: { update?: number } } }>
  timers: Readonly<{ state?: Readonly<{ uptime?: Readonly<{ seconds?: number }> }> }>
  afi_safis?: readonly Readonly<{
    config: Readonly<{ family: Readonly<{ afi: number }> }>
    mp_graceful_restart?: Readonly<{ state?: Readonly<{ end_of_rib_received?: boolean }> }>
  }>[]
}>

/** Reads `gobgp neighbor ADDRESS -j`. */
export function gobgpSession(text: string): SeenSession {
  const { state, timers, afi_safis = [] }: Neighbor = JSON.parse(text)
  const isUp = state.session_state === ESTABLISHED
  const ended = afi_safis.filter(({ mp_graceful_restart }) => mp_graceful_restart?.state?.end_of_rib_received === true)
  const endOfRib = ended.map(({ config }): Family => (config.family.afi === 1 ? 'ipv4' : 'ipv6'))
  return {
    isUp,
    state: STATES[state.session_state ?? 0] ?? 'unknown',
    upSince: isUp ? String(timers.state?.uptime?.seconds) : '',
    endOfRib: isUp ? endOfRib : [],
    updates: state.messages?.received?.update ?? 0,
  }
}
