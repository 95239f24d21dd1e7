// SPDX-License-Identifier: Apache-2.0
/** All peers of a node in one table. */
import { fieldAt, listAt, textAt } from '../../../lib/unchecked.ts'
import { type Row, section } from '../../text-table.ts'
import { asOf, isEstablished, neighbourOf, wordAt } from './document.ts'
import { elapsedSince } from './elapsed.ts'

const HEADS = ['PEER', 'ADDRESS', 'AS', 'STATE', 'FOR', 'ROUTES', 'BFD', 'LAST ERROR']
const BGP_PORT = '179'

/** The table, and how many routes are held back if any are. `nowMs` as of the clock that the document is from. */
export function peersTable(document: unknown, nowMs: number): string {
  const peers = listAt(document, 'peers')
  const title = `BGP PEERS OF ${textAt(document, 'node') || 'THIS NODE'}`
  const table = section(
    title,
    HEADS,
    peers.map((peer) => rowOf(peer, nowMs)),
  )
  const held = listAt(document, 'held').length
  if (held === 0) return table
  const subject = held === 1 ? '1 route is' : `${held} routes are`
  return `${table}${subject} held back: metallb peers NAME says which, and why.\n`
}

function rowOf(peer: unknown, nowMs: number): Row {
  const up = isEstablished(peer)
  return [
    textAt(peer, 'name'),
    placeText(peer),
    asOf(peer),
    textAt(peer, 'withheld', 'reason') || textAt(peer, 'state'),
    elapsedSince(textAt(peer, 'since'), nowMs),
    up ? wordAt(peer, 'routes', 'sent') : '-',
    bfdText(peer),
    up ? '' : textAt(peer, 'withheld', 'message') || textAt(peer, 'lastError', 'why'),
  ]
}

/** `192.0.2.1`, `[2001:db8::1]:1790`, `eth0`, `192.0.2.1 in VRF red`. */
export function placeText(peer: unknown): string {
  const [neighbour, port, vrf] = [neighbourOf(peer), wordAt(peer, 'port'), textAt(peer, 'vrf')]
  const shown = neighbour.includes(':') ? `[${neighbour}]` : neighbour
  const place = port === '' || port === BGP_PORT ? neighbour : `${shown}:${port}`
  return vrf === '' ? place : `${place} in VRF ${vrf}`
}

function bfdText(peer: unknown): string {
  if (fieldAt(peer, 'bfd') === null || fieldAt(peer, 'bfd') === undefined)
    return textAt(peer, 'bfdProfile') && 'none yet'
  return textAt(peer, 'bfd', 'state')
}
