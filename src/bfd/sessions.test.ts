// SPDX-License-Identifier: Apache-2.0
/** Sessions on a reflex that only listens: what it is ordered to do, and what becomes of what it tells or refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimClock } from '../../test/sim/clock.ts'
import type {
  BfdEcho,
  BfdPeer,
  BfdReflex,
  BfdReflexListener,
  BfdSession,
  BfdSessionCounters,
  ReflexId,
} from '../lib/bfd-reflex.ts'
import { Fault } from '../lib/fault.ts'
import { createLog } from '../lib/log.ts'
import type { SocketAddress } from '../lib/sockets.ts'
import { type ControlPacket, encode } from './codec.ts'
import { type BfdNeed, BfdSessions } from './sessions.ts'

type Opened = { socket: ReflexId; peer: BfdPeer; orders: BfdSession | null; echo: BfdEcho | null; closed: boolean }

class ListeningReflex implements BfdReflex {
  listener: BfdReflexListener | undefined
  /** `0.0.0.0 3784 ttl 255`; without those that were closed. */
  readonly sockets = new Map<ReflexId, string>()
  readonly sessions = new Map<ReflexId, Opened>()
  /** What opening a socket, opening a session or setting echoes throws. */
  refuse: Partial<Record<'socket' | 'session' | 'echo', string>> = {}
  echoIn = 0
  readonly cutOff = new Set<ReflexId>()
  closed = false
  #lastId = 0

  listen(listener: BfdReflexListener): void {
    this.listener = listener
  }
  openSocket({ address, port }: SocketAddress, { ttl, device }: { ttl: number; device?: string }): ReflexId {
    this.#check('socket')
    this.sockets.set(++this.#lastId, `${address} ${port} ttl ${ttl}${device === undefined ? '' : ` in ${device}`}`)
    return this.#lastId
  }
  closeSocket(socket: ReflexId): void {
    this.sockets.delete(socket)
  }
  openSession(socket: ReflexId, peer: BfdPeer): ReflexId {
    this.#check('session')
    this.sessions.set(++this.#lastId, { socket, peer, orders: null, echo: null, closed: false })
    return this.#lastId
  }
  setSession(session: ReflexId, state: BfdSession): void {
    this.at(session).orders = state
  }
  send(): void {}
  setEcho(session: ReflexId, echo: BfdEcho | null): void {
    if (echo) this.#check('echo')
    this.at(session).echo = echo
  }
  sessionCounters(): BfdSessionCounters {
    return { controlIn: 1, controlOut: 2, echoIn: this.echoIn, echoOut: 4, looped: 5 }
  }
  isCutOff(session: ReflexId): boolean {
    return this.cutOff.has(session)
  }
  closeSession(session: ReflexId): void {
    this.at(session).closed = true
  }
  counters(): ReturnType<BfdReflex['counters']> {
    return { sent: 0, unsent: 0, accepted: 0, told: 0, dropped: { ttl: 7, flood: 0, oversized: 0, interface: 0 } }
  }
  close(): void {
    this.closed = true
  }

  at(session: ReflexId): Opened {
    const opened = this.sessions.get(session)
    assert.ok(opened)
    return opened
  }
  get open(): Opened[] {
    return [...this.sessions.values()].filter(({ closed }) => !closed)
  }
  #check(what: 'socket' | 'session' | 'echo'): void {
    const why = this.refuse[what]
    if (why !== undefined) throw new Fault({ code: 'addressInUse' }, why)
  }
}

class Stage {
  readonly clock = new SimClock()
  readonly reflex = new ListeningReflex()
  readonly reports: string[] = []
  readonly lines: string[] = []
  readonly sessions: BfdSessions

  constructor(...needs: readonly BfdNeed[]) {
    let chance = 0
    this.sessions = new BfdSessions({
      reflex: this.reflex,
      clock: this.clock,
      random: () => (chance = (chance + 0.1) % 1),
      log: createLog('all', (line) => this.lines.push(line)),
      onUp: (names) => this.reports.push(`up ${names.join(' ')}`),
      onDown: (names, why, { diag }) => this.reports.push(`${diag} ${names.join(' ')}: ${why}`),
    })
    this.sessions.configure(needs)
  }

  /** The peer of the session that was opened first says this; Up unless told otherwise. */
  say(fields: Partial<ControlPacket> = {}, session = [...this.reflex.sessions.keys()].at(0) ?? 0): void {
    const { peer, socket } = this.reflex.at(session)
    const bytes = encode({ ...PACKET, yourId: peer.discriminator, ...fields })
    this.reflex.listener?.onPacket({ socket, session, from: peer.to, ttl: 255, bytes })
  }

