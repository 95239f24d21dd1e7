// SPDX-License-Identifier: Apache-2.0
/** `show bgp summary`: each neighbour in a line. */
import { fieldAt, fieldsOf, listAt, textAt } from '../../../lib/unchecked.ts'
import { countAt, isEstablished, neighbourOf, wordAt } from '../peers/document.ts'
import { elapsedSince, elapsedText } from '../peers/elapsed.ts'
import { columns } from './columns.ts'

export type FamilyName = 'ipv4' | 'ipv6'

const HEADS = ['Neighbor', 'V', 'AS', 'MsgRcvd', 'MsgSent', 'Up/Down', 'State/PfxRcd', 'PfxSnt', 'Peer']
const VERSION = 4

/** For people. Nothing that a peer sends is used, so that the prefixes received of one that is up are always 0. */
export function summaryText(document: unknown, family: FamilyName | null, nowMs: number): string {
  const peers = peersOf(document, family)
  const [first] = peers
  if (first === undefined) return 'no BGP neighbors: no BGPPeer selects this node\n'
  const rows = peers.map((peer) => [
    neighbourOf(peer) || textAt(peer, 'name'),
    String(VERSION),
    wordAt(peer, 'peerAsn') || wordAt(peer, 'expectedAsn'),
    String(messages(peer, 'received')),
    String(messages(peer, 'sent')),
    upOrDown(peer, nowMs),
    isEstablished(peer) ? '0' : textAt(peer, 'withheld', 'reason') || textAt(peer, 'state'),
    String(sentOf(peer)),
    textAt(peer, 'name'),
  ])
  const us = `router identifier ${textAt(first, 'routerId')}, local AS ${wordAt(first, 'localAsn')}`
  const up = peers.filter(isEstablished).length
  return `node ${textAt(document, 'node')}, ${us}\n\n${columns(HEADS, rows)}\n${peers.length} neighbors, ${up} established\n`
}

/** For scripts, by the names that they know: by family, or that of one family alone. */
export function summaryJson(document: unknown, family: FamilyName | null, nowMs: number): unknown {
  if (family !== null) return familyJson(document, family, nowMs)
  const families = (['ipv4', 'ipv6'] as const).filter((one) => peersOf(document, one).length > 0)
  return Object.fromEntries(families.map((one) => [`${one}Unicast`, familyJson(document, one, nowMs)]))
}

function familyJson(document: unknown, family: FamilyName, nowMs: number): unknown {
  const peers = peersOf(document, family)
  const failed = peers.filter((peer) => !isEstablished(peer)).length
  return {
    routerId: textAt(peers[0], 'routerId'),
    as: countAt(peers[0], 'localAsn'),
    vrfName: 'default',
    peerCount: peers.length,
    peers: Object.fromEntries(peers.map((peer) => [neighbourOf(peer) || textAt(peer, 'name'), peerJson(peer, nowMs)])),
    failedPeers: failed,
    totalPeers: peers.length,
  }
}

function peerJson(peer: unknown, nowMs: number): unknown {
  const sinceMs = nowMs - Date.parse(textAt(peer, 'since'))
  return {
    remoteAs: fieldAt(peer, 'peerAsn') ?? fieldAt(peer, 'expectedAsn'),
    localAs: countAt(peer, 'localAsn'),
    version: VERSION,
    msgRcvd: messages(peer, 'received'),
    msgSent: messages(peer, 'sent'),
    peerUptime: isEstablished(peer) ? elapsedText(sinceMs) : upOrDown(peer, nowMs),
    peerUptimeMsec: isEstablished(peer) ? sinceMs : 0,
    pfxRcd: 0,
    pfxSnt: sentOf(peer),
    state: textAt(peer, 'state'),
    peerState: 'OK',
    connectionsEstablished: countAt(peer, 'counters', 'ups'),
    connectionsDropped: countAt(peer, 'counters', 'downs'),
    desc: textAt(peer, 'name'),
  }
}

/** Those whose session carries the family; of sessions that are down, those whose address is of it. */
function peersOf(document: unknown, family: FamilyName | null): readonly unknown[] {
  const peers = listAt(document, 'peers')
  if (family === null) return peers
  return peers.filter((peer) => {
    const families = listAt(peer, 'families')
    if (families.length > 0) return families.includes(family)
    const address = textAt(peer, 'address')
    return address === '' || address.includes(':') === (family === 'ipv6')
  })
}

function upOrDown(peer: unknown, nowMs: number): string {
  const wasUp = isEstablished(peer) || countAt(peer, 'counters', 'ups') > 0
  return wasUp ? elapsedSince(textAt(peer, 'since'), nowMs) : 'never'
}

/** Messages of all kinds. */
export function messages(peer: unknown, direction: 'sent' | 'received'): number {
  const counts = fieldsOf(fieldAt(peer, 'counters', direction))
  return Object.keys(counts).reduce((sum, type) => sum + countAt(counts, type), 0)
}

/** Prefixes that the peer has of us. */
export function sentOf(peer: unknown): number {
  return isEstablished(peer) ? countAt(peer, 'routes', 'sent') : 0
}
