// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message, Notification, Open, Update } from './codec/message.ts'
import { type Action, type Call, type Event, initialSession, type Session, type Step, step } from './fsm.ts'
import { type Config, negotiate, ownOpen } from './negotiate.ts'
import { TIMERS } from './timing.ts'

const NOTHING = new Uint8Array(0)
const OURS = 0x0a_00_00_01
const LOWER = 0x0a_00_00_00
const HIGHER = 0x0a_00_00_02
const config: Config = {
  localAsn: 64_500,
  remoteAs: 64_501,
  routerId: OURS,
  holdMs: 90_000,
  keepaliveMs: null,
  connectMs: null,
  passive: false,
  families: ['ipv4', 'ipv6'],
  extendedNextHop: false,
  gracefulRestart: null,
  hostname: null,
}
const restartable: Config = { ...config, gracefulRestart: { restartSeconds: 120 } }
const notFresh = { restarting: false, plain: false }

/** What a peer with a configuration of ours would say. */
const openOf = (fields: Partial<Config> = {}): Open =>
  ownOpen({ ...config, localAsn: 64_501, routerId: LOWER, ...fields }, notFresh)
const agreed = (own: Config, open: Open) => {
  const outcome = negotiate(own, ownOpen(own, notFresh), open)
  assert.ok(outcome.ok)
  return outcome.negotiated
}

/** The states of the matrix. */
const base: Session = { ...initialSession(config, false), enabled: true, nextId: 3 }
const call: Call = { id: 2, by: 'us' }
const negotiated = agreed(config, openOf())
const S = {
  stopped: initialSession(config, false),
  idle: { ...base, attempts: 1 },
  connect: { ...base, state: 'Connect', dialling: 1 },
  active: { ...base, state: 'Active', attempts: 1 },
  openSent: { ...base, state: 'OpenSent', call },
  openConfirm: { ...base, state: 'OpenConfirm', call, negotiated },
  established: { ...base, state: 'Established', call, negotiated },
} as const satisfies Record<string, Session>
type Named = keyof typeof S
const STATES: readonly Named[] = ['stopped', 'idle', 'connect', 'active', 'openSent', 'openConfirm', 'established']

const said = (message: Message): Event => ({ type: 'message', id: 2, message })
const update: Update = {
  type: 'update',
  reach: [],
  unreach: [],
  attributes: {},
  endOfRib: null,
  flaw: null,
}
const notified = (code: number, subcode: number): Notification => ({
  type: 'notification',
  code,
  subcode,
  data: NOTHING,
  reason: '',
})
const refresh = (fields: object = {}): Message => ({
  type: 'routeRefresh',
  afi: 1,
  safi: 1,
  family: 'ipv4',
  subtype: 0,
  ...fields,
})
const malformed: Event = {
  type: 'malformed',
  id: 2,
  malformed: { code: 3, subcode: 1, data: NOTHING, why: 'x' },
}
const stop = (kind: 'drain' | 'removed' | 'reconfigured' | 'handover', text = ''): Event => ({
  type: 'stop',
  reason: { kind, text },
})
const EVENTS = {
  start: { type: 'start' },
  'stop (drain)': stop('drain'),
  'stop (removed)': stop('removed'),
  'stop (reconfigured)': stop('reconfigured'),
  'stop (handover)': stop('handover'),
  'peer down (BFD)': { type: 'peerDown', why: 'BFD', independent: false },
  'peer up (BFD)': { type: 'peerUp' },
  'other intervals': { type: 'configure', intervals: { keepaliveMs: 10_000, connectMs: 20_000 } },
  connected: { type: 'connected', id: 1 },
  'connect failed': { type: 'connectFailed', id: 1, why: 'refused' },
  accepted: { type: 'accepted' },
  closed: { type: 'closed', id: 2, why: 'gone' },
  OPEN: said(openOf()),
  'OPEN of another AS': said(openOf({ localAsn: 64_999 })),
  KEEPALIVE: said({ type: 'keepalive' }),
  UPDATE: said(update),
  'ROUTE-REFRESH': said(refresh()),
  'NOTIFICATION 6/2': said(notified(6, 2)),
  'NOTIFICATION 6/5': said(notified(6, 5)),
  'NOTIFICATION 2/4': said(notified(2, 4)),
  malformed,
  'connectRetry expired': { type: 'expired', timer: 'connectRetry' },
  'hold expired': { type: 'expired', timer: 'hold' },
  'keepalive expired': { type: 'expired', timer: 'keepalive' },
  'sendHold expired': { type: 'expired', timer: 'sendHold' },
  'idleHold expired': { type: 'expired', timer: 'idleHold' },
  'rivalHold expired': { type: 'expired', timer: 'rivalHold' },
  'settled expired': { type: 'expired', timer: 'settled' },
  'stale expired': { type: 'expired', timer: 'stale' },
  sent: { type: 'sent' },
} as const satisfies Record<string, Event>

const words = (message: Message): string =>
  message.type === 'notification' ? `NOTIFICATION ${message.code}/${message.subcode}` : message.type.toUpperCase()

/** One action as a reader wants it. */
function show(action: Action): string {
  switch (action.type) {
    case 'refuse':
      return `refuse ${words(action.message)}`
    case 'send':
      return `#${action.id}: ${words(action.message)}`
    case 'close':
      return `${action.abort ? 'abort' : 'close'} #${action.id}`
    case 'arm':
      return `${action.timer} ${action.ms / 1000} s`
    case 'disarm':
      return action.timers.length === TIMERS.length - 1 ? 'disarm all' : `disarm ${action.timers.join(' ')}`
    case 'down':
    case 'failed':
      return `${action.type}: ${action.why}`
    case 'connect':
    case 'adopt':
      return `${action.type} #${action.id}`
    case 'deliver':
      return `deliver ${action.message.type}`
    default:
      return action.type
  }
}
const outcome = ([next, actions]: [Session, Action[]]): string => [next.state, ...actions.map(show)].join(', ')

