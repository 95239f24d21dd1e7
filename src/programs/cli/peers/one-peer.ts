// SPDX-License-Identifier: Apache-2.0
/** Everything about one peer, for a person. */
import { fieldAt, fieldsOf, listAt, textAt } from '../../../lib/unchecked.ts'
import { type Row, section } from '../../text-table.ts'
import { printable } from '../check/report.ts'
import { asOf, countAt, neighbourOf, wordAt, wordsAt } from './document.ts'
import { elapsedSince } from './elapsed.ts'
import { placeText } from './table.ts'

/** `document` is about this peer alone (aboutPeer). */
export function onePeer(document: unknown, nowMs: number): string {
  const [peer] = listAt(document, 'peers')
  return [
    aboutSession(peer, nowMs),
    section('ROUTES SENT', ['PREFIX', 'NEXT HOP', 'AS PATH', 'MED', 'LOCALPREF', 'COMMUNITIES'], routeRows(document)),
    section('ROUTES HELD BACK', ['PREFIX', 'WHY'], heldRows(document)),
  ].join('')
}

/** The same without its routes. */
export function aboutSession(peer: unknown, nowMs: number): string {
  const bfd = fieldAt(peer, 'bfd')
  return [
    facts(`BGP PEER ${textAt(peer, 'name')}`, [...sessionRows(peer, nowMs), ...timerRows(peer)]),
    facts('CAPABILITIES', capabilityRows(peer)),
    section('MESSAGES', ['', 'SENT', 'RECEIVED'], messageRows(peer)),
    ...(bfd ? [facts('BFD', bfdRows(bfd, nowMs))] : []),
  ].join('')
}

type Fact = readonly [name: string, value: string]

/** A title and what is known, without what is not. */
function facts(title: string, rows: readonly Fact[]): string {
  const known = rows.filter(([, value]) => value !== '')
  const width = Math.max(0, ...known.map(([name]) => name.length))
  return `${printable(title)}\n${known.map(([name, value]) => `  ${name.padEnd(width)}  ${printable(value)}\n`).join('')}\n`
}

function sessionRows(peer: unknown, nowMs: number): Fact[] {
  const since = textAt(peer, 'since')
  const error = textAt(peer, 'lastError', 'why')
  const found = textAt(peer, 'interface') === '' ? '' : textAt(peer, 'remote', 'address') || textAt(peer, 'address')
  return [
    ['address', placeText(peer)],
    ['found at', found === neighbourOf(peer) ? '' : found],
    ['AS', `${asOf(peer)}, and we are ${wordAt(peer, 'localAsn')}`],
    ['state', since === '' ? textAt(peer, 'state') : `${textAt(peer, 'state')} for ${elapsedSince(since, nowMs)}`],
    ['not dialled', reasonText(peer)],
    ['connection', connectionText(peer)],
    ['router ID', [textAt(peer, 'peerRouterId'), `ours ${textAt(peer, 'routerId')}`].filter(Boolean).join(', ')],
    ['families', wordsAt(peer, 'families')],
    ['stale', wordsAt(peer, 'staleFamilies')],
    ['last error', error && `${error} (${elapsedSince(textAt(peer, 'lastError', 'at'), nowMs)} ago)`],
    ['attempts', attemptsText(peer)],
    ['routes', `${countAt(peer, 'routes', 'sent')} sent, ${countAt(peer, 'routes', 'pending')} to be looked at`],
    [
      'heard',
      `${countAt(peer, 'received', 'announced')} routes, ${countAt(peer, 'received', 'withdrawn')} withdrawals; none is used`,
    ],
  ]
}

function reasonText(peer: unknown): string {
  const reason = textAt(peer, 'withheld', 'reason')
  return reason && `${textAt(peer, 'withheld', 'message')} (${reason})`
}

function connectionText(peer: unknown): string {
  const [local, remote] = ['local', 'remote'].map((side) => socketText(fieldAt(peer, side)))
  if (!local || !remote) return ''
  return `${local} to ${remote}, dialled by ${textAt(peer, 'dialledBy')}`
}

function socketText(socket: unknown): string {
  const address = textAt(socket, 'address')
  return address && `${address.includes(':') ? `[${address}]` : address}:${countAt(socket, 'port')}`
}

function attemptsText(peer: unknown): string {
  const [attempts, flaps] = [countAt(peer, 'attempts'), countAt(peer, 'flaps')]
  const failed = attempts === 0 ? [] : [`${attempts} in a row have failed`]
  return [...failed, ...(flaps === 0 ? [] : [`${flaps} sessions did not last`])].join(', ')
}

