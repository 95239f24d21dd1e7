// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ControlPacket, State } from './codec.ts'
import {
  type Action,
  type Event,
  initialSession,
  packetOf,
  type Remote,
  type Role,
  type Session,
  step,
  type Timers,
} from './fsm.ts'

const MS = 1000
const timers: Timers = { desiredMinTxUs: 100 * MS, requiredMinRxUs: 100 * MS, detectMult: 4 }
const theirs: Remote = {
  desiredMinTxUs: 50 * MS,
  requiredMinRxUs: 60 * MS,
  detectMult: 3,
  requiredMinEchoRxUs: 0,
  diag: 'none',
  demand: false,
  controlPlaneIndependent: false,
}
const session = (state: State, fields: Partial<Session> = {}): Session => ({
  ...initialSession(1, timers),
  state,
  remoteId: 7,
  remoteState: state === 'Up' ? 'Up' : 'Down',
  remote: theirs,
  ...fields,
})
const packet = (state: State, fields: Partial<ControlPacket> = {}): Event => ({
  type: 'packet',
  packet: {
    state,
    poll: false,
    final: false,
    myId: 7,
    yourId: 1,
    ...theirs,
    ...fields,
  },
})
const STATES = ['AdminDown', 'Down', 'Init', 'Up'] as const

// RFC 5880 §6.8.6 in full. Row: our state; columns: the peer says AdminDown, Down, Init, Up.
const MATRIX: [State, [State, State, State, State]][] = [
  ['AdminDown', ['AdminDown', 'AdminDown', 'AdminDown', 'AdminDown']],
  ['Down', ['Down', 'Init', 'Up', 'Down']],
  ['Init', ['Down', 'Init', 'Up', 'Up']],
  ['Up', ['Down', 'Down', 'Up', 'Up']],
]
for (const [ours, row] of MATRIX) {
  for (const [column, said] of STATES.entries()) {
    test(`${ours}, peer says ${said}: ${row[column]}`, () => {
      assert.equal(step(session(ours), packet(said))[0].state, row[column])
    })
  }
}

// §6.8.4 and §6.8.16 in full. Row: our state; columns: nothing came in time, switched off, switched on.
const OTHERS: [State, [State, State, State]][] = [
  ['AdminDown', ['AdminDown', 'AdminDown', 'Down']],
  ['Down', ['Down', 'AdminDown', 'Down']],
  ['Init', ['Down', 'AdminDown', 'Init']],
  ['Up', ['Down', 'AdminDown', 'Up']],
]
const EVENTS: Event[] = [{ type: 'detectExpired' }, { type: 'admin', enabled: false }, { type: 'admin', enabled: true }]
for (const [ours, row] of OTHERS) {
  for (const [column, event] of EVENTS.entries()) {
    test(`${ours}, ${JSON.stringify(event)}: ${row[column]}`, () => {
      assert.equal(step(session(ours), event)[0].state, row[column])
    })
  }
}

