// SPDX-License-Identifier: Apache-2.0
/** BFD between two routers that send each other echoes (RFC 5880 §6.4): the pace of both, and how they end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { A, B, kill, need, pair } from './bfd-routers.ts'

const ECHO = { echoMs: 20 }
const NO_ECHO = 'down peer: BFD: no echo came back for 60 ms (Echo Function Failed)'

test('with echoes on both sides control packets are few, and nobody is lost', async () => {
  const { clock, a, b } = await pair(need(B, ECHO), need(A, ECHO))
  const [said, before] = [a.said.length, a.view.counters]
  await clock.advance(10_000)
  const { counters, echo, detectMs, intervalMs } = a.view
  assert.deepEqual([echo, intervalMs, detectMs], [{ intervalMs: 20, detectMs: 60 }, 1000, 3000])
  assert.ok(a.said.length - said <= 14, `${a.said.length - said} control packets in 10 s`)
  const [out, back] = [counters.echoOut - before.echoOut, counters.echoIn - before.echoIn]
  assert.ok(out >= 500 && out <= 668 && Math.abs(out - back) <= 2, `${out} echoes, ${back} back`)
  assert.deepEqual([a.reports, b.reports], [['up peer'], ['up peer']])
})

test('where only one wants echoes there are none', async () => {
  const { clock, a, b } = await pair(need(B, ECHO))
  await clock.advance(5000)
  assert.deepEqual(
    [a.view.echo, a.echoes, b.echoes, a.view.detectMs, b.view.remoteTimers?.echoMs],
    [null, 0, 0, 300, 20],
  )
})

test('echoes go at the pace of who can take less, by the multiplier of who sends them', async () => {
  const { a, b } = await pair(need(B, { echoMs: 20, detectMult: 7 }), need(A, { echoMs: 50 }))
  assert.deepEqual(
    [a.view.echo, b.view.echo],
    [
      { intervalMs: 50, detectMs: 350 },
      { intervalMs: 50, detectMs: 150 },
    ],
  )
})

test('over several hops there are no echoes', async () => {
  const { clock, a, b } = await pair(need(B, ECHO, { link: null }), need(A, ECHO, { link: null }))
  await clock.advance(2000)
  assert.deepEqual([a.isUp, a.view.echo, a.echoes, b.echoes], [true, null, 0, 0])
})

test('a peer that dies is noticed by its echoes, long before its control packets are missed', async () => {
  const { clock, network, a, b } = await pair(need(B, ECHO), need(A, ECHO))
  await clock.advance(2000)
  kill({ clock, network }, b)
  await clock.advance(65)
  assert.deepEqual([a.reports, a.view.diag], [['up peer', NO_ECHO], 'echoFailed'])
})

test('when echoes are lost and nothing else, both are down: one by that, the other as it is told so', async () => {
  const { clock, a, b } = await pair(need(B, ECHO), need(A, ECHO))
  a.losesEchoes = true
  assert.ok(await clock.runUntil(() => a.isUp === false && b.isUp === false, 200))
  const ends = [a, b].map(({ reports }) => reports[1] ?? '')
  const told = 'down peer: BFD: the peer says it is down (Echo Function Failed)'
  assert.ok(ends.every((end) => end === NO_ECHO || end === told) && ends.includes(NO_ECHO), ends.join('; '))
  a.losesEchoes = false
  await clock.advance(3000)
  assert.deepEqual([a.isUp, b.isUp, a.view.upEvents, a.view.echo !== null], [true, true, 2, true])
})

test('where echoes never come back the session is Up without them, watched as fast as control packets go', async () => {
  const { clock, network, a, b } = await pair(need(B), need(A, ECHO))
  b.losesEchoes = true
  a.configure(need(B, ECHO))
  await clock.advance(5000)
  assert.ok(a.echoes > 0)
  const { state, detectMs, intervalMs } = b.view
  assert.deepEqual([state, b.reports, b.events.filter((event) => event === 'bfdNoEcho').length], ['Up', ['up peer'], 1])
  assert.deepEqual([detectMs, intervalMs, a.reports], [300, 100, ['up peer']])
  kill({ clock, network }, a)
  await clock.advance(305)
  assert.equal(b.isUp, false)
})

test('echoes switched on and off by another profile do not end the session', async () => {
  const { clock, a, b } = await pair()
  for (const echoMs of [20, null, 30, null]) {
    a.configure(need(B, { echoMs }))
    b.configure(need(A, { echoMs }))
    await clock.advance(3000)
    const detectMs = echoMs === null ? 300 : 3000
    assert.deepEqual([a.view.echo?.intervalMs ?? null, a.view.detectMs, b.view.detectMs], [echoMs, detectMs, detectMs])
  }
  assert.deepEqual([a.reports, b.reports], [['up peer'], ['up peer']])
})