/** The whole matrix, event × state. What is not named stays as it is, without an action. */
const MATRIX: Readonly<Record<keyof typeof EVENTS, Partial<Record<Named, string>>>> = {
  start: {
    stopped: 'Connect, connect #1, connectRetry 10 s',
  },
  'stop (drain)': {
    idle: 'Idle, disarm all',
    connect: 'Idle, close #1, disarm all',
    active: 'Idle, disarm all',
    openSent: 'Idle, #2: NOTIFICATION 6/2, close #2, disarm all',
    openConfirm: 'Idle, #2: NOTIFICATION 6/2, close #2, disarm all',
    established: 'Idle, #2: NOTIFICATION 6/2, close #2, disarm all, down: drained by us',
  },
  'stop (removed)': {
    idle: 'Idle, disarm all',
    connect: 'Idle, close #1, disarm all',
    active: 'Idle, disarm all',
    openSent: 'Idle, #2: NOTIFICATION 6/3, close #2, disarm all',
    openConfirm: 'Idle, #2: NOTIFICATION 6/3, close #2, disarm all',
    established: 'Idle, #2: NOTIFICATION 6/3, close #2, disarm all, down: the peer was removed from our configuration',
  },
  'stop (reconfigured)': {
    idle: 'Idle, disarm all',
    connect: 'Idle, close #1, disarm all',
    active: 'Idle, disarm all',
    openSent: 'Idle, #2: NOTIFICATION 6/6, close #2, disarm all',
    openConfirm: 'Idle, #2: NOTIFICATION 6/6, close #2, disarm all',
    established: 'Idle, #2: NOTIFICATION 6/6, close #2, disarm all, down: our configuration of the peer has changed',
  },
  'stop (handover)': {
    idle: 'Idle, disarm all',
    connect: 'Idle, close #1, disarm all',
    active: 'Idle, disarm all',
    openSent: 'Idle, close #2, disarm all',
    openConfirm: 'Idle, close #2, disarm all',
    established: 'Idle, close #2, disarm all, down: this speaker restarts',
  },
  'peer down (BFD)': {
    openSent: 'Idle, #2: NOTIFICATION 6/10, close #2, disarm all, failed: BFD, idleHold 0 s',
    openConfirm: 'Idle, #2: NOTIFICATION 6/10, close #2, disarm all, failed: BFD, idleHold 0 s',
    established: 'Idle, #2: NOTIFICATION 6/10, close #2, disarm all, down: BFD, idleHold 0 s',
  },
  'peer up (BFD)': {
    idle: 'Connect, disarm idleHold, connect #3, connectRetry 10 s',
    active: 'Connect, connect #3, connectRetry 10 s',
  },
  'other intervals': {
    connect: 'Connect, connectRetry 20 s',
    active: 'Active, connectRetry 20 s',
    openConfirm: 'OpenConfirm, keepalive 10 s',
    established: 'Established, keepalive 10 s',
  },
  connected: {
    stopped: 'Idle, close #1',
    idle: 'Idle, close #1',
    connect: 'OpenSent, disarm connectRetry, #1: OPEN, hold 60 s',
    active: 'Active, close #1',
    openSent: 'OpenSent, close #1',
    openConfirm: 'OpenConfirm, close #1',
    established: 'Established, close #1',
  },
  'connect failed': {
    connect: 'Active, failed: refused, connectRetry 1 s',
  },
  accepted: {
    stopped: 'Idle, refuse NOTIFICATION 6/5',
    idle: 'Idle, refuse NOTIFICATION 6/5',
    connect: 'OpenSent, adopt #3, disarm connectRetry, #3: OPEN, hold 60 s',
    active: 'OpenSent, adopt #3, disarm connectRetry, #3: OPEN, hold 60 s',
    openSent: 'OpenSent, adopt #3, #3: OPEN, rivalHold 60 s',
    openConfirm: 'OpenConfirm, adopt #3, #3: OPEN, rivalHold 60 s',
    established: 'Established, adopt #3, #3: OPEN, rivalHold 60 s',
  },
  closed: {
    openSent: 'Active, close #2, disarm hold keepalive rivalHold, failed: gone, connectRetry 1 s',
    openConfirm: 'Idle, close #2, disarm all, failed: gone, idleHold 0 s',
    established: 'Idle, close #2, disarm all, down: gone, idleHold 0 s',
  },
  OPEN: {
    openSent: 'OpenConfirm, #2: KEEPALIVE, hold 90 s, keepalive 30 s',
    openConfirm:
      'Idle, #2: NOTIFICATION 5/2, close #2, disarm all, failed: the peer sent OPEN in state OpenConfirm, idleHold 0 s',
    established:
      'Idle, #2: NOTIFICATION 5/3, close #2, disarm all, down: the peer sent OPEN in state Established, idleHold 0 s',
  },
  'OPEN of another AS': {
    openSent:
      'Idle, #2: NOTIFICATION 2/2, close #2, disarm all, failed: the peer says it is AS 64999, expected 64501, idleHold 0 s',
    openConfirm:
      'Idle, #2: NOTIFICATION 5/2, close #2, disarm all, failed: the peer sent OPEN in state OpenConfirm, idleHold 0 s',
    established:
      'Idle, #2: NOTIFICATION 5/3, close #2, disarm all, down: the peer sent OPEN in state Established, idleHold 0 s',
  },
  KEEPALIVE: {
    openSent:
      'Idle, #2: NOTIFICATION 5/1, close #2, disarm all, failed: the peer sent KEEPALIVE in state OpenSent, idleHold 0 s',
    openConfirm: 'Established, hold 90 s, sendHold 480 s, settled 600 s, established',
    established: 'Established, hold 90 s',
  },
  UPDATE: {
    openSent:
      'Idle, #2: NOTIFICATION 5/1, close #2, disarm all, failed: the peer sent UPDATE in state OpenSent, idleHold 0 s',
    openConfirm:
      'Idle, #2: NOTIFICATION 5/2, close #2, disarm all, failed: the peer sent UPDATE in state OpenConfirm, idleHold 0 s',
    established: 'Established, hold 90 s, deliver update',
  },
  'ROUTE-REFRESH': {
    openSent:
      'Idle, #2: NOTIFICATION 5/1, close #2, disarm all, failed: the peer sent ROUTE-REFRESH in state OpenSent, idleHold 0 s',
    openConfirm:
      'Idle, #2: NOTIFICATION 5/2, close #2, disarm all, failed: the peer sent ROUTE-REFRESH in state OpenConfirm, idleHold 0 s',
    established: 'Established, hold 90 s, deliver routeRefresh',
  },
  'NOTIFICATION 6/2': {
    openSent: 'Idle, close #2, disarm all, failed: the peer says: Cease: administrative shutdown, idleHold 0 s',
    openConfirm: 'Idle, close #2, disarm all, failed: the peer says: Cease: administrative shutdown, idleHold 0 s',
    established: 'Idle, close #2, disarm all, down: the peer says: Cease: administrative shutdown, idleHold 0 s',
  },
  'NOTIFICATION 6/5': {
    openSent:
      'Active, close #2, disarm hold keepalive rivalHold, failed: the peer says: Cease: connection rejected, connectRetry 1 s',
    openConfirm: 'Idle, close #2, disarm all, failed: the peer says: Cease: connection rejected, idleHold 0 s',
    established: 'Idle, close #2, disarm all, down: the peer says: Cease: connection rejected, idleHold 0 s',
  },
  'NOTIFICATION 2/4': {
    openSent:
      'Idle, close #2, disarm all, failed: the peer says: OPEN message error: unsupported optional parameter, idleHold 0 s',
    openConfirm:
      'Idle, close #2, disarm all, failed: the peer says: OPEN message error: unsupported optional parameter, idleHold 0 s',
    established:
      'Idle, close #2, disarm all, down: the peer says: OPEN message error: unsupported optional parameter, idleHold 0 s',
  },
  malformed: {
    openSent:
      'Idle, #2: NOTIFICATION 3/1, close #2, disarm all, failed: the peer sent what cannot be read: x, idleHold 0 s',
    openConfirm:
      'Idle, #2: NOTIFICATION 3/1, close #2, disarm all, failed: the peer sent what cannot be read: x, idleHold 0 s',
    established:
      'Idle, #2: NOTIFICATION 3/1, close #2, disarm all, down: the peer sent what cannot be read: x, idleHold 0 s',
  },
  'connectRetry expired': {
    connect: 'Connect, close #1, connect #3, connectRetry 10 s',
    active: 'Connect, connect #3, connectRetry 10 s',
  },
  'hold expired': {
    openSent: 'Idle, #2: NOTIFICATION 4/0, close #2, disarm all, failed: no OPEN within 60 s, idleHold 0 s',
    openConfirm:
      'Idle, #2: NOTIFICATION 4/0, close #2, disarm all, failed: hold time expired: nothing was heard from the peer for 90 s, idleHold 0 s',
    established:
      'Idle, #2: NOTIFICATION 4/0, close #2, disarm all, down: hold time expired: nothing was heard from the peer for 90 s, idleHold 0 s',
  },
  'keepalive expired': {
    openConfirm: 'OpenConfirm, #2: KEEPALIVE, keepalive 30 s',
    established: 'Established, #2: KEEPALIVE, keepalive 30 s',
  },
  'sendHold expired': {
    established: 'Idle, abort #2, disarm all, down: the peer has read nothing for 480 s, idleHold 0 s',
  },
  'idleHold expired': {
    idle: 'Connect, connect #3, connectRetry 10 s',
  },
  'rivalHold expired': {},
  'settled expired': {},
  'stale expired': {},
  sent: {
    established: 'Established, sendHold 480 s',
  },
}
for (const [name, event] of Object.entries(EVENTS)) {
  for (const state of STATES) {
    const expected = Object.entries(MATRIX).find(([of]) => of === name)?.[1]?.[state]
    test(`${state}, ${name}: ${expected ?? 'nothing'}`, () => {
      const [next, actions] = step(S[state], event)
      if (expected !== undefined) assert.equal(outcome([next, actions]), expected)
      else assert.deepEqual([next.state, actions], [S[state].state, []])
    })
  }
}