  comeUp(fields: Partial<ControlPacket> = {}): void {
    this.say({ ...fields, state: 'Init' })
    this.say({ ...fields, final: true })
  }

  linesAbout(event: string): string[] {
    return this.lines.filter((line) => line.includes(`"${event}"`))
  }
}

const PACKET: ControlPacket = {
  state: 'Up',
  diag: 'none',
  poll: false,
  final: false,
  controlPlaneIndependent: false,
  demand: false,
  detectMult: 3,
  myId: 77,
  yourId: 0,
  desiredMinTxUs: 100_000,
  requiredMinRxUs: 100_000,
  requiredMinEchoRxUs: 0,
}
const timers = { transmitMs: 100, receiveMs: 100, detectMult: 3, echoMs: null, passive: false, minTtl: 250 }
const need = (fields: Partial<BfdNeed> = {}): BfdNeed => ({
  name: 'p',
  address: '192.0.2.2',
  local: '192.0.2.1',
  link: 'eth0',
  device: null,
  profile: 'fast',
  timers,
  ...fields,
})
const echoing = (fields: Partial<BfdNeed> = {}) => need({ timers: { ...timers, echoMs: 50 }, ...fields })
const far = (minTtl: number) => need({ link: null, timers: { ...timers, minTtl } })
const INVITED = { requiredMinEchoRxUs: 20_000 }

const peerOf = (address: string, port: number, fields: Partial<BfdPeer>) => ({
  to: { address, port },
  remotePort: null,
  discriminator: 429_496_730,
  ...fields,
})
/** A need; the socket and the session that it leads to. */
const PLACES: readonly (readonly [string, BfdNeed, string, object])[] = [
  [
    'one hop',
    need(),
    '0.0.0.0 3784 ttl 255',
    peerOf('192.0.2.2', 3784, { minTtl: 255, source: { address: '192.0.2.1' }, device: 'eth0' }),
  ],
  [
    'several hops',
    need({ link: null }),
    '0.0.0.0 4784 ttl 255',
    peerOf('192.0.2.2', 4784, { minTtl: 250, source: { address: '192.0.2.1' } }),
  ],
  [
    'IPv6, link-local',
    need({ address: 'fe80::2', local: 'fe80::1' }),
    ':: 3784 ttl 255',
    peerOf('fe80::2', 3784, { minTtl: 255, source: { address: 'fe80::1' }, device: 'eth0' }),
  ],
  [
    'one hop in a VRF',
    need({ device: 'red' }),
    '0.0.0.0 3784 ttl 255 in red',
    peerOf('192.0.2.2', 3784, { minTtl: 255, source: { address: '192.0.2.1' }, device: 'eth0' }),
  ],
  [
    'several hops in a VRF',
    need({ link: null, device: 'red' }),
    '0.0.0.0 4784 ttl 255 in red',
    peerOf('192.0.2.2', 4784, { minTtl: 250, source: { address: '192.0.2.1' }, device: 'red' }),
  ],
]
for (const [name, given, socket, peer] of PLACES) {
  test(`${name}: the socket, and the session on it`, () => {
    const { reflex } = new Stage(given)
    assert.deepEqual([...reflex.sockets.values()], [socket])
    assert.deepEqual(
      reflex.open.map((opened) => opened.peer),
      [peer],
    )
  })
}

test('sockets are shared, opened when they are needed first, and closed once nobody takes leave on them', async () => {
  const { clock, reflex, sessions } = new Stage()
  assert.equal(reflex.sockets.size, 0)
  sessions.configure([need(), need({ name: 'q', address: '192.0.2.3' }), need({ name: 'r', link: null })])
  assert.deepEqual([...reflex.sockets.values()], ['0.0.0.0 3784 ttl 255', '0.0.0.0 4784 ttl 255'])
  sessions.configure([need()])
  assert.equal(reflex.sockets.size, 2)
  await clock.advance(2500)
  assert.deepEqual([...reflex.sockets.values()], ['0.0.0.0 3784 ttl 255'])
  assert.equal(reflex.open.length, 1)
})

for (const what of ['socket', 'session'] as const) {
  test(`a ${what} that cannot be opened is one line in the log, and tried again while it is needed`, async () => {
    const { clock, reflex, sessions, lines } = new Stage()
    reflex.refuse[what] = 'the port is taken'
    sessions.configure([need()])
    await clock.advance(29_000)
    assert.deepEqual([lines.length, reflex.open.length, sessions.isUp('p')], [1, 0, false])
    assert.match(lines[0] ?? '', /BFD with 192\.0\.2\.2 by eth0 cannot be opened: the port is taken; .* every 5 s/)
    const [view] = [...sessions.views()]
    assert.deepEqual([view?.state, view?.fault, view?.counters.controlIn], ['Down', 'the port is taken', 0])
    reflex.refuse = {}
    await clock.advance(1000)
    assert.deepEqual([reflex.open.length, [...sessions.views()][0]?.fault], [1, null])
    assert.equal(lines.length, 2)
  })
}

