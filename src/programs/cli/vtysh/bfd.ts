// SPDX-License-Identifier: Apache-2.0
/** `show bfd peers`: the BFD sessions with BGP peers. */
import { listAt, textAt } from '../../../lib/unchecked.ts'
import { countAt, wordsAt } from '../peers/document.ts'
import { elapsedText } from '../peers/elapsed.ts'
import { columns } from './columns.ts'

const HEADS = [
  'Peer',
  'Local',
  'Interface',
  'Status',
  'Up/Down',
  'Transmit',
  'Detection',
  'Diagnostic',
  'Remote',
  'For',
]

/** What the codes of RFC 5880 §4.1 mean. */
const DIAGNOSTICS: ReadonlyMap<string, string> = new Map([
  ['none', 'ok'],
  ['timeExpired', 'detection time expired'],
  ['echoFailed', 'echo failed'],
  ['neighborDown', 'neighbor down'],
  ['forwardingReset', 'forwarding reset'],
  ['pathDown', 'path down'],
  ['concatenatedPathDown', 'concatenated path down'],
  ['adminDown', 'administratively down'],
  ['reverseConcatenatedPathDown', 'reverse concatenated path down'],
])
const STATUSES: ReadonlyMap<string, string> = new Map([
  ['Up', 'up'],
  ['Init', 'init'],
  ['Down', 'down'],
  ['AdminDown', 'shutdown'],
])

/** For people. */
export function bfdText(document: unknown, nowMs: number): string {
  const sessions = listAt(document, 'bfd')
  if (sessions.length === 0)
    return 'no BFD sessions: no BGPPeer of this node has a bfdProfile, or none is known to be anywhere\n'
  const rows = sessions.map((session) => [
    textAt(session, 'address'),
    textAt(session, 'local'),
    textAt(session, 'link'),
    statusOf(session),
    elapsedText(nowMs - Date.parse(textAt(session, 'since'))),
    `${countAt(session, 'intervalMs')} ms`,
    `${countAt(session, 'detectMs')} ms`,
    diagnostic(textAt(session, 'diag')),
    diagnostic(textAt(session, 'remoteDiag')),
    wordsAt(session, 'peers'),
  ])
  return `${columns(HEADS, rows)}\n${sessions.length} sessions\n`
}

/** For scripts, by the names that they know; counters are those of `show bfd peers counters`. */
export function bfdJson(document: unknown, nowMs: number): unknown {
  return listAt(document, 'bfd').map((session) => {
    const seconds = Math.floor((nowMs - Date.parse(textAt(session, 'since'))) / 1000)
    const [local, link] = [textAt(session, 'local'), textAt(session, 'link')]
    return {
      peer: textAt(session, 'address'),
      ...(local === '' ? {} : { local }),
      ...(link === '' ? {} : { interface: link }),
      id: countAt(session, 'localDiscriminator'),
      'remote-id': countAt(session, 'remoteDiscriminator'),
      status: statusOf(session),
      [statusOf(session) === 'up' ? 'uptime' : 'downtime']: seconds,
      diagnostic: diagnostic(textAt(session, 'diag')),
      'remote-diagnostic': diagnostic(textAt(session, 'remoteDiag')),
      'transmit-interval': countAt(session, 'intervalMs'),
      'detection-time': countAt(session, 'detectMs'),
      ...counterFields(session),
    }
  })
}

function counterFields(session: unknown): object {
  return {
    'control-packet-input': countAt(session, 'counters', 'controlIn'),
    'control-packet-output': countAt(session, 'counters', 'controlOut'),
    'echo-packet-input': countAt(session, 'counters', 'echoIn'),
    'echo-packet-output': countAt(session, 'counters', 'echoOut'),
    'session-up': countAt(session, 'upEvents'),
    'session-down': countAt(session, 'downEvents'),
  }
}

function statusOf(session: unknown): string {
  const state = textAt(session, 'state')
  return STATUSES.get(state) ?? state
}

function diagnostic(code: string): string {
  return DIAGNOSTICS.get(code) ?? code
}