const intervals = (keepaliveMs: number | null, connectMs: number | null): Event => ({
  type: 'configure',
  intervals: { keepaliveMs, connectMs },
})
const dials = (passive: boolean): Event => ({
  type: 'configure',
  intervals: { keepaliveMs: null, connectMs: null, passive },
})
const forEver = agreed({ ...config, holdMs: 0 }, openOf())
/** What is the same as before disturbs no timer, and what cannot be yet counts later. */
const INTERVALS: readonly (readonly [name: string, session: Session, event: Event, expected: string])[] = [
  ['the same ones, Established', S.established, intervals(null, null), 'Established'],
  ['other dials, Established', S.established, intervals(null, 5000), 'Established'],
  ['a third of the hold time in so many words', S.established, intervals(30_000, null), 'Established'],
  ['more than a third', S.established, intervals(60_000, null), 'Established'],
  ['less than a second', S.established, intervals(100, null), 'Established, keepalive 1 s'],
  ['hold time 0', { ...S.established, negotiated: forEver }, intervals(5000, null), 'Established'],
  ['other KEEPALIVEs, dialling', S.connect, intervals(5000, null), 'Connect'],
  ['dials in shorter intervals than one takes', S.connect, intervals(null, 1000), 'Connect, connectRetry 10 s'],
  ['no more dials, Established', S.established, dials(true), 'Established'],
  ['no more dials, dialling', S.connect, dials(true), 'Active, close #1, disarm connectRetry'],
  ['no more dials, waiting for the next one', S.active, dials(true), 'Active, disarm connectRetry'],
  ['no more dials, with a connection', S.openSent, dials(true), 'OpenSent'],
  ['no more dials, Idle', S.idle, dials(true), 'Idle'],
  [
    'dials where there were none',
    { ...S.active, config: { ...config, passive: true } },
    dials(false),
    'Connect, connect #3, connectRetry 10 s',
  ],
  ['passive', { ...S.active, config: { ...config, passive: true } }, intervals(null, 1000), 'Active'],
]
for (const [name, session, event, expected] of INTERVALS) {
  test(`other intervals: ${name}: ${expected}`, () => {
    assert.equal(outcome(step(session, event)), expected)
  })
}