test('one that cannot be opened and is not needed any more is not tried again', async () => {
  const { clock, reflex, sessions, lines } = new Stage()
  reflex.refuse = { socket: 'the port is taken' }
  sessions.configure([need()])
  sessions.configure([])
  reflex.refuse = {}
  await clock.advance(60_000)
  assert.deepEqual([lines.length, reflex.sockets.size], [1, 0])
})

test('whose interface is gone is opened anew once it is down, on a socket of its own time', async () => {
  const inVrf = need({ device: 'red' })
  const stage = new Stage(inVrf)
  stage.comeUp()
  const [socket, session] = [...stage.reflex.sockets.keys(), ...stage.reflex.sessions.keys()]
  stage.reflex.cutOff.add(session ?? 0)
  stage.sessions.configure([inVrf])
  assert.equal(stage.reflex.open.length, 1)
  assert.equal(stage.reflex.at(session ?? 0).closed, false, 'while it is up it finds by itself that nothing comes')
  stage.reflex.listener?.onSilence(session ?? 0)
  await stage.clock.advance(5000)
  assert.equal(stage.reflex.at(session ?? 0).closed, true)
  assert.equal(stage.reflex.open.length, 1)
  assert.notDeepEqual([...stage.reflex.sockets.keys()], [socket])
  assert.equal(stage.linesAbout('bfdOpenedAnew').length, 1)
  const [, again] = [...stage.reflex.sessions.keys()]
  stage.say({ state: 'Init' }, again)
  assert.equal(stage.sessions.isUp('p'), true)
  await stage.clock.advance(60_000)
  assert.equal(stage.reflex.sessions.size, 2)
})

test('echoes: begun when both want them, at the slower pace, and ended with the session', () => {
  const { reflex, sessions, reports, say, comeUp } = bound(new Stage(echoing()))
  const [only] = reflex.open
  assert.equal(only?.echo, null)
  comeUp(INVITED)
  assert.deepEqual(only?.echo, { intervalUs: 50_000, detectUs: 150_000 })
  assert.deepEqual([...sessions.views()][0]?.echo, { intervalMs: 50, detectMs: 150 })
  say({ requiredMinEchoRxUs: 70_000 })
  assert.deepEqual(only?.echo, { intervalUs: 70_000, detectUs: 210_000 })
  say()
  assert.equal(only?.echo, null)
  say(INVITED)
  say({ ...INVITED, state: 'Down', diag: 'pathDown' })
  assert.equal(only?.echo, null)
  assert.deepEqual(reports, ['up p', 'neighborDown p: BFD: the peer says it is down (Path Down)'])
})

test('echoes: none over several hops, nor announced', () => {
  const { reflex, comeUp } = bound(new Stage(echoing({ link: null })))
  comeUp(INVITED)
  assert.equal(reflex.open[0]?.echo, null)
  assert.deepEqual(Buffer.from(reflex.open[0]?.orders?.packet.subarray(20, 24) ?? []), Buffer.alloc(4))
})

test('echoes: when they come back no more, the session is down', () => {
  const { reflex, reports, comeUp } = bound(new Stage(echoing()))
  comeUp(INVITED)
  reflex.echoIn = 1
  const [id = 0] = [...reflex.sessions.keys()]
  reflex.listener?.onEchoSilence?.(id)
  assert.deepEqual(reports, ['up p', 'echoFailed p: BFD: no echo came back for 150 ms (Echo Function Failed)'])
  assert.equal(reflex.open[0]?.echo, null)
})

test('echoes: where none ever comes back the session stays, and control packets are watched as fast as before', () => {
  const { reflex, sessions, reports, comeUp, say, linesAbout } = bound(new Stage(echoing()))
  comeUp(INVITED)
  assert.equal([...sessions.views()][0]?.detectMs, 3000)
  reflex.listener?.onEchoSilence?.([...reflex.sessions.keys()][0] ?? 0)
  say({ ...INVITED, final: true })
  assert.deepEqual([reports, reflex.open[0]?.echo, [...sessions.views()][0]?.detectMs], [['up p'], null, 300])
  assert.equal(linesAbout('bfdNoEcho').length, 1)
})

