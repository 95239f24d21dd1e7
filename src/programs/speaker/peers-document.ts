// SPDX-License-Identifier: Apache-2.0
/**
 * The looking glass: sessions with BGP peers, what they are told, what they are not told and why. Routes stand in lists
 * of their own, each with its peer, so that ten thousand of them are sent one by one.
 */
import type { PeerView } from '../../bgp/peer-setup.ts'
import type { SentRoute } from '../../bgp/rib.ts'
import type { SessionView } from '../../bgp/view.ts'
import { formatIp } from '../../lib/ip.ts'
import { formatCidr } from '../../lib/prefix.ts'
import { asnOf, asPathText, capabilityText, communityText, routerIdText } from './bgp-words.ts'
import type { BfdReading, ConfiguredPeer, PeerReadings } from './peers-readings.ts'

export type { PeerReadings } from './peers-readings.ts'

type Fields = Readonly<Record<string, unknown>>

/** Fields of the document `peers`; the lists are made while they are read. Nothing in it is secret. */
export function peersDocument(readings: PeerReadings): Fields {
  return {
    node: readings.node,
    peers: peersOf(readings),
    bfd: bfdOf(readings),
    ...(readings.bfdDropped && { bfdDropped: readings.bfdDropped() }),
    routes: routesOf(readings),
    held: heldOf(readings),
  }
}

function* peersOf({ peers, configured, bfd }: PeerReadings): Generator<Fields> {
  const sessions = new Map([...bfd()].flatMap((one) => one.names.map((name) => [name, one] as const)))
  for (const view of peers()) {
    const watch = sessions.get(view.name)
    yield { ...placeOf(view, configured(view.name)), ...sessionFields(view), bfd: watch ? bfdFields(watch) : null }
  }
}

/** Who it is, by its BGPPeer as far as that is there. */
function placeOf({ name, to }: PeerView, peer: ConfiguredPeer | undefined): Fields {
  const address = peer?.address ? formatIp(peer.address) : (to?.address ?? null)
  return {
    name,
    address,
    interface: peer?.interface ?? null,
    port: peer?.port ?? to?.port ?? null,
    vrf: peer?.vrf ?? null,
    expectedAsn: peer?.remoteAs ?? null,
    passive: peer?.passive ?? false,
    multihop: peer?.ebgpMultiHop ?? false,
    bfdProfile: peer?.bfdProfile ?? null,
  }
}

function sessionFields({ session, withheld, routes, received }: PeerView): Fields {
  const { state, sinceMs, enabled, local, remote, isAccepted, sent, peerAsn, lastError } = session
  return {
    state,
    since: isoOf(sinceMs),
    enabled,
    withheld,
    local,
    remote,
    dialledBy: remote === null ? null : isAccepted ? 'peer' : 'us',
    localAsn: asnOf(sent),
    peerAsn,
    routerId: routerIdText(sent.routerId),
    peerRouterId: session.received === null ? null : routerIdText(session.received.routerId),
    ...negotiatedFields(session),
    lastError: lastError === null ? null : { why: lastError.why, at: isoOf(lastError.atMs) },
    attempts: session.attempts,
    flaps: session.flaps,
    waitingBytes: session.waitingBytes,
    counters: session.counters,
    routes,
    received,
  }
}

function negotiatedFields({ sent, received, families, stale, ...session }: SessionView): Fields {
  const { holdMs, keepaliveMs, timersMs } = session
  return {
    families,
    staleFamilies: stale,
    timers: {
      offeredHoldMs: sent.holdSeconds * 1000,
      peerHoldMs: received === null ? null : received.holdSeconds * 1000,
      holdMs,
      keepaliveMs,
      leftMs: Object.fromEntries(Object.entries(timersMs).map(([name, ms]) => [name, Math.round(ms)])),
    },
    capabilities: {
      sent: sent.capabilities.map(capabilityText),
      received: received === null ? null : received.capabilities.map(capabilityText),
    },
  }
}

function* bfdOf({ bfd }: PeerReadings): Generator<Fields> {
  for (const one of bfd()) yield { peers: one.names, ...bfdFields(one) }
}

function bfdFields(session: BfdReading): Fields {
  const { names: _, sinceMs, lastDown, ...told } = session
  const lastError = lastDown === null ? null : { why: lastDown.why, at: isoOf(lastDown.atMs) }
  return { ...told, since: isoOf(sinceMs), lastDown: lastError }
}

function* routesOf({ peers, sent, services }: PeerReadings): Generator<Fields> {
  for (const { name } of peers()) {
    for (const route of sent(name)) {
      const named = services ? { services: [...services(route.prefix)] } : {}
      yield { peer: name, ...routeFields(route), ...named }
    }
  }
}

function routeFields({ prefix, outgoing: { attributes, nextHops } }: SentRoute): Fields {
  const { origin, asPath = [], med = null, localPref = null, communities = [], largeCommunities = [] } = attributes
  return {
    prefix: formatCidr(prefix),
    nextHops: nextHops.map(formatIp),
    asPath: asPathText(asPath),
    origin,
    med,
    localPref,
    communities: communities.map(communityText),
    largeCommunities,
  }
}

function* heldOf({ peers, held }: PeerReadings): Generator<Fields> {
  for (const { name } of peers()) {
    for (const { prefix, why } of held(name)) yield { peer: name, prefix: formatCidr(prefix), why }
  }
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString()
}