test('other intervals count for the next session as well', () => {
  const { session } = run(S.idle, intervals(4000, 7000), expired('idleHold'))
  assert.deepEqual([session.config.keepaliveMs, session.config.connectMs], [4000, 7000])
  const { outcomes } = run(
    { ...session, state: 'OpenSent', dialling: null, call },
    on(2, openOf()),
    expired('keepalive'),
  )
  assert.deepEqual(outcomes, [
    'OpenConfirm, #2: KEEPALIVE, hold 90 s, keepalive 4 s',
    'OpenConfirm, #2: KEEPALIVE, keepalive 4 s',
  ])
})

test('the peer is up (BFD): a passive session lets itself be dialled', () => {
  const passive = { ...config, passive: true }
  assert.equal(outcome(step({ ...S.idle, config: passive }, { type: 'peerUp' })), 'Active, disarm idleHold')
  assert.equal(outcome(step({ ...S.active, config: passive }, { type: 'peerUp' })), 'Active')
})

/** One event after another; the last outcome, and the session. */
function run(from: Session, ...events: readonly Event[]): { session: Session; outcomes: string[] } {
  let session = from
  const outcomes = events.map((event) => {
    const result = step(session, event)
    session = result[0]
    return outcome(result)
  })
  return { session, outcomes }
}
const on = (id: number, message: Message): Event => ({ type: 'message', id, message })
const expired = (timer: (typeof TIMERS)[number]): Event => ({ type: 'expired', timer })
const accepted: Event = { type: 'accepted' }
const keepalive: Message = { type: 'keepalive' }
const restarting = (families: readonly ('ipv4' | 'ipv6')[], fields: object = {}): Open => {
  const { capabilities, ...rest } = openOf()
  const preserved = families.map((family) => ({ family, preserved: true }))
  const restart = { restarting: false, notification: true, restartSeconds: 60, families: preserved, ...fields }
  const others = capabilities.filter(({ type }) => type !== 'gracefulRestart')
  return { ...rest, capabilities: [...others, { type: 'gracefulRestart', ...restart }] }
}
const upWith = (own: Config, open: Open): Session => ({ ...S.established, config: own, negotiated: agreed(own, open) })

