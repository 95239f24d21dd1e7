// SPDX-License-Identifier: Apache-2.0
/** Packets of hostile peers, silences and other profiles, given to sessions with BGP peers. FUZZ_RUNS makes it longer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode } from '../../src/bfd/codec.ts'
import { type BfdNeed, type BfdProfileTimers, BfdSessions } from '../../src/bfd/sessions.ts'
import { createLog } from '../../src/lib/log.ts'
import { SimClock } from '../sim/clock.ts'
import { checkOrders, corpus, ListeningReflex, mutate, RUNS } from './bfd-work.ts'
import { randomOf } from './mutations.ts'

const PROFILE = { transmitMs: 100, receiveMs: 100, detectMult: 4, echoMs: null, passive: false, minTtl: 1 }
const PROFILES: readonly BfdProfileTimers[] = [
  PROFILE,
  { ...PROFILE, transmitMs: 60_000, receiveMs: 60_000 },
  { ...PROFILE, echoMs: 50 },
  { ...PROFILE, passive: true },
]
const need = (timers: BfdProfileTimers): BfdNeed => ({
  name: 'p',
  address: '192.0.2.2',
  local: '192.0.2.1',
  link: 'eth0',
  device: null,
  profile: 'p',
  timers,
})

type Stage = Readonly<{ reflex: ListeningReflex; sessions: BfdSessions; ends: Map<string, number>; ups(): number }>

function newStage(): Stage {
  const reflex = new ListeningReflex()
  const ends = new Map<string, number>()
  let ups = 0
  const sessions = new BfdSessions({
    reflex,
    clock: new SimClock(),
    random: randomOf(1),
    log: createLog('none'),
    onUp: () => ups++,
    onDown: (_names, _why, { diag }) => ends.set(diag, (ends.get(diag) ?? 0) + 1),
  })
  return { reflex, sessions, ends, ups: () => ups }
}

/** Whatever the peer says, what the reflex is ordered to do is within what both sides may ask for. */
function check({ reflex, sessions, ends, ups }: Stage, timers: BfdProfileTimers): void {
  const [view] = [...sessions.views()]
  assert.ok(view)
  const { state, remoteDiscriminator, upEvents, downEvents } = view
  if (timers.passive && remoteDiscriminator === 0) {
    assert.deepEqual([reflex.ordered?.packet.length, reflex.ordered?.intervalUs], [0, 0])
  } else {
    checkOrders(reflex.ordered, null)
    assert.ok(state === 'Up' || reflex.ordered.intervalUs === 0 || reflex.ordered.intervalUs >= 1_000_000)
  }
  assert.ok(reflex.echo === null || (state === 'Up' && timers.echoMs !== null && reflex.echo.intervalUs >= 50_000))
  assert.deepEqual([ups(), ups() - downEvents], [upEvents, state === 'Up' ? 1 : 0])
  assert.ok(ends.values().reduce((sum, count) => sum + count, 0) <= downEvents, 'nobody is lost who was not there')
}

test(`${RUNS} changed packets, silences and other profiles leave a session in order`, () => {
  const stage = newStage()
  const { reflex, sessions, ends } = stage
  let timers: BfdProfileTimers = PROFILE
  sessions.configure([need(timers)])
  const random = randomOf(5881)
  const packets = [...corpus(reflex.discriminator), ...corpus(0)]
  const good = [...packets, ...packets.map((packet) => ({ ...packet, requiredMinEchoRxUs: 1, demand: true }))].map(
    encode,
  )
  const from = { address: '192.0.2.2', port: 49_152 }
  for (let run = 0; run < RUNS; run++) {
    const chance = random()
    if (chance < 0.03) reflex.listener?.onSilence(2)
    else if (chance < 0.06 && reflex.echo) reflex.listener?.onEchoSilence?.(2)
    else if (chance < 0.1) reflex.echoIn++
    else if (chance < 0.12) {
      timers = PROFILES[Math.floor(random() * PROFILES.length)] ?? PROFILE
      sessions.configure([need(timers)])
    }
    const bytes = mutate(good[Math.floor(random() * good.length)] ?? new Uint8Array(), random)
    reflex.listener?.onPacket({ socket: 1, session: 2, from, ttl: 255, bytes })
    check(stage, timers)
  }
  assert.deepEqual([...ends.keys()].toSorted(), ['echoFailed', 'neighborDown', 'timeExpired'], 'all ends are tried')
  sessions.close()
})
