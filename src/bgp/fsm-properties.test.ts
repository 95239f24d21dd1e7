// SPDX-License-Identifier: Apache-2.0
/** What holds whatever happens in whatever order: random events, the same ones for the same seed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomOf } from '../../test/fuzz/mutations.ts'
import type { Message, Open } from './codec/message.ts'
import { type Action, type Event, initialSession, type Session, step } from './fsm.ts'
import { type Config, ownOpen } from './negotiate.ts'
import type { TimerName } from './timing.ts'

const NOTHING = new Uint8Array(0)
const config: Config = {
  localAsn: 64_500,
  remoteAs: 64_501,
  routerId: 2,
  holdMs: 90_000,
  keepaliveMs: null,
  connectMs: null,
  passive: false,
  families: ['ipv4', 'ipv6'],
  extendedNextHop: true,
  gracefulRestart: { restartSeconds: 60 },
  hostname: 'node1',
}

const open = (fields: Partial<Config>, restarting: boolean): Open =>
  ownOpen({ ...config, localAsn: 64_501, ...fields }, { restarting, plain: false })
const notified = (code: number, subcode: number): Message => ({
  type: 'notification',
  code,
  subcode,
  data: NOTHING,
  reason: '',
})
/** Often what leads on, so that all states are reached. */
const MESSAGES: readonly Message[] = [
  ...Array.from({ length: 6 }, (_, at) => open({ routerId: 1 + (at % 3) }, at > 3)),
  open({ holdMs: 0 }, false),
  open({ localAsn: 1 }, false),
  ...Array.from({ length: 8 }, () => ({ type: 'keepalive' }) as const),
  { type: 'update', reach: [], unreach: [], attributes: {}, endOfRib: 'ipv4', flaw: null },
  { type: 'routeRefresh', afi: 1, safi: 1, family: 'ipv4', subtype: 0 },
  notified(6, 7),
  notified(6, 9),
  notified(2, 4),
]

/** The world around a session: what is open, and which timers run. */
class Around {
  readonly open = new Set<number>()
  readonly dials = new Set<number>()
  readonly armed = new Set<TimerName>()
  isUp = false

  carryOut(action: Action): void {
    switch (action.type) {
      case 'connect':
        assert.equal(this.dials.size, 0, 'one dial at a time')
        this.dials.add(action.id)
        break
      case 'adopt':
        this.open.add(action.id)
        break
      case 'send':
        assert.ok(this.open.has(action.id), `${action.message.type} goes out on #${action.id}, which is not open`)
        break
      case 'close':
        this.open.delete(action.id)
        this.dials.delete(action.id)
        break
      case 'arm':
        assert.ok(action.ms >= 0 && action.ms <= 65_535_000)
        this.armed.add(action.timer)
        break
      case 'disarm':
        for (const timer of action.timers) this.armed.delete(timer)
        break
      case 'established':
      case 'down':
        assert.equal(this.isUp, action.type === 'down')
        this.isUp = action.type === 'established'
        break
      case 'deliver':
        assert.ok(this.isUp)
        break
      default: // words
    }
  }
}

/** Something that can happen now. */
function anything(around: Around, random: () => number): Event {
  const { open: ids, dials, armed } = around
  const one = <Item>(items: readonly Item[]): Item => {
    const item = items[Math.floor(random() * items.length)]
    assert.ok(item !== undefined)
    return item
  }
  const events: (() => Event | null)[] = [
    () => ({ type: 'start' }),
    () =>
      random() < 0.2 ? { type: 'stop', reason: { kind: one(['drain', 'handover', 'removed']), text: 'x' } } : null,
    () => (random() < 0.2 ? { type: 'peerDown', why: 'BFD', independent: random() < 0.3 } : null),
    () => (random() < 0.2 ? { type: 'peerUp' } : null),
    () => {
      const intervals = { keepaliveMs: one([null, 1000, 60_000]), connectMs: one([null, 1000, 20_000]) }
      return random() < 0.2 ? { type: 'configure', intervals } : null
    },
    () => ({ type: 'accepted' }),
    () => (dials.size > 0 ? { type: 'connected', id: one([...dials]) } : null),
    () => (dials.size > 0 ? { type: 'connectFailed', id: one([...dials]), why: 'x' } : null),
    () => (ids.size > 0 && random() < 0.3 ? { type: 'closed', id: one([...ids]), why: 'x' } : null),
    ...Array.from({ length: 5 }, () => () => {
      return ids.size > 0 ? ({ type: 'message', id: one([...ids]), message: one(MESSAGES) } as const) : null
    }),
    () => {
      const malformed = { code: 1, subcode: 1, data: NOTHING, why: 'x' }
      return ids.size > 0 && random() < 0.3 ? { type: 'malformed', id: one([...ids]), malformed } : null
    },
    () => (armed.size > 0 ? { type: 'expired', timer: one([...armed]) } : null),
    () => ({ type: 'sent' }),
  ]
  return one(events)() ?? anything(around, random)
}