// RFC 4271 §6.8. We have dialled #2 and the peer #3; both have our OPEN.
const both: Session = { ...S.openSent, rival: { id: 3, by: 'peer' }, nextId: 4 }
const COLLISIONS: [string, Partial<Config>, Event[], string[]][] = [
  [
    'ours stays where our router ID is higher; their OPEN came on ours first',
    {},
    [on(2, openOf())],
    ['OpenConfirm, #3: NOTIFICATION 6/7, close #3, disarm rivalHold, #2: KEEPALIVE, hold 90 s, keepalive 30 s'],
  ],
  [
    'ours stays where our router ID is higher; their OPEN came on theirs first',
    {},
    [on(3, openOf()), on(2, openOf())],
    [
      'OpenSent, #3: NOTIFICATION 6/7, close #3, disarm rivalHold',
      'OpenConfirm, #2: KEEPALIVE, hold 90 s, keepalive 30 s',
    ],
  ],
  [
    'theirs stays where their router ID is higher; their OPEN came on ours first',
    {},
    [on(2, openOf({ routerId: HIGHER })), on(3, openOf({ routerId: HIGHER }))],
    [
      'OpenSent, #2: NOTIFICATION 6/7, close #2, disarm hold keepalive rivalHold, hold 60 s',
      'OpenConfirm, #3: KEEPALIVE, hold 90 s, keepalive 30 s',
    ],
  ],
  [
    'theirs stays where their router ID is higher; their OPEN came on theirs first',
    {},
    [on(3, openOf({ routerId: HIGHER }))],
    [
      'OpenConfirm, #2: NOTIFICATION 6/7, close #2, disarm hold keepalive rivalHold, hold 60 s, ' +
        '#3: KEEPALIVE, hold 90 s, keepalive 30 s',
    ],
  ],
  [
    'router IDs are compared as numbers without sign',
    { routerId: 0x7f_ff_ff_ff },
    [on(2, openOf({ routerId: 0xff_00_00_00 }))],
    ['OpenSent, #2: NOTIFICATION 6/7, close #2, disarm hold keepalive rivalHold, hold 60 s'],
  ],
  [
    'RFC 6286: of equal router IDs the higher AS number decides, here theirs',
    {},
    [on(2, openOf({ routerId: OURS }))],
    ['OpenSent, #2: NOTIFICATION 6/7, close #2, disarm hold keepalive rivalHold, hold 60 s'],
  ],
  [
    'RFC 6286: of equal router IDs the higher AS number decides, here ours',
    { localAsn: 64_502 },
    [on(3, openOf({ routerId: OURS }))],
    ['OpenSent, #3: NOTIFICATION 6/7, close #3, disarm rivalHold'],
  ],
  [
    'the peer ends ours before it has said anything: theirs goes on',
    {},
    [on(2, notified(6, 7)), on(3, openOf())],
    [
      'OpenSent, close #2, disarm hold keepalive rivalHold, hold 60 s',
      'OpenConfirm, #3: KEEPALIVE, hold 90 s, keepalive 30 s',
    ],
  ],
  [
    'ours is gone without a word: theirs goes on',
    {},
    [{ type: 'closed', id: 2, why: 'gone' }],
    ['OpenSent, close #2, disarm hold keepalive rivalHold, hold 60 s'],
  ],
  ['theirs is gone', {}, [{ type: 'closed', id: 3, why: 'gone' }], ['OpenSent, disarm rivalHold']],
  ['the peer ends theirs', {}, [on(3, notified(6, 7))], ['OpenSent, close #3, disarm rivalHold']],
  [
    'theirs has another AS number: ours goes on',
    {},
    [on(3, openOf({ localAsn: 64_999 }))],
    ['OpenSent, #3: NOTIFICATION 2/2, close #3, disarm rivalHold'],
  ],
  ['theirs says nothing', {}, [expired('rivalHold')], ['OpenSent, #3: NOTIFICATION 4/0, close #3, disarm rivalHold']],
  ['theirs begins with an UPDATE', {}, [on(3, update)], ['OpenSent, #3: NOTIFICATION 5/1, close #3, disarm rivalHold']],
  [
    'theirs cannot be read',
    {},
    [{ ...malformed, id: 3 }],
    ['OpenSent, #3: NOTIFICATION 3/1, close #3, disarm rivalHold'],
  ],
  ['a third one is refused', {}, [accepted], ['OpenSent, refuse NOTIFICATION 6/7']],
  [
    'ours has another AS number: both end',
    {},
    [on(2, openOf({ localAsn: 64_999 }))],
    [
      'Idle, #2: NOTIFICATION 2/2, close #2, close #3, disarm all, ' +
        'failed: the peer says it is AS 64999, expected 64501, idleHold 0 s',
    ],
  ],
]
for (const [name, own, events, expected] of COLLISIONS) {
  test(`collision: ${name}`, () => {
    assert.deepEqual(run({ ...both, config: { ...config, ...own } }, ...events).outcomes, expected)
  })
}

// The peer dials when ours has been agreed on, and only its KEEPALIVE is missing.
const late: Session = { ...S.openConfirm, rival: { id: 3, by: 'peer' }, nextId: 4 }
const LATE: [string, Session, Event, string][] = [
  [
    'ours stays where our router ID is higher',
    late,
    on(3, openOf()),
    'OpenConfirm, #3: NOTIFICATION 6/7, close #3, disarm rivalHold',
  ],
  [
    'theirs stays where their router ID is higher',
    late,
    on(3, openOf({ routerId: HIGHER })),
    'OpenConfirm, #2: NOTIFICATION 6/7, close #2, disarm hold keepalive rivalHold, hold 60 s, ' +
      '#3: KEEPALIVE, hold 90 s, keepalive 30 s',
  ],
  [
    'what is Established ends the other one',
    late,
    on(2, keepalive),
    'Established, #3: NOTIFICATION 6/7, close #3, disarm rivalHold, hold 90 s, sendHold 480 s, settled 600 s, established',
  ],
  [
    'the peer ends ours: theirs goes on',
    late,
    on(2, notified(6, 7)),
    'OpenSent, close #2, disarm hold keepalive rivalHold, hold 60 s',
  ],
  [
    'ours ends for another reason: both do',
    late,
    on(2, notified(6, 2)),
    'Idle, close #2, close #3, disarm all, failed: the peer says: Cease: administrative shutdown, idleHold 0 s',
  ],
  [
    'two that the peer has opened: the later one stays',
    { ...late, call: { id: 2, by: 'peer' } },
    on(3, openOf()),
    'OpenConfirm, #2: NOTIFICATION 6/7, close #2, disarm hold keepalive rivalHold, hold 60 s, ' +
      '#3: KEEPALIVE, hold 90 s, keepalive 30 s',
  ],
]
for (const [name, from, event, expected] of LATE) {
  test(`late collision: ${name}`, () => assert.equal(outcome(step(from, event)), expected))
}

test('a dial that is under way when the peer dials us goes on, and collides', () => {
  const { session, outcomes } = run(S.connect, accepted, { type: 'connected', id: 1 }, on(1, openOf()), on(3, openOf()))
  assert.deepEqual(outcomes.slice(1, 2), ['OpenSent, #1: OPEN, rivalHold 60 s'])
  assert.deepEqual([session.state, session.call, session.rival], ['OpenConfirm', { id: 1, by: 'us' }, null])
})

test('a dial that fails while the peer is let in changes nothing', () => {
  const { session, outcomes } = run(S.connect, accepted, { type: 'connectFailed', id: 1, why: 'refused' })
  assert.deepEqual([outcomes[1], session.dialling], ['OpenSent', null])
})

