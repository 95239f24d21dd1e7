// SPDX-License-Identifier: Apache-2.0
/** BFD between two routers on a simulated network: coming up, going down, other profiles, roles, sharing, leaving. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode } from '../../src/bfd/codec.ts'
import type { BfdNeed } from '../../src/bfd/sessions.ts'
import { A, B, kill, need, newWorld, pair, Router } from './bfd-routers.ts'

const SILENT = 'down peer: BFD: nothing was heard for 300 ms (Control Detection Time Expired)'
const RESTARTED = 'down peer: BFD: the peer says it is down and gives no reason, as after a restart'
const TOLD_TIME = 'down peer: BFD: the peer says it is down (Control Detection Time Expired)'

test('two that know of each other come Up, agree on their pace by polls, and say nothing new then', async () => {
  const { clock, network } = newWorld()
  const [a, b] = [new Router({ clock, network }, A), new Router({ clock, network }, B)]
  a.configure(need(B, { transmitMs: 50, receiveMs: 60, detectMult: 5 }))
  await clock.advance(5000)
  assert.deepEqual([a.isUp, b.isUp, a.view.state], [false, null, 'Down'])
  b.configure(need(A))
  await clock.advance(20)
  assert.deepEqual([a.isUp, b.isUp, a.reports, b.reports], [true, true, ['up peer'], ['up peer']])
  assert.deepEqual(
    [a, b].map(({ view }) => [view.intervalMs, view.detectMs]),
    [
      [100, 300],
      [100, 500],
    ],
  )
  assert.deepEqual(a.view.remoteTimers, { transmitMs: 100, receiveMs: 100, detectMult: 3, echoMs: 0 })
  assert.equal(a.view.remoteDiscriminator, b.view.localDiscriminator)
  const said = a.said.length
  await clock.advance(10_000)
  const since = a.said.slice(said)
  assert.ok(since.length >= 100 && since.length <= 134, `${since.length} packets in 10 s`)
  assert.ok(since.every(({ packet }) => !packet.poll && packet.desiredMinTxUs === 50_000))
  assert.equal(new Set(since.map(({ datagram }) => Buffer.from(datagram).toString('hex'))).size, 1)
})

test('while not Up nobody sends more than once a second, nor says so', async () => {
  const { clock, network } = newWorld()
  const a = new Router({ clock, network }, A)
  a.configure(need(B, { transmitMs: 10 }))
  await clock.advance(20_000)
  assert.ok(a.said.length >= 20 && a.said.length <= 28, `${a.said.length} packets in 20 s`)
  assert.ok(a.said.every(({ packet }) => packet.desiredMinTxUs === 1_000_000 && packet.yourId === 0))
})

test('a peer that dies is noticed within its detection time, once', async () => {
  const { clock, network, a, b } = await pair()
  kill({ clock, network }, b)
  const sinceMs = clock.monotonicMs()
  assert.ok(await clock.runUntil(() => a.isUp === false, 1000))
  const tookMs = clock.monotonicMs() - sinceMs
  assert.ok(tookMs > 195 && tookMs <= 301, `${tookMs} ms`)
  await clock.advance(30_000)
  assert.deepEqual([a.reports, a.independent], [['up peer', SILENT], [false]])
  const { state, diag, remoteDiscriminator, detectMs, upEvents, downEvents, lastDown, sinceMs: ofState } = a.view
  assert.deepEqual(
    [state, diag, remoteDiscriminator, detectMs, upEvents, downEvents],
    ['Down', 'timeExpired', 0, 0, 1, 1],
  )
  assert.deepEqual(lastDown, { why: SILENT.slice('down peer: BFD: '.length), atMs: ofState })
})

test('where one hears nothing both are down: one by silence, the other as it is told so; then both are Up again', async () => {
  const { clock, network, a, b } = await pair()
  network.setLoss(B, A, 1)
  await clock.advance(3000)
  assert.deepEqual(
    [a.reports, b.reports],
    [
      ['up peer', SILENT],
      ['up peer', TOLD_TIME],
    ],
  )
  assert.deepEqual([b.view.state, b.view.remoteDiag], ['Init', 'timeExpired'])
  network.setLoss(B, A, 0)
  await clock.advance(1100)
  assert.deepEqual([a.isUp, b.isUp, a.view.upEvents], [true, true, 2])
})

test('a partition is noticed on both sides, and its end', async () => {
  const { clock, network, a, b } = await pair()
  network.partition([A], [B])
  await clock.advance(305)
  assert.deepEqual(
    [a.reports, b.reports],
    [
      ['up peer', SILENT],
      ['up peer', SILENT],
    ],
  )
  network.heal()
  await clock.advance(1100)
  assert.deepEqual([a.isUp, b.isUp], [true, true])
})

test('a packet that is lost now and then is no failure', async () => {
  const { clock, network, a, b } = await pair()
  for (let times = 0; times < 20; times++) {
    network.partition([A], [B])
    await clock.advance(74)
    network.heal()
    await clock.advance(226)
  }
  assert.deepEqual([a.reports, b.reports], [['up peer'], ['up peer']])
})

test('another profile is agreed on by polls while the session stays Up, to and fro', async () => {
  const { clock, a, b } = await pair()
  const [localId, said] = [a.view.localDiscriminator, b.said.length]
  a.configure(need(B, { transmitMs: 300, receiveMs: 400, detectMult: 5 }, { profile: 'slow' }))
  await clock.advance(1000)
  assert.deepEqual([a.view.intervalMs, a.view.detectMs, b.view.intervalMs, b.view.detectMs], [300, 1200, 400, 1500])
  assert.equal(b.said.slice(said).filter(({ packet }) => packet.final).length >= 1, true)
  a.configure(need(B))
  await clock.advance(1000)
  assert.deepEqual([a.view.intervalMs, a.view.detectMs, b.view.intervalMs, b.view.detectMs], [100, 300, 100, 300])
  await clock.advance(10_000)
  assert.deepEqual([a.reports, b.reports, a.view.localDiscriminator], [['up peer'], ['up peer'], localId])
})

test('until the peer has agreed to be slower nobody is, and nobody is less patient', async () => {
  const { clock, network, a } = await pair()
  network.setLoss(A, B, 1)
  a.configure(need(B, { transmitMs: 200, receiveMs: 50 }))
  await clock.advance(50)
  assert.deepEqual([a.isUp, a.view.intervalMs, a.view.detectMs], [true, 100, 300])
  network.setLoss(A, B, 0)
  await clock.advance(150)
  assert.deepEqual([a.isUp, a.view.intervalMs, a.view.detectMs], [true, 200, 300])
})

test('the same needs again disturb nothing', async () => {
  const { a } = await pair()
  const said = a.said.length
  for (let times = 0; times < 3; times++) a.configure(need(B))
  assert.deepEqual([a.said.length, a.isUp], [said, true])
})

test('a passive side is silent until it is spoken to; two of them are for ever', async () => {
  const { clock, network } = newWorld()
  const [a, b] = [new Router({ clock, network }, A), new Router({ clock, network }, B)]
  a.configure(need(B, { passive: true }))
  b.configure(need(A, { passive: true }))
  await clock.advance(60_000)
  assert.deepEqual([a.said, b.said, a.view.state, b.view.state], [[], [], 'Down', 'Down'])
  b.configure(need(A))
  await clock.advance(50)
  assert.deepEqual([a.isUp, b.isUp], [true, true])
  kill({ clock, network }, b)
  await clock.advance(400)
  const said = a.said.length
  await clock.advance(60_000)
  assert.deepEqual([a.isUp, a.said.length], [false, said], 'it has forgotten the peer, and waits to be spoken to')
})

test('the peer ends BFD: BGP is not told of a failure, neither then nor when it falls silent', async () => {
  for (const end of ['close', 'no need'] as const) {
    const { clock, network, a, b } = await pair()
    if (end === 'close') b.sessions.close()
    else b.configure()
    await clock.advance(20)
    assert.deepEqual([a.isUp, a.view.remoteState, a.view.remoteDiag, b.isUp], [false, 'AdminDown', 'adminDown', null])
    await clock.advance(5000)
    kill({ clock, network }, b)
    await clock.advance(5000)
    assert.deepEqual([a.reports, b.reports], [['up peer'], ['up peer']], end)
    assert.match(a.view.lastDown?.why ?? '', /has switched BFD off/)
    assert.equal(a.view.downEvents, 1)
  }
})

test('who needs a session no more says so for a while, slowly, and is silent then', async () => {
  const { clock, b } = await pair()
  const said = b.said.length
  b.configure()
  await clock.advance(10_000)
  const farewells = b.said.slice(said)
  assert.ok(farewells.length >= 3 && farewells.length <= 4, `${farewells.length} farewells`)
  assert.ok(farewells.every(({ packet }) => packet.state === 'AdminDown' && packet.diag === 'adminDown'))
  assert.deepEqual([b.reports, [...b.sessions.views()]], [['up peer'], []])
})

test('the end of the process is said three times at once', async () => {
  const { clock, b } = await pair()
  const said = b.said.length
  b.sessions.close()
  b.sessions.close()
  b.configure(need(A))
  await clock.advance(5000)
  assert.deepEqual(
    b.said.slice(said).map(({ packet }) => packet.state),
    ['AdminDown', 'AdminDown', 'AdminDown'],
  )
  assert.deepEqual([b.isUp, [...b.sessions.views()]], [null, []])
})

test('who needs it again while it says farewell has a new session', async () => {
  const { clock, a, b } = await pair()
  const earlier = b.view.localDiscriminator
  b.configure()
  await clock.advance(100)
  b.configure(need(A))
  await clock.advance(5000)
  assert.deepEqual([a.isUp, b.isUp, a.reports, b.reports], [true, true, ['up peer', 'up peer'], ['up peer', 'up peer']])
  assert.notEqual(b.view.localDiscriminator, earlier)
})

test('a peer that begins anew faster than it is missed has another session, and that is no failure of the path', async () => {
  const { clock, network, a, b } = await pair()
  kill({ clock, network }, b)
  const again = new Router({ clock, network }, B)
  again.configure(need(A))
  await clock.advance(10_000)
  assert.deepEqual([a.reports, again.reports], [['up peer', 'up peer'], ['up peer']])
  assert.equal(a.view.remoteDiscriminator, again.view.localDiscriminator)
  assert.deepEqual([a.view.upEvents, a.view.downEvents], [2, 1])
})

test('a peer that takes back its session by a Down that answers none of ours, as FRR does, has begun anew', async () => {
  const { clock, network, a, b } = await pair()
  const up = b.said.at(-1)?.packet
  assert.ok(up)
  b.forge(A, encode({ ...up, state: 'Down', diag: 'neighborDown' }))
  kill({ clock, network }, b)
  assert.ok(await clock.runUntil(() => a.isUp === false, 20))
  const again = new Router({ clock, network }, B)
  again.configure(need(A))
  await clock.advance(10_000)
  assert.deepEqual([a.reports, again.reports, a.view.downEvents], [['up peer', 'up peer'], ['up peer'], 1])
})

test('a peer that takes back its session and begins no other is down three seconds later', async () => {
  const { clock, network, a, b } = await pair()
  const up = b.said.at(-1)?.packet
  assert.ok(up)
  b.forge(A, encode({ ...up, state: 'Down', diag: 'neighborDown' }))
  kill({ clock, network }, b)
  await clock.advance(2900)
  assert.deepEqual(a.reports, ['up peer'])
  await clock.advance(200)
  const takenBack = 'down peer: BFD: the peer says it is down (Neighbor Signaled Session Down)'
  assert.deepEqual(a.reports, ['up peer', takenBack])
})

test('a peer that begins anew and does not come up in three seconds is down', async () => {
  const { clock, network, a, b } = await pair()
  kill({ clock, network }, b)
  const again = new Router({ clock, network }, B)
  again.configure(need(A))
  assert.ok(await clock.runUntil(() => a.isUp === false, 1500))
  kill({ clock, network }, again)
  await clock.advance(2900)
  assert.deepEqual(a.reports, ['up peer'])
  await clock.advance(200)
  assert.deepEqual(a.reports, ['up peer', RESTARTED])
})

/** A peer that has begun anew and is silent since: whether it is down is not known yet. */
async function inDoubt() {
  const world = await pair()
  const { clock, network, a, b } = world
  kill({ clock, network }, b)
  const again = new Router({ clock, network }, B)
  again.configure(need(A))
  assert.ok(await clock.runUntil(() => a.isUp === false, 1500))
  kill({ clock, network }, again)
  await clock.advance(1000)
  assert.deepEqual(a.reports, ['up peer'])
  return world
}

