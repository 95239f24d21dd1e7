// SPDX-License-Identifier: Apache-2.0
/** What one session makes of a path: AS path, next hop, preference (RFC 4271 §5.1), or why the route cannot go there. */
import type { Ip } from '../lib/ip.ts'
import type { AddressFamily, Attributes, Dialect, Segment } from './codec/message.ts'
import { attributesFit } from './codec/update-encode.ts'
import type { Path } from './route.ts'

/** What of an established session shows in the routes that it carries. */
export type Egress = Readonly<{
  /** The AS that the peer sees us in: localASN where it is set, else myASN. */
  asn: number
  /** Family of the TCP connection. */
  transport: AddressFamily
  own: OwnAddresses
  /** As negotiated; says also whether the peer is in our AS (iBGP). */
  dialect: Dialect
  /** This node is about to leave: peers are asked to prefer others (RFC 8326). */
  draining: boolean
}>

/** Where the peer can send traffic to; null: we have no such address on this session. */
export type OwnAddresses = Readonly<{
  ipv4: Ip | null
  ipv6: Ip | null
  /** Null unless the peer is on our link (RFC 2545 §3). */
  linkLocal: Ip | null
}>

/** What goes out for a path. `key` is the same text for two exactly when a peer is told the same. */
export type Outgoing = Readonly<{
  key: string
  family: AddressFamily
  attributes: Attributes
  nextHops: readonly Ip[]
}>

/** Why a route stays with us: no session, a family that was not negotiated, no own address, more than one message holds. */
export type HeldBack = 'notEstablished' | 'familyNotNegotiated' | 'noNextHop' | 'attributesTooLong'

/** GRACEFUL_SHUTDOWN of RFC 8326 §5, 65535:0. */
const GRACEFUL_SHUTDOWN = 0xffff_0000
/** What a router assumes, and others send, where nothing was said. */
const DEFAULT_LOCAL_PREF = 100
/** What the session of `egress` sends for prefixes of `family` with this path, or why it sends nothing. */
export function attributesFor(path: Path, family: AddressFamily, egress: Egress): Outgoing | HeldBack {
  if (!egress.dialect.families.has(family)) return 'familyNotNegotiated'
  const nextHops = nextHopsFor(family, egress)
  if (nextHops.length === 0) return 'noNextHop'
  const attributes: Attributes = {
    origin: 'igp',
    asPath: asPathFor(path, egress),
    ...(path.med === null ? {} : { med: path.med }),
    ...(egress.dialect.internal ? { localPref: localPrefFor(path, egress) } : {}), // §5.1.5: never to external peers
    ...communitiesFor(path, egress),
  }
  if (!attributesFit({ family, nextHops }, attributes, egress.dialect)) return 'attributesTooLong'
  return { key: keyOf(attributes, nextHops, family), family, attributes, nextHops }
}

/**
 * §5.1.2: a route of our own has an empty path inside our AS, and our AS alone outside. With localASN the peer sees that
 * one and no other, so it does not matter to it which AS we are really in.
 */
function asPathFor({ prepend }: Path, { asn, dialect }: Egress): readonly Segment[] {
  return dialect.internal ? [] : [{ type: 'sequence', asns: [asn, ...prepend] }]
}

function localPrefFor({ localPref }: Path, { draining }: Egress): number {
  return draining ? 0 : (localPref ?? DEFAULT_LOCAL_PREF) // RFC 8326 §4: the lowest, for who does not know the community
}

function communitiesFor(path: Path, { draining }: Egress): Pick<Attributes, 'communities' | 'largeCommunities'> {
  const { largeCommunities } = path
  const drained = draining && !path.communities.includes(GRACEFUL_SHUTDOWN)
  const communities = drained ? [...path.communities, GRACEFUL_SHUTDOWN].toSorted((a, b) => a - b) : path.communities
  return {
    ...(communities.length === 0 ? {} : { communities }),
    ...(largeCommunities.length === 0 ? {} : { largeCommunities }),
  }
}

/**
 * Our own address of the family. IPv4 over an IPv6 session goes to an IPv6 next hop where the peer takes it (RFC 8950):
 * it reached us there, which says nothing about our IPv4 address.
 */
function nextHopsFor(family: AddressFamily, { own, transport, dialect }: Egress): readonly Ip[] {
  const overIpv6 = family === 'ipv4' && transport === 'ipv6' && dialect.extendedNextHop.has('ipv4')
  const both = [own.ipv6, own.linkLocal].filter((ip) => ip !== null)
  if (family === 'ipv6' || (overIpv6 && both.length > 0)) return both
  return own.ipv4 === null ? [] : [own.ipv4]
}

function keyOf(attributes: Attributes, nextHops: readonly Ip[], family: AddressFamily): string {
  const { asPath = [], localPref, med, communities = [], largeCommunities = [] } = attributes
  const asns = asPath.flatMap((segment) => segment.asns)
  const hops = nextHops.map(({ bits }) => bits.toString(16))
  const lists = [asns, communities, largeCommunities, hops].map((list) => list.join(' '))
  return [family, localPref ?? '', med ?? '', nextHops[0]?.family ?? '', ...lists].join('|')
}