test('a dial under way is given up when the peer’s own connection is Established', () => {
  const { session, outcomes } = run(S.connect, accepted, on(3, openOf()), on(3, keepalive))
  assert.match(outcomes[2] ?? '', /^Established, close #1,/)
  assert.equal(session.dialling, null)
})

test('the peer’s own connection is lost while a dial is under way: back to Connect', () => {
  const { outcomes } = run(S.connect, accepted, { type: 'closed', id: 3, why: 'gone' })
  assert.equal(outcomes[1], 'Connect, close #3, disarm hold keepalive rivalHold, failed: gone, connectRetry 10 s')
})

test('while Established another connection is ended when it says who it is', () => {
  const { outcomes } = run(S.established, accepted, on(3, openOf()), on(2, keepalive))
  assert.deepEqual(outcomes.slice(1), [
    'Established, #3: NOTIFICATION 6/7, close #3, disarm rivalHold',
    'Established, hold 90 s',
  ])
})

const families = (session: Session): string => session.stale.join(' ')

test('RFC 4724: who dials again and says it has restarted takes the place of its old connection', () => {
  const up = upWith(restartable, restarting(['ipv4', 'ipv6']))
  const again = restarting(['ipv4'], { restarting: true })
  const { session, outcomes } = run(up, accepted, on(3, again))
  assert.equal(
    outcomes[1],
    'OpenConfirm, close #2, disarm all, stale 60 s, down: the peer has restarted, idleHold 0 s, disarm idleHold, ' +
      'hold 60 s, #3: KEEPALIVE, hold 90 s, keepalive 30 s',
  )
  assert.equal(families(session), 'ipv4 ipv6')
  const back = run(session, on(3, keepalive))
  assert.match(back.outcomes[0] ?? '', /stale 360 s, established$/)
  assert.equal(families(back.session), 'ipv4', 'of ipv6 it forwards nothing any more')
  const done = run(back.session, on(3, { ...update, endOfRib: 'ipv4' }))
  assert.equal(done.outcomes[0], 'Established, hold 90 s, deliver update, disarm stale')
  assert.equal(families(done.session), '')
})

test('RFC 4724: who is broken off and has dialled already goes on with that', () => {
  const { session, outcomes } = run(upWith(restartable, restarting(['ipv4'])), accepted, {
    type: 'closed',
    id: 2,
    why: 'reset',
  })
  assert.equal(
    outcomes[1],
    'OpenSent, close #2, disarm all, stale 60 s, down: reset, idleHold 0 s, disarm idleHold, hold 60 s',
  )
  assert.deepEqual([session.call?.id, session.rival, families(session)], [3, null, 'ipv4'])
})

const KEPT: [string, Config, Open, Event, string][] = [
  ['the connection breaks', restartable, restarting(['ipv4']), { type: 'closed', id: 2, why: '' }, 'ipv4'],
  ['and the peer forwards nothing meanwhile', restartable, restarting([]), { type: 'closed', id: 2, why: '' }, ''],
  ['and it knows no restarts', restartable, { ...openOf(), capabilities: [] }, { type: 'closed', id: 2, why: '' }, ''],
  ['NOTIFICATION, and both have the N bit', restartable, restarting(['ipv4']), said(notified(6, 4)), 'ipv4'],
  [
    'NOTIFICATION, and the peer has no N bit',
    restartable,
    restarting(['ipv4'], { notification: false }),
    said(notified(6, 4)),
    '',
  ],
  ['NOTIFICATION, and we have no N bit', config, restarting(['ipv4']), said(notified(6, 4)), ''],
  ['Hard Reset', restartable, restarting(['ipv4']), said(notified(6, 9)), ''],
  ['hold time expired, with the N bit', restartable, restarting(['ipv4']), expired('hold'), 'ipv4'],
  ['BFD', restartable, restarting(['ipv4']), { type: 'peerDown', why: '', independent: false }, ''],
  ['we stop', restartable, restarting(['ipv4']), stop('drain'), ''],
]
for (const [name, own, open, event, expected] of KEPT) {
  test(`routes of a restarting peer: ${name}: ${expected || 'none'} stale`, () => {
    assert.equal(families(step(upWith(own, open), event)[0]), expected)
  })
}

const BFD: readonly (readonly [string, boolean, boolean, string, boolean])[] = [
  ['it shares the fate of BGP there: the restart goes on', false, true, 'ipv4', true],
  ['it does not: the restart is over', true, true, '', false],
  ['it does not, and nothing is open yet: the restart is over', true, false, '', false],
]
for (const [name, independent, isBack, expected, isUp] of BFD) {
  test(`BFD goes down while the peer restarts, and ${name} (RFC 5882 §4.3)`, () => {
    const before = { ...upWith(restartable, restarting(['ipv4'])), stale: ['ipv4'] as const }
    const session = isBack ? before : { ...before, state: 'Idle' as const, call: null }
    const [after, actions] = step(session, { type: 'peerDown', why: 'BFD', independent })
    assert.deepEqual([families(after), after.state === 'Established'], [expected, isUp])
    assert.equal(
      actions.some(({ type }) => type === 'disarm'),
      expected === '',
    )
  })
}

const bfdDown: Event = { type: 'peerDown', why: 'BFD', independent: false }
const bfdUp: Event = { type: 'peerUp' }
const endOfRib = on(3, { ...update, endOfRib: 'ipv4' })
const lost: Event = { type: 'closed', id: 3, why: 'gone' }
/** A peer that is Established again after its restart; its End-of-RIB is to come. `meanwhile`: before that. */
const backWith = (...meanwhile: readonly Event[]): Session => {
  const up = upWith(restartable, restarting(['ipv4']))
  const again = on(3, restarting(['ipv4'], { restarting: true }))
  const { session } = run(up, accepted, again, ...meanwhile, on(3, keepalive))
  assert.deepEqual([session.state, families(session)], ['Established', 'ipv4'])
  return session
}
const DOWN = 'Idle, #3: NOTIFICATION 6/9, close #3, disarm all, down: BFD, idleHold 1 s'
const OVER = DOWN.replace('Idle, ', 'Idle, disarm stale, ')

// RFC 5882 §4.3.2: whether a silence of BFD with C=0 is of the restart, shows when BFD comes back, or does not.
const AFTER_RESTART: readonly (readonly [string, Session, readonly Event[], readonly string[]])[] = [
  ['it had come up again before that: it counts at once', backWith(bfdDown, bfdUp), [bfdDown], [OVER]],
  ['it came up again since: it counts at once', backWith(bfdDown), [bfdUp, bfdDown], ['Established', OVER]],
  [
    'it has said nothing since the restart: it counts when it is not back in time',
    backWith(),
    [bfdDown, expired('stale')],
    ['Established, stale 10 s', DOWN],
  ],
  [
    'and says so twice: the time is not prolonged',
    backWith(),
    [bfdDown, bfdDown],
    ['Established, stale 10 s', 'Established'],
  ],
  [
    'it counts when the peer says by its End-of-RIB that the restart is over',
    backWith(),
    [bfdDown, endOfRib],
    ['Established, stale 10 s', DOWN.replace('Idle, ', 'Idle, hold 90 s, deliver update, disarm stale, ')],
  ],
  [
    'it is back in time: it was the restart, and the next one counts at once',
    backWith(),
    [bfdDown, bfdUp, bfdDown],
    ['Established, stale 10 s', 'Established, stale 360 s', OVER],
  ],
  [
    'it is back in time: what ends the restart later ends nothing else',
    backWith(),
    [bfdDown, bfdUp, endOfRib],
    ['Established, stale 10 s', 'Established, stale 360 s', 'Established, hold 90 s, deliver update, disarm stale'],
  ],
  ['it was so before, for the second time: BGP is let come up', backWith(bfdDown, bfdUp, bfdDown), [], []],
  ['it was down before: BGP came up without it, and stays', backWith(bfdDown), [expired('stale')], ['Established']],
]
for (const [name, before, events, expected] of AFTER_RESTART) {
  test(`a peer is Established again, its End-of-RIB is to come, and BFD goes down: ${name}`, () => {
    assert.deepEqual(run(before, ...events).outcomes, expected)
  })
}

test('what BFD said of one restart does not count in the next', () => {
  const { session } = run(backWith(), bfdDown, lost)
  assert.deepEqual(run(session, expired('stale')).outcomes, ['Idle'], 'the silence ends nothing any more')
  const next = run({ ...backWith(bfdUp), rival: { id: 4, by: 'peer' } }, lost)
  const back = run(next.session, on(4, restarting(['ipv4'], { restarting: true })), on(4, keepalive), bfdDown)
  assert.equal(back.outcomes.at(-1), 'Established, stale 10 s')
})

test('stale routes are over when the time is', () => {
  const { session } = run(
    upWith(restartable, restarting(['ipv4'])),
    { type: 'closed', id: 2, why: '' },
    expired('stale'),
  )
  assert.equal(families(session), '')
})

test('RFC 8538: who leaves for good, or is found dead, says Hard Reset, with what is inside; who comes back does not', () => {
  const up = upWith(restartable, restarting(['ipv4']))
  const word = (event: Event): Notification | undefined => {
    const messages = step(up, event)[1].flatMap((one) => (one.type === 'send' ? [one.message] : []))
    return messages.find((message) => message.type === 'notification')
  }
  const bytes = (event: Event) => [word(event)?.subcode, ...(word(event)?.data ?? [])]
  assert.deepEqual(bytes(stop('drain', 'é')), [9, 6, 2, 2, 0xc3, 0xa9])
  assert.deepEqual(bytes(stop('removed', 'x')), [9, 6, 3])
  assert.deepEqual(bytes(stop('reconfigured')), [6])
  assert.deepEqual(bytes({ type: 'peerDown', why: 'BFD', independent: false }), [9, 6, 10])
  assert.equal(bytes(stop('drain', 'é'.repeat(200))).length, 3 + 1 + 254)
})

test('RFC 9003: the text of a drain', () => {
  const sent = step(S.established, stop('drain', 'node goes'))[1].find(({ type }) => type === 'send')
  assert.ok(sent?.type === 'send' && sent.message.type === 'notification')
  assert.equal(sent.message.reason, 'node goes')
})

test('RFC 5492 §3: a peer that takes no capabilities is tried without them, every other time', () => {
  const capabilities: number[] = []
  let session: Session = { ...S.connect, attempts: 0 }
  for (let attempt = 0; attempt < 4; attempt++) {
    const id = session.dialling ?? 0
    const [sent, actions] = step(session, { type: 'connected', id })
    for (const action of actions) {
      if (action.type === 'send' && action.message.type === 'open')
        capabilities.push(action.message.capabilities.length)
    }
    session = run(sent, on(id, notified(2, attempt % 2 === 0 ? 4 : 7)), expired('idleHold')).session
  }
  assert.deepEqual(capabilities, [6, 0, 6, 0])
  const up = run({ ...S.openSent, plain: true }, said({ ...openOf(), capabilities: [] }), said(keepalive))
  assert.deepEqual([...(up.session.negotiated?.dialect.families ?? [])], ['ipv4'])
})

test('a peer of IPv6 alone is not tried without capabilities', () => {
  const [next] = step({ ...S.openSent, config: { ...config, families: ['ipv6'] } }, said(notified(2, 4)))
  assert.equal(next.plain, false)
})

const isSet = (session: Session): boolean =>
  ownOpen(session.config, session).capabilities.some((one) => one.type === 'gracefulRestart' && one.restarting)

test('R bit: in every OPEN until the session is Established', () => {
  const fresh: Session = { ...S.openConfirm, config: restartable, restarting: true }
  assert.equal(isSet(initialSession(restartable, true)), true)
  assert.equal(isSet(initialSession(config, true)), false, 'without graceful restart')
  assert.equal(isSet(run(fresh, { type: 'closed', id: 2, why: '' }).session), true)
  assert.equal(isSet(run(fresh, said(keepalive)).session), false)
})

/** Milliseconds that a session is left alone after each of these. */
function pauses(count: number, once: (session: Session) => Step): number[] {
  let session: Session = { ...S.idle, attempts: 0 }
  return Array.from({ length: count }, () => {
    const [next, actions] = once(session)
    session = next
    return actions.flatMap((one) => (one.type === 'arm' && one.timer === 'idleHold' ? [one.ms / 1000] : []))[0] ?? -1
  })
}

const flap = (session: Session): Step => step({ ...session, state: 'Established', call, negotiated }, malformed)

test('endless flap: the same malformed UPDATE after each reconnect waits longer and longer', () => {
  assert.deepEqual(pauses(11, flap), [0, 1, 2, 4, 8, 16, 32, 64, 120, 120, 120])
})

const fail = (session: Session): Step => step({ ...session, state: 'OpenSent', call }, said(notified(2, 2)))

test('attempts that fail wait longer and longer; one that succeeds begins anew', () => {
  assert.deepEqual(pauses(4, fail), [0, 1, 2, 4])
  const { session } = run({ ...S.openConfirm, attempts: 9 }, said(keepalive), { type: 'closed', id: 2, why: '' })
  assert.deepEqual([session.attempts, session.flaps], [0, 1])
})

test('a session that has settled is no flap', () => {
  const { session, outcomes } = run({ ...S.established, flaps: 5 }, expired('settled'), malformed)
  assert.equal(session.flaps, 1)
  assert.match(outcomes[1] ?? '', /idleHold 0 s$/)
})

const retries = (own: Config): string[] => {
  let session: Session = { ...S.connect, config: own }
  return Array.from({ length: 7 }, () => {
    const failed = run(session, { type: 'connectFailed', id: session.dialling ?? 0, why: 'x' })
    session = run(failed.session, expired('connectRetry')).session
    return failed.outcomes[0]?.split(', ').at(-1) ?? ''
  })
}

test('dials that reach nobody: 1, 2, 4 … 30 s, or what the user asked for', () => {
  assert.deepEqual(
    retries(config),
    ['1', '2', '4', '8', '16', '30', '30'].map((s) => `connectRetry ${s} s`),
  )
  assert.deepEqual(new Set(retries({ ...config, connectMs: 5000 })), new Set(['connectRetry 5 s']))
})

test('a passive session dials never', () => {
  const passive: Session = { ...S.stopped, config: { ...config, passive: true } }
  const { outcomes } = run(passive, { type: 'start' }, accepted, { type: 'closed', id: 1, why: 'x' }, accepted, {
    ...malformed,
    id: 2,
  })
  assert.deepEqual(
    outcomes.map((one) => one.split(', ')[0]),
    ['Active', 'OpenSent', 'Active', 'OpenSent', 'Idle'],
  )
  assert.ok(!outcomes.join().includes('connect #'))
})

test('hold time 0: once Established nothing is waited for, and no KEEPALIVE is sent', () => {
  const { outcomes } = run(S.openSent, said(openOf({ holdMs: 0 })), said(keepalive), said(update), expired('keepalive'))
  assert.deepEqual(outcomes, [
    'OpenConfirm, #2: KEEPALIVE, disarm keepalive, hold 60 s',
    'Established, disarm hold, sendHold 480 s, settled 600 s, established',
    'Established, deliver update',
    'Established',
  ])
})

test('hold time 0: a peer that never confirms is not waited for for ever', () => {
  const { session, outcomes } = run(S.openSent, said(openOf({ holdMs: 0 })), expired('hold'))
  assert.equal(session.state, 'Idle')
  assert.equal(
    outcomes[1],
    'Idle, #2: NOTIFICATION 4/0, close #2, disarm all, failed: no KEEPALIVE within 60 s, idleHold 0 s',
  )
})

const REFRESHES: [string, Open, object, boolean][] = [
  ['a family that is spoken', openOf(), {}, true],
  ['a family that is not', openOf({ families: ['ipv4'] }), { family: 'ipv6', afi: 2 }, false],
  ['a family that nobody knows', openOf(), { family: null, afi: 25 }, false],
  ['a subtype of RFC 7313', openOf(), { subtype: 1 }, false],
  ['of a peer that has no such capability', { ...openOf(), capabilities: [] }, {}, false],
]
for (const [name, open, fields, isDelivered] of REFRESHES) {
  test(`ROUTE-REFRESH, ${name}: ${isDelivered ? 'answered' : 'ignored'}`, () => {
    const [next, actions] = step(upWith(config, open), said(refresh(fields)))
    assert.equal(next.state, 'Established')
    assert.equal(
      actions.some(({ type }) => type === 'deliver'),
      isDelivered,
    )
  })
}

test('what comes from connections that are over is nobody’s', () => {
  for (const event of [on(7, keepalive), { ...malformed, id: 7 }, { type: 'closed', id: 7, why: '' }] as const) {
    assert.deepEqual(step(S.established, event), [S.established, []])
  }
})

test('stopped and started again, it begins as if nothing had been wrong', () => {
  const { session } = run({ ...S.idle, attempts: 9, flaps: 9 }, stop('drain'), { type: 'start' })
  assert.deepEqual([session.state, session.attempts, session.flaps], ['Connect', 0, 0])
})