const report = (from: State, to: State, diag: Session['diag']): Action => ({ type: 'report', from, to, diag })
const final: Action = { type: 'sendFinal' }
const forgotten = { remoteId: 0, remote: null, remoteState: 'Down' } as const
const faster: Timers = { ...timers, desiredMinTxUs: 50 * MS }
const echo: Role = { passive: false, echoUs: 50 * MS }
const inviting: Remote = { ...theirs, requiredMinEchoRxUs: 20 * MS }
/** What is announced while echoes run. */
const slowed: Timers = { ...timers, requiredMinRxUs: 1000 * MS }
const CASES: [string, Session, Event, Session, Action[]][] = [
  ['a packet that says the same changes nothing', session('Up'), packet('Up'), session('Up'), []],
  [
    'what the peer says of its timers is kept',
    session('Up'),
    packet('Up', { detectMult: 9, desiredMinTxUs: 5 }),
    session('Up', { remote: { ...theirs, detectMult: 9, desiredMinTxUs: 5 } }),
    [],
  ],
  ['a poll is answered', session('Up'), packet('Up', { poll: true }), session('Up'), [final]],
  [
    'the first word of a peer takes us to Init',
    initialSession(1, timers),
    packet('Down', { yourId: 0 }),
    session('Init', { remoteState: 'Down' }),
    [report('Down', 'Init', 'none')],
  ],
  [
    'who comes Up asks by a poll to be faster',
    session('Init'),
    packet('Up', { poll: true }),
    session('Up', { polling: true }),
    [report('Init', 'Up', 'none'), final],
  ],
  ['the answer ends the poll', session('Up', { polling: true }), packet('Up', { final: true }), session('Up'), []],
  [
    'another packet does not end it',
    session('Up', { polling: true, earlier: timers }),
    packet('Up'),
    session('Up', { polling: true, earlier: timers }),
    [],
  ],
  [
    'a peer that goes Down takes the session down, and ends our poll',
    session('Up', { polling: true }),
    packet('Down'),
    session('Down', { diag: 'neighborDown', remoteState: 'Down' }),
    [report('Up', 'Down', 'neighborDown')],
  ],
  [
    'a peer that is switched off takes the session down',
    session('Up'),
    packet('AdminDown', { diag: 'adminDown' }),
    session('Down', { diag: 'neighborDown', remoteState: 'AdminDown', remote: { ...theirs, diag: 'adminDown' } }),
    [report('Up', 'Down', 'neighborDown')],
  ],
  [
    'silence takes the session down and forgets the peer',
    session('Up'),
    { type: 'detectExpired' },
    session('Down', { diag: 'timeExpired', ...forgotten }),
    [report('Up', 'Down', 'timeExpired')],
  ],
  [
    'silence while Down forgets the peer, and no more',
    session('Down', { diag: 'neighborDown' }),
    { type: 'detectExpired' },
    session('Down', { diag: 'neighborDown', ...forgotten }),
    [],
  ],
  [
    'switching off is reported',
    session('Up'),
    { type: 'admin', enabled: false },
    session('AdminDown', { diag: 'adminDown', remoteState: 'Up' }),
    [report('Up', 'AdminDown', 'adminDown')],
  ],
  [
    'switched off it does not even answer polls',
    session('AdminDown'),
    packet('Up', { poll: true }),
    session('AdminDown'),
    [],
  ],
  ['switching on twice is harmless', session('Up'), { type: 'admin', enabled: true }, session('Up'), []],
  [
    'other intervals while Up are agreed on by a poll; the earlier ones are kept until then',
    session('Up'),
    { type: 'configure', timers: faster },
    session('Up', { timers: faster, polling: true, earlier: timers }),
    [],
  ],
  [
    'a second change before the answer keeps those that the peer knows',
    session('Up', { timers: faster, polling: true, earlier: timers }),
    { type: 'configure', timers: { ...faster, requiredMinRxUs: 1 } },
    session('Up', { timers: { ...faster, requiredMinRxUs: 1 }, polling: true, earlier: timers }),
    [],
  ],
  [
    'another multiplier needs no poll',
    session('Up'),
    { type: 'configure', timers: { ...timers, detectMult: 9 } },
    session('Up', { timers: { ...timers, detectMult: 9 } }),
    [],
  ],
  [
    'other intervals while Down need no poll',
    session('Down'),
    { type: 'configure', timers: faster },
    session('Down', { timers: faster }),
    [],
  ],
  [
    'what else the peer says is kept: C bit, D bit, its reason and its echoes',
    session('Up'),
    packet('Up', { controlPlaneIndependent: true, demand: true, diag: 'pathDown', requiredMinEchoRxUs: 5 }),
    session('Up', {
      remote: { ...theirs, controlPlaneIndependent: true, demand: true, diag: 'pathDown', requiredMinEchoRxUs: 5 },
    }),
    [],
  ],
  [
    'once the peer invites echoes, that it may send less is agreed on by a poll',
    session('Up', { role: echo }),
    packet('Up', { ...inviting }),
    session('Up', { role: echo, remote: inviting, polling: true, earlier: timers }),
    [],
  ],
  [
    'once it invites them no more, that it must send as before',
    session('Up', { role: echo, remote: inviting }),
    packet('Up'),
    session('Up', { role: echo, polling: true, earlier: slowed }),
    [],
  ],
  [
    'echoes switched on by us',
    session('Up', { remote: inviting }),
    { type: 'configure', timers, role: echo },
    session('Up', { role: echo, remote: inviting, polling: true, earlier: timers }),
    [],
  ],
  [
    'who comes Up with echoes asks for both by one poll',
    session('Init', { role: echo, remote: inviting }),
    packet('Up', { ...inviting }),
    session('Up', { role: echo, remote: inviting, polling: true }),
    [report('Init', 'Up', 'none')],
  ],
  [
    'echoes that come back no more take the session down; the peer stays known',
    session('Up', { role: echo, remote: inviting }),
    { type: 'echoExpired', useless: false },
    session('Down', { role: echo, remote: inviting, remoteState: 'Up', diag: 'echoFailed' }),
    [report('Up', 'Down', 'echoFailed')],
  ],
  [
    'echoes that never came back are given up, and control packets asked for as before',
    session('Up', { role: echo, remote: inviting }),
    { type: 'echoExpired', useless: true },
    session('Up', { role: echo, remote: inviting, echoUseless: true, polling: true, earlier: slowed }),
    [],
  ],
  [
    'they are tried again when the session is Up again',
    session('Up', { role: echo, remote: inviting, echoUseless: true }),
    { type: 'detectExpired' },
    session('Down', { role: echo, diag: 'timeExpired', ...forgotten }),
    [report('Up', 'Down', 'timeExpired')],
  ],
  [
    'echoes that are late when the session is Down already change nothing',
    session('Down', { role: echo }),
    { type: 'echoExpired', useless: false },
    session('Down', { role: echo }),
    [],
  ],
  [
    'another role alone needs no poll',
    session('Up'),
    { type: 'configure', timers, role: { passive: true, echoUs: 0 } },
    session('Up', { role: { passive: true, echoUs: 0 } }),
    [],
  ],
]
for (const [name, before, event, after, actions] of CASES) {
  test(name, () => assert.deepEqual(step(before, event), [after, actions]))
}