function timerRows(peer: unknown): Fact[] {
  const left = Object.entries(fieldsOf(fieldAt(peer, 'timers', 'leftMs')))
  const hold = fieldAt(peer, 'timers', 'holdMs')
  const agreed = `hold ${seconds(hold)}, keepalive ${seconds(fieldAt(peer, 'timers', 'keepaliveMs'))}`
  const theirs = fieldAt(peer, 'timers', 'peerHoldMs')
  const offers = [
    `we offer ${seconds(fieldAt(peer, 'timers', 'offeredHoldMs'))}`,
    ...(typeof theirs === 'number' ? [`the peer ${seconds(theirs)}`] : []),
  ]
  return [
    ['timers', typeof hold === 'number' ? agreed : ''],
    ['hold time', offers.join(', ')],
    ['left', left.map(([name, ms]) => `${name} ${seconds(ms)}`).join(', ')],
  ]
}

function seconds(ms: unknown): string {
  return typeof ms === 'number' ? `${Math.round(ms / 100) / 10} s` : '-'
}

function capabilityRows(peer: unknown): Fact[] {
  return [
    ['ours', wordsAt(peer, 'capabilities', 'sent')],
    ['the peer’s', wordsAt(peer, 'capabilities', 'received')],
  ]
}

const MESSAGES = [
  ['OPEN', 'open'],
  ['UPDATE', 'update'],
  ['NOTIFICATION', 'notification'],
  ['KEEPALIVE', 'keepalive'],
  ['ROUTE-REFRESH', 'routeRefresh'],
] as const

function messageRows(peer: unknown): Row[] {
  const count = (...path: readonly string[]) => String(countAt(peer, 'counters', ...path))
  return [
    ...MESSAGES.map(([word, type]) => [word, count('sent', type), count('received', type)]),
    ['not readable', '', count('malformed')],
    ['with a flaw', '', count('flaws')],
  ]
}

function bfdRows(session: unknown, nowMs: number): Fact[] {
  const [state, diag] = [textAt(session, 'state'), textAt(session, 'diag')]
  const remote = textAt(session, 'remoteDiag')
  const count = (name: string) => countAt(session, 'counters', name)
  return [
    ['profile', textAt(session, 'profile')],
    [
      'state',
      `${state} for ${elapsedSince(textAt(session, 'since'), nowMs)}${diag === 'none' ? '' : `, diagnostic ${diag}`}`,
    ],
    ['the peer', `${textAt(session, 'remoteState')}${remote === 'none' ? '' : `, diagnostic ${remote}`}`],
    [
      'intervals',
      `sends every ${countAt(session, 'intervalMs')} ms, down after ${countAt(session, 'detectMs')} ms of silence`,
    ],
    ['control', `${count('controlOut')} packets sent, ${count('controlIn')} received`],
    ['echo', `${count('echoOut')} packets sent, ${count('echoIn')} received`],
    ['last down', lastDownText(session, nowMs)],
    ['not opened', textAt(session, 'fault')],
    ['came up', `${countAt(session, 'upEvents')} times, went down ${countAt(session, 'downEvents')} times`],
  ]
}

function lastDownText(session: unknown, nowMs: number): string {
  const why = textAt(session, 'lastDown', 'why')
  return why && `${why} (${elapsedSince(textAt(session, 'lastDown', 'at'), nowMs)} ago)`
}

function routeRows(document: unknown): Row[] {
  return listAt(document, 'routes').map((route) => [
    textAt(route, 'prefix'),
    wordsAt(route, 'nextHops'),
    textAt(route, 'asPath'),
    wordAt(route, 'med'),
    wordAt(route, 'localPref'),
    [wordsAt(route, 'communities'), wordsAt(route, 'largeCommunities')].filter((text) => text !== '').join(', '),
  ])
}

const WHY: Readonly<Record<string, string>> = {
  notEstablished: 'the session is not established',
  familyNotNegotiated: 'the peer does not take this address family',
  noNextHop: 'this node has no address of the family on the session',
  attributesTooLong: 'its attributes are more than one message holds',
}

function heldRows(document: unknown): Row[] {
  return listAt(document, 'held').map((held) => {
    const why = textAt(held, 'why')
    return [textAt(held, 'prefix'), Object.hasOwn(WHY, why) ? `${WHY[why]} (${why})` : why]
  })
}