test('a peer that begins anew, and is looked for elsewhere before it comes up, is down all the same', async () => {
  const { clock, a } = await inDoubt()
  a.configure(need(B, {}, { link: null }))
  await clock.advance(10_000)
  assert.deepEqual(a.reports, ['up peer', RESTARTED])
})

test('a peer that begins anew, and comes up elsewhere in three seconds, is not down', async () => {
  const { clock, network, a } = await inDoubt()
  a.configure(need(B, {}, { link: null }))
  const again = new Router({ clock, network }, B)
  again.configure(need(A, {}, { link: null }))
  await clock.advance(10_000)
  assert.deepEqual(a.reports, ['up peer', 'up peer'])
})

test('a peer that begins anew, and is replaced by another router under its name, is nobody to tell of', async () => {
  const { clock, a } = await inDoubt()
  a.configure(need('192.0.2.3', {}, { local: A }))
  await clock.advance(10_000)
  assert.deepEqual(a.reports, ['up peer'])
})

test('a peer that begins anew, and is needed no more, is nobody to tell of; nor if it is needed again', async () => {
  const { clock, a } = await inDoubt()
  a.configure()
  a.configure(need(B))
  await clock.advance(10_000)
  assert.deepEqual(a.reports, ['up peer'])
})

test('needs of one place share a session; the first by name counts, and all are told', async () => {
  const { clock, network } = newWorld()
  const [a, b] = [new Router({ clock, network }, A), new Router({ clock, network }, B)]
  const second = need(B, { transmitMs: 700 }, { name: 'second', profile: 'slow' })
  a.configure(second, need(B, {}, { name: 'first' }))
  b.configure(need(A))
  await clock.advance(50)
  assert.deepEqual([a.reports, a.view.names, a.view.profile], [['up first second'], ['first', 'second'], 'fast'])
  assert.deepEqual([a.sessions.isUp('first'), a.sessions.isUp('second'), a.sessions.isUp('third')], [true, true, null])
  a.configure(second)
  await clock.advance(2000)
  assert.deepEqual([a.view.names, a.view.profile, a.view.intervalMs, a.isUp], [['second'], 'slow', 700, null])
  kill({ clock, network }, b)
  await clock.advance(500)
  assert.deepEqual([a.reports, b.reports], [['up first second', SILENT.replace('peer', 'second')], ['up peer']])
})