/** What `own` makes of what `other` says, or answers to a poll. */
function hear(own: Session, other: Session, isAnswer: boolean): Session {
  const said = { ...packetOf(other), final: isAnswer, poll: !isAnswer && other.polling }
  return step(own, { type: 'packet', packet: said })[0]
}

test('two that begin at the same time are Up after two exchanges, and have agreed on their pace after four', () => {
  let [a, b] = [initialSession(1, timers), initialSession(2, theirs)]
  for (let exchange = 0; exchange < 2; exchange++) [a, b] = [hear(a, b, false), hear(b, a, false)]
  assert.deepEqual([a.state, b.state], ['Up', 'Up'])
  ;[a, b] = [hear(a, b, false), hear(b, a, false)]
  assert.deepEqual([a.polling, b.polling], [true, true])
  ;[a, b] = [hear(a, b, true), hear(b, a, true)]
  assert.deepEqual([a.polling, b.polling], [false, false])
  assert.deepEqual(a.remote, theirs)
})

test('a restarted peer with another discriminator takes the session down, and comes Up with it', () => {
  const [down] = step(session('Up'), packet('Down', { myId: 8, yourId: 0 }))
  assert.deepEqual([down.state, down.diag, down.remoteId], ['Down', 'neighborDown', 8])
  const [init] = step(down, packet('Down', { myId: 8, yourId: 1 }))
  assert.deepEqual([init.state, step(init, packet('Init', { myId: 8 }))[0].state], ['Init', 'Up'])
})

test('of C, D and multipoint nothing is ever set by us', () => {
  for (const state of STATES) {
    const demanding = session(state, { remote: { ...theirs, demand: true, controlPlaneIndependent: true } })
    const { demand, controlPlaneIndependent } = packetOf(demanding)
    assert.deepEqual([demand, controlPlaneIndependent], [false, false])
  }
})
