// SPDX-License-Identifier: Apache-2.0
/** `show bgp neighbors`: everything about one session, or about all. */
import { fieldAt, listAt, textAt } from '../../../lib/unchecked.ts'
import { countAt, isEstablished, neighbourOf } from '../peers/document.ts'
import { elapsedText } from '../peers/elapsed.ts'
import { aboutSession } from '../peers/one-peer.ts'
import { messages } from './summary.ts'

/** Peers at an address or interface, or of this name; null: all of them. */
export function neighbours(document: unknown, neighbour: string | null): readonly unknown[] {
  const peers = listAt(document, 'peers')
  if (neighbour === null) return peers
  return peers.filter((peer) => [neighbourOf(peer), textAt(peer, 'address'), textAt(peer, 'name')].includes(neighbour))
}

/** For people. */
export function neighboursText(peers: readonly unknown[], nowMs: number): string {
  return peers.map((peer) => aboutSession(peer, nowMs)).join('')
}

/** For scripts, by the names that they know. */
export function neighboursJson(peers: readonly unknown[], nowMs: number): unknown {
  return Object.fromEntries(
    peers.map((peer) => [neighbourOf(peer) || textAt(peer, 'name'), neighbourJson(peer, nowMs)]),
  )
}

function neighbourJson(peer: unknown, nowMs: number): unknown {
  const internal = fieldAt(peer, 'peerAsn') === fieldAt(peer, 'localAsn') || fieldAt(peer, 'expectedAsn') === 'internal'
  const error = fieldAt(peer, 'lastError')
  return {
    remoteAs: fieldAt(peer, 'peerAsn') ?? fieldAt(peer, 'expectedAsn'),
    localAs: countAt(peer, 'localAsn'),
    [internal ? 'nbrInternalLink' : 'nbrExternalLink']: true,
    nbrDesc: textAt(peer, 'name'),
    bgpVersion: 4,
    remoteRouterId: textAt(peer, 'peerRouterId') || '0.0.0.0',
    localRouterId: textAt(peer, 'routerId'),
    bgpState: textAt(peer, 'state'),
    ...(isEstablished(peer) ? upFields(peer, nowMs) : {}),
    ...timerFields(peer),
    neighborCapabilities: fieldAt(peer, 'capabilities'),
    messageStats: messageFields(peer),
    addressFamilyInfo: familyFields(peer),
    connectionsEstablished: countAt(peer, 'counters', 'ups'),
    connectionsDropped: countAt(peer, 'counters', 'downs'),
    ...(error ? { lastError: error } : {}),
    ...(fieldAt(peer, 'withheld') ? { withheld: fieldAt(peer, 'withheld') } : {}),
    ...socketFields(peer),
    ...(fieldAt(peer, 'bfd') ? { peerBfdInfo: { status: textAt(peer, 'bfd', 'state') } } : {}),
  }
}

function upFields(peer: unknown, nowMs: number): object {
  const sinceMs = Date.parse(textAt(peer, 'since'))
  return {
    bgpTimerUpMsec: nowMs - sinceMs,
    bgpTimerUpString: elapsedText(nowMs - sinceMs),
    bgpTimerUpEstablishedEpoch: Math.floor(sinceMs / 1000),
  }
}

function timerFields(peer: unknown): object {
  return {
    bgpTimerConfiguredHoldTimeMsecs: countAt(peer, 'timers', 'offeredHoldMs'),
    bgpTimerHoldTimeMsecs: countAt(peer, 'timers', 'holdMs'),
    bgpTimerKeepAliveIntervalMsecs: countAt(peer, 'timers', 'keepaliveMs'),
  }
}

function messageFields(peer: unknown): object {
  const [sent, received] = (['sent', 'received'] as const).map(
    (direction) => (type: string) => countAt(peer, 'counters', direction, type),
  )
  return {
    opensSent: sent?.('open'),
    opensRecv: received?.('open'),
    notificationsSent: sent?.('notification'),
    notificationsRecv: received?.('notification'),
    updatesSent: sent?.('update'),
    updatesRecv: received?.('update'),
    keepalivesSent: sent?.('keepalive'),
    keepalivesRecv: received?.('keepalive'),
    routeRefreshSent: sent?.('routeRefresh'),
    routeRefreshRecv: received?.('routeRefresh'),
    totalSent: messages(peer, 'sent'),
    totalRecv: messages(peer, 'received'),
  }
}

/** How many prefixes were sent is counted for all families together; a session mostly has one. */
function familyFields(peer: unknown): object {
  const families = listAt(peer, 'families').filter((family) => typeof family === 'string')
  const sentPrefixCounter = countAt(peer, 'routes', 'sent')
  const ofOne = families.length === 1 ? { sentPrefixCounter } : {}
  return Object.fromEntries(families.map((family) => [`${family}Unicast`, { acceptedPrefixCounter: 0, ...ofOne }]))
}

function socketFields(peer: unknown): object {
  const [local, remote] = [fieldAt(peer, 'local'), fieldAt(peer, 'remote')]
  return {
    ...(local ? { hostLocal: textAt(local, 'address'), portLocal: countAt(local, 'port') } : {}),
    ...(remote ? { hostForeign: textAt(remote, 'address'), portForeign: countAt(remote, 'port') } : {}),
  }
}