test('over several hops packets come to port 4784 with the TTL that the profile asks for', async () => {
  for (const [hops, minTtl, isUp] of [
    [0, 254, true],
    [1, 254, true],
    [2, 254, false],
    [2, 253, true],
    [200, 55, true],
    [201, 55, false],
  ] as const) {
    const { a, b } = await routed(hops, minTtl)
    assert.deepEqual([a.isUp, b.isUp], [isUp, isUp], `${hops} hops, at least ${minTtl}`)
    assert.ok(a.said.length > 0 && a.said.every(({ to }) => to.port === 4784))
  }
})

async function routed(hops: number, minTtl: number): Promise<Readonly<{ a: Router; b: Router }>> {
  const world = newWorld()
  const [a, b] = [new Router(world, A), new Router(world, B)]
  for (const router of [a, b]) router.hops = hops
  a.configure(need(B, { minTtl }, { link: null }))
  b.configure(need(A, { minTtl }, { link: null }))
  await world.clock.advance(500)
  return { a, b }
}

test('over one hop not a single router may be between', async () => {
  const world = newWorld()
  const [a, b] = [new Router(world, A), new Router(world, B)]
  a.hops = 1
  a.configure(need(B))
  b.configure(need(A))
  await world.clock.advance(5000)
  assert.deepEqual([a.isUp, b.isUp], [false, false])
  assert.ok((b.sessions.drops()['ttl'] ?? 0) >= 5)
})