test('echoes: where the reflex cannot send them, control packets are watched', () => {
  const { reflex, sessions, reports, comeUp, say, linesAbout } = bound(new Stage(echoing()))
  reflex.refuse = { echo: 'CAP_NET_RAW is missing' }
  comeUp(INVITED)
  say({ ...INVITED, final: true })
  assert.deepEqual([reports, [...sessions.views()][0]?.detectMs], [['up p'], 300])
  assert.equal(linesAbout('bfdNoEcho').length, 1)
  assert.match(linesAbout('bfdNoEcho')[0] ?? '', /does without echoes: CAP_NET_RAW is missing/)
})

test('two sessions with one peer: a packet without our discriminator goes to whom it is for', () => {
  const stage = new Stage(need(), need({ name: 'q', local: '192.0.2.9' }))
  const [first = 0, second = 0] = [...stage.reflex.sessions.keys()]
  const views = () => [...stage.sessions.views()].map(({ state, remoteDiscriminator }) => [state, remoteDiscriminator])
  const greet = (myId: number) => stage.say({ state: 'Down', yourId: 0, myId }, first)
  greet(77)
  greet(88)
  greet(77)
  assert.deepEqual(views(), [
    ['Init', 77],
    ['Init', 88],
  ])
  stage.say({ state: 'Init', myId: 77 }, first)
  stage.say({ state: 'Init', myId: 88 }, second)
  greet(88)
  assert.deepEqual(views(), [
    ['Up', 77],
    ['Down', 88],
  ])
  greet(99)
  assert.equal(views()[0]?.[0], 'Down', 'one that nobody knows is for whom the reflex takes it')
})

test('a least TTL that cannot be changed stays, and so does the session', () => {
  const { reflex, sessions, comeUp, linesAbout } = bound(new Stage(far(254)))
  comeUp()
  reflex.refuse = { session: 'no memory' }
  for (let i = 0; i < 3; i++) sessions.configure([far(253)])
  assert.deepEqual([sessions.isUp('p'), reflex.open.map(({ peer }) => peer.minTtl)], [true, [254]])
  assert.equal(linesAbout('bfdNotChanged').length, 1)
  reflex.refuse = {}
  sessions.configure([far(253)])
  assert.deepEqual([sessions.isUp('p'), reflex.open.map(({ peer }) => peer.minTtl)], [true, [253]])
  assert.notEqual(reflex.open[0]?.orders, null)
})

test('what is told of sessions that are gone, or never were, is for nobody', () => {
  const { reflex, sessions, reports, comeUp, say } = bound(new Stage(need()))
  comeUp()
  const [id = 0] = [...reflex.sessions.keys()]
  sessions.configure([])
  say({ state: 'Down' })
  reflex.listener?.onSilence(id)
  reflex.listener?.onEchoSilence?.(id)
  reflex.listener?.onSilence(999)
  assert.deepEqual([reports, sessions.drops()['unknownSession'], sessions.drops()['ttl']], [['up p'], 0, 7])
  const from = { address: '192.0.2.3', port: 50_000 }
  reflex.listener?.onPacket({ socket: 1, session: null, from, ttl: 255, bytes: encode({ ...PACKET, yourId: 5 }) })
  assert.equal(sessions.drops()['unknownSession'], 1)
})

test('a pause is one line in the log, and those of a minute after it are another', async () => {
  const { clock, reflex, reports, linesAbout } = bound(new Stage(need()))
  for (let i = 0; i < 100; i++) reflex.listener?.onPaused(60)
  await clock.advance(60_000)
  reflex.listener?.onPaused(60)
  assert.deepEqual(
    [reports, linesAbout('bfdPaused').map((line) => /for \d+ ms/.exec(line)?.[0])],
    [[], ['for 60 ms', 'for 6000 ms']],
  )
})

/** Discriminators are not 0, and no other session's. */
test('chances that repeat themselves make no two equal discriminators', () => {
  const stage = new Stage(
    ...Array.from({ length: 50 }, (_, at) => need({ name: `p${at}`, address: `192.0.2.${at + 2}` })),
  )
  const ids = [...stage.sessions.views()].map(({ localDiscriminator }) => localDiscriminator)
  assert.equal(new Set(ids).size, 50)
  assert.ok(ids.every((id) => id > 0 && id <= 0xffff_ffff))
})

/** With methods that can be taken apart. */
function bound(stage: Stage) {
  const { clock, reflex, sessions, reports, lines } = stage
  const say = stage.say.bind(stage)
  const comeUp = stage.comeUp.bind(stage)
  const linesAbout = stage.linesAbout.bind(stage)
  return { clock, reflex, sessions, reports, lines, say, comeUp, linesAbout }
}