/** What the world does before the session is told. */
function happen(around: Around, event: Event): void {
  if (event.type === 'connected' || event.type === 'connectFailed') around.dials.delete(event.id)
  if (event.type === 'connected') around.open.add(event.id)
  if (event.type === 'closed') around.open.delete(event.id)
  if (event.type === 'expired') around.armed.delete(event.timer)
}

function check(session: Session, around: Around): void {
  const { state, call, rival, dialling, negotiated, enabled } = session
  const known = [call, rival].flatMap((one) => (one === null ? [] : [one.id]))
  assert.deepEqual(around.open, new Set(known), 'what is open is known, and what is known is open')
  assert.deepEqual([...around.dials], dialling === null ? [] : [dialling])
  assert.equal(around.isUp, state === 'Established')
  assert.equal(call !== null, ['OpenSent', 'OpenConfirm', 'Established'].includes(state))
  assert.equal(negotiated !== null, ['OpenConfirm', 'Established'].includes(state))
  if (rival !== null) assert.notEqual(call, null)
  if (state === 'Idle' || state === 'Active' || state === 'Established') assert.equal(dialling, null)
  if (!enabled) assert.equal(state, 'Idle')
  assert.equal(session.stale.length > 0, around.armed.has('stale'))
  if (typeof session.bfd === 'object') assert.ok(state === 'Established' && session.stale.length > 0)
  assert.deepEqual(
    [...around.armed].filter((timer) => timer !== 'stale').toSorted(),
    expectedTimers(session).toSorted(),
    state,
  )
}

/** No state is without something that ends it, and nothing runs that belongs to another one. */
function expectedTimers({ state, enabled, config: { passive }, rival, negotiated }: Session): TimerName[] {
  const live: TimerName[] = negotiated === null || negotiated.holdMs === 0 ? [] : ['hold', 'keepalive']
  const other: TimerName[] = rival === null ? [] : ['rivalHold']
  switch (state) {
    case 'Idle':
      return enabled ? ['idleHold'] : []
    case 'Connect':
      return ['connectRetry']
    case 'Active':
      return passive ? [] : ['connectRetry']
    case 'OpenSent':
      return ['hold', ...other]
    case 'OpenConfirm':
      return [...new Set<TimerName>(['hold', ...live]), ...other]
    case 'Established':
      return [...live, 'sendHold', 'settled', ...other]
  }
}

for (const passive of [false, true]) {
  test(`${passive ? 'passive' : 'active'}: every connection has an owner, every state has an end`, () => {
    const reached = new Set<string>()
    for (let seed = 1; seed <= 300; seed++) {
      const random = randomOf(seed)
      const around = new Around()
      let session = initialSession({ ...config, passive }, seed % 2 === 0)
      for (let count = 0; count < 200; count++) {
        const event = anything(around, random)
        happen(around, event)
        const [next, actions] = step(session, event)
        for (const action of actions) around.carryOut(action)
        const answers = actions.filter(({ type }) => type === 'adopt' || type === 'refuse')
        assert.equal(answers.length, event.type === 'accepted' ? 1 : 0)
        session = next
        // It goes off once in a session, and does not matter afterwards.
        if (session.state === 'Established' && event.type === 'expired' && event.timer === 'settled')
          around.armed.add('settled')
        check(session, around)
        reached.add(`${session.state}${session.rival === null ? '' : ' and another'}`)
      }
    }
    const all = ['Idle', 'Active', 'OpenSent', 'OpenConfirm', 'Established', ...(passive ? [] : ['Connect'])]
    const two = ['OpenSent and another', 'OpenConfirm and another', 'Established and another']
    assert.deepEqual([...reached].toSorted(), [...all, ...two].toSorted())
  })
}