test('another minimum TTL of a session over several hops does not end it', async () => {
  const { clock, a, b } = await pair(need(B, {}, { link: null }), need(A, {}, { link: null }))
  b.hops = 3
  await clock.advance(50)
  a.configure(need(B, { minTtl: 250 }, { link: null }))
  await clock.advance(10_000)
  assert.deepEqual([a.isUp, a.reports, b.reports], [true, ['up peer'], ['up peer']])
  a.configure(need(B, { minTtl: 254 }, { link: null }))
  await clock.advance(400)
  assert.deepEqual([a.isUp, a.reports.length], [false, 2])
})

/** A need over one hop and one over several. */
function both(to: string, local = to === A ? B : A, suffix = ''): BfdNeed[] {
  return [need(to, {}, { name: `near${suffix}`, local }), need(to, {}, { name: `far${suffix}`, local, link: null })]
}

test('one hop and several, IPv4 and IPv6, side by side', async () => {
  const { clock, network } = newWorld()
  const [a6, b6] = ['2001:db8::1', '2001:db8::2']
  const [a, b] = [new Router({ clock, network }, A, [a6]), new Router({ clock, network }, B, [b6])]
  a.configure(...both(B), ...both(b6, a6, '6'))
  b.configure(...both(A), ...both(a6, b6, '6'))
  await clock.advance(200)
  assert.deepEqual(
    [a, b].map(({ sessions }) => [...sessions.views()].map(({ state }) => state)),
    [
      ['Up', 'Up', 'Up', 'Up'],
      ['Up', 'Up', 'Up', 'Up'],
    ],
  )
  a.configure(need(B, {}, { name: 'far', link: null }))
  await clock.advance(5000)
  assert.deepEqual(
    [...b.sessions.views()].filter(({ state }) => state === 'Up').map(({ names }) => names),
    [['far']],
  )
})

test('the C bit of the peer is told when the session ends', async () => {
  const { clock, network, a, b } = await pair()
  const up = b.said.at(-1)?.packet
  assert.ok(up)
  b.forge(A, encode({ ...up, controlPlaneIndependent: true }))
  await clock.advance(5)
  assert.equal(a.view.remoteControlPlaneIndependent, true)
  kill({ clock, network }, b)
  await clock.advance(500)
  assert.deepEqual(a.independent, [true])
})

test('in demand mode of the peer nothing is sent but answers, and it is still watched', async () => {
  const { clock, network, a, b } = await pair()
  const up = b.said.at(-1)?.packet
  assert.ok(up)
  b.clock.stop()
  const said = a.said.length
  for (let times = 0; times < 20; times++) {
    b.forge(A, encode({ ...up, demand: true, poll: times === 10 }))
    await clock.advance(100)
  }
  const since = a.said.slice(said)
  assert.deepEqual([a.isUp, a.view.remoteDemand, a.view.intervalMs], [true, true, 0])
  assert.ok(since.length <= 3 && since.filter(({ packet }) => packet.final).length === 1, `${since.length} packets`)
  assert.ok(since.every(({ packet }) => !packet.demand))
  kill({ clock, network }, b)
  await clock.advance(400)
  assert.deepEqual(a.reports, ['up peer', SILENT])
})

test('a process that was stopped does not take its peers for down when it goes on', async () => {
  const { clock, network, a, b } = await pair()
  b.clock.stop()
  network.suspend(B)
  await clock.advance(2000)
  assert.deepEqual(a.reports, ['up peer', SILENT])
  network.resume(B)
  b.clock.continue()
  await clock.advance(1100)
  assert.deepEqual([a.isUp, b.isUp], [true, true])
  assert.ok(b.events.includes('bfdPaused'))
  assert.ok(
    b.reports.every((report) => report !== SILENT),
    b.reports.join('; '),
  )
})

test('while JavaScript is busy for a second nobody is lost', async () => {
  const { clock, a, b } = await pair()
  a.reflex.setBusy(true)
  await clock.advance(1000)
  a.reflex.setBusy(false)
  await clock.advance(5000)
  assert.deepEqual([a.reports, b.reports], [['up peer'], ['up peer']])
})
