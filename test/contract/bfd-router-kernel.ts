// SPDX-License-Identifier: Apache-2.0
/** BFD's sockets and echoes on Linux; bfd-router.test.ts runs this file in a network namespace of its own. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { BfdPeer, ReflexId } from '../../src/lib/bfd-reflex.ts'
import { type KernelStage, openKernelStage } from './bfd-router-scene.ts'
import {
  bfdRouterContract,
  FAR_ID,
  hear,
  introduce,
  isFault,
  NEAR_ID,
  PORT,
  packet,
  peerOf,
  SILENT,
  wildcard,
} from './bfd-router-suite.ts'

const IPV4 = ['198.51.0.1', '198.51.0.2'] as const
const IPV6 = ['fd51::1', 'fd51::2'] as const
const LINK_LOCAL = ['fe80::1', 'fe80::2'] as const
const FAMILIES = [
  ['IPv4', IPV4],
  ['IPv6', IPV6],
] as const

for (const [family, [near, far]] of FAMILIES)
  bfdRouterContract(`kernel, ${family}`, () => openKernelStage({ near, far }))

function on(title: string, [near, far]: readonly [string, string], body: (stage: KernelStage) => Promise<void>): void {
  void test(`kernel: ${title}`, async () => {
    const stage = await openKernelStage({ near, far })
    try {
      await body(stage)
    } finally {
      await stage.close()
    }
  })
}

type Ends = Readonly<{ nearSession: ReflexId; farSession: ReflexId }>

async function connectBy(stage: KernelStage, suffix: string, sockets: readonly [ReflexId, ReflexId]): Promise<Ends> {
  const { near, far, at } = stage
  const by = (peer: BfdPeer, device: string): BfdPeer => ({ ...peer, device: `${device}${suffix}` })
  const id = suffix === '' ? 0 : 1
  const nearSession = near.openSession(sockets[0], by(peerOf(at.far, at.near, NEAR_ID + id), 'near'))
  const farSession = await far.openSession(sockets[1], by(peerOf(at.near, at.far, FAR_ID + id), 'far'))
  return { nearSession, farSession }
}

async function openSockets({ near, far, at }: KernelStage): Promise<readonly [ReflexId, ReflexId]> {
  const local = { address: wildcard(at.near), port: PORT }
  return [near.openSocket(local, { ttl: 255 }), await far.openSocket(local, { ttl: 255 })]
}

on('one link-local address on two interfaces is two peers', LINK_LOCAL, async (stage) => {
  const { near, far } = stage
  const { told, silences } = hear(stage)
  const sockets = await openSockets(stage)
  const first = await connectBy(stage, '', sockets)
  const second = await connectBy(stage, '2', sockets)
  await far.send(first.farSession, packet(1, 0))
  await far.send(second.farSession, packet(2, 0))
  await far.send(second.farSession, packet(3, NEAR_ID + 1))
  assert.ok(await stage.until(() => told.length === 3))
  const heard = told.map(({ session, bytes, from }) => `${bytes[7]} to ${session} from ${from.address}`)
  assert.deepEqual(
    new Set(heard),
    new Set([
      `1 to ${first.nearSession} from fe80::2`,
      `2 to ${second.nearSession} from fe80::2`,
      `3 to ${second.nearSession} from fe80::2`,
    ]),
  )
  await far.send(first.farSession, packet(4, NEAR_ID + 1))
  assert.ok(await stage.until(() => near.counters().dropped.interface === 1))
  near.send(second.nearSession, packet(5, FAR_ID + 1))
  assert.ok(await stage.until(async () => (await far.told()).length === 1))
  assert.equal((await far.told())[0]?.session, second.farSession)
  near.setEcho(second.nearSession, { intervalUs: 20_000, detectUs: 400_000 })
  assert.ok(await stage.until(() => near.sessionCounters(second.nearSession).echoIn >= 5))
  assert.ok((await far.sessionCounters(second.farSession)).looped >= 5)
  assert.deepEqual(silences, [])
})

for (const [family, at] of FAMILIES) {
  on(`${family} by an interface that the peer is not on is neither sent nor heard`, at, async (stage) => {
    const { near, far } = stage
    const { told } = hear(stage)
    const sockets = await openSockets(stage)
    const elsewhere = near.openSession(sockets[0], { ...peerOf(at[1], at[0], NEAR_ID), device: 'near2' })
    const farSession = await far.openSession(sockets[1], { ...peerOf(at[0], at[1], FAR_ID), device: 'far' })
    await far.send(farSession, packet(1, NEAR_ID))
    assert.ok(await stage.until(() => near.counters().dropped.interface === 1))
    near.send(elsewhere, packet(1, FAR_ID))
    const here = near.openSession(sockets[0], { ...peerOf(at[1], at[0], NEAR_ID), device: 'near' })
    await far.send(farSession, packet(2, NEAR_ID))
    assert.ok(await stage.until(() => told.length === 1))
    assert.equal(told[0]?.session, here)
    near.send(here, packet(2, FAR_ID))
    assert.ok(await stage.until(async () => (await far.told()).length > 0))
    assert.deepEqual(
      (await far.told()).map(({ bytes }) => bytes[7]),
      [2],
    )
  })

  on(`${family}: a socket hears its interface only, and its sessions leave by it`, at, async (stage) => {
    const { near, far } = stage
    const { told } = hear(stage)
    const local = { address: wildcard(at[0]), port: PORT }
    const sockets = [
      near.openSocket(local, { ttl: 255, device: 'near2' }),
      near.openSocket(local, { ttl: 255, device: 'near' }),
    ]
    const farSocket = await far.openSocket(local, { ttl: 255 })
    const farSession = await far.openSession(farSocket, { ...peerOf(at[0], at[1], FAR_ID), device: 'far' })
    await far.send(farSession, packet(1, NEAR_ID))
    assert.ok(await stage.until(() => told.length === 1))
    assert.deepEqual([told[0]?.socket, told[0]?.session], [sockets[1], null])
    const [wrong, right] = sockets.map((socket) => near.openSession(socket, peerOf(at[1], at[0], NEAR_ID)))
    near.send(wrong ?? 0, packet(1, FAR_ID))
    near.send(right ?? 0, packet(2, FAR_ID))
    assert.ok(await stage.until(async () => (await far.told()).length > 0))
    assert.deepEqual(
      (await far.told()).map(({ bytes }) => bytes[7]),
      [2],
    )
  })
}

on('IPv4 echoes come back from a kernel that forwards, and its reflex leaves them alone', IPV4, async (stage) => {
  const { near, far } = stage
  stage.forward('far', true)
  const heard = hear(stage)
  const ends = { ...heard, ...(await connectEnds(stage)) }
  await introduce(stage, ends)
  near.setEcho(ends.nearSession, { intervalUs: 20_000, detectUs: 400_000 })
  await far.setEcho(ends.farSession, { intervalUs: 20_000, detectUs: 0 }) // its packet socket sees ours
  assert.ok(await stage.until(() => near.sessionCounters(ends.nearSession).echoIn >= 10))
  const { echoIn, echoOut } = near.sessionCounters(ends.nearSession)
  assert.ok(echoIn <= echoOut)
  assert.equal((await far.sessionCounters(ends.farSession)).looped, 0)
  assert.deepEqual(heard.silences, [])
})

async function connectEnds(
  stage: KernelStage,
): Promise<Ends & Readonly<{ nearSocket: ReflexId; farSocket: ReflexId }>> {
  const { near, far, at } = stage
  const [nearSocket, farSocket] = await openSockets(stage)
  const nearSession = near.openSession(nearSocket, peerOf(at.far, at.near, NEAR_ID))
  const farSession = await far.openSession(farSocket, peerOf(at.near, at.far, FAR_ID))
  return { nearSocket, farSocket, nearSession, farSession }
}

for (const [family, at] of FAMILIES) {
  on(`${family} echoes that a peer makes up count for nothing, and come back with one hop less`, at, async (stage) => {
    const { near } = stage
    const heard = hear(stage)
    const ends = { ...heard, ...(await connectEnds(stage)) }
    await introduce(stage, ends)
    near.setEcho(ends.nearSession, { intervalUs: 20_000, detectUs: 400_000 })
    await stage.far.closeSession(ends.farSession)
    await stage.pass(100) // what is on its way comes back
    const before = near.sessionCounters(ends.nearSession)
    const bytes = Buffer.alloc(24)
    bytes.writeUInt32BE(NEAR_ID, 4)
    bytes.writeUInt32BE(7, 12)
    const made = { to: at[0], port: 3785, from: at[1], bytes, times: 20 }
    await stage.strange({ ...made, ttl: 254 })
    assert.ok(await stage.until(() => heard.silences.length === 1))
    assert.ok(near.counters().dropped.ttl >= 20)
    await stage.strange({ ...made, ttl: 255 })
    assert.ok(await stage.until(() => near.sessionCounters(ends.nearSession).looped === before.looped + 20))
    assert.equal(near.sessionCounters(ends.nearSession).echoIn, before.echoIn)
  })

  on(`a flood of ${family} echoes is sent back in part`, at, async (stage) => {
    const { near } = stage
    hear(stage)
    const { nearSession } = await connectEnds(stage)
    const flood = { to: at[0], port: 3785, from: at[1], ttl: 255, bytes: Buffer.alloc(24), times: 100 }
    for (let i = 0; i < 6; i++) await stage.strange(flood)
    const looped = () => near.sessionCounters(nearSession).looped
    // Some may overflow the kernel's buffer before.
    assert.ok(await stage.until(() => looped() >= 200 && near.counters().dropped.flood >= 50))
    assert.ok(looped() <= 400, `${looped()} sent back`) // at most two seconds' share
    await stage.strange({ ...flood, bytes: Buffer.alloc(257), times: 1 })
    assert.ok(await stage.until(() => near.counters().dropped.oversized === 1))
  })

  on(`${family} echoes of who has no session are not sent back`, at, async (stage) => {
    const { near, far } = stage
    hear(stage)
    const { nearSession } = await connectEnds(stage)
    const other = at[1].replace(/2$/, '9') // that no session has
    await stage.strange({ to: at[0], port: 3785, from: other, ttl: 255, bytes: Buffer.alloc(24), times: 20 })
    await stage.strange({ to: at[0], port: 3785, from: at[1], ttl: 255, bytes: Buffer.alloc(24), times: 1 })
    assert.ok(await stage.until(() => near.sessionCounters(nearSession).looped === 1))
    assert.deepEqual(await far.told(), [])
  })
}

on('an address that this node lacks, and an interface that does not exist, are told by name', IPV4, async (stage) => {
  const { near, at } = stage
  const [socket] = await openSockets(stage)
  assert.throws(() => near.openSession(socket, peerOf(at.far, '198.51.0.77', NEAR_ID)), isFault('noAddress'))
  const nowhere = { ...peerOf(at.far, at.near, NEAR_ID), device: 'nowhere' }
  assert.throws(() => near.openSession(socket, nowhere), isFault('noLink'))
  assert.throws(
    () => near.openSocket({ address: '0.0.0.0', port: 1 }, { ttl: 255, device: 'nowhere' }),
    isFault('noLink'),
  )
  const long = { ...nowhere, device: 'a-name-of-sixteen' }
  assert.throws(() => near.openSession(socket, long), isFault('noLink'))
  const session = near.openSession(socket, { ...peerOf(at.far, at.near, NEAR_ID), device: 'near' })
  near.setSession(session, SILENT, false)
})

on('echoes whose port another process has are refused, and can be had later', IPV6, async (stage) => {
  const { near } = stage
  const heard = hear(stage)
  const other = createSocket({ type: 'udp6', ipv6Only: true })
  other.bind(3785, '::')
  await once(other, 'listening')
  const ends = { ...heard, ...(await connectEnds(stage)) }
  await introduce(stage, ends)
  const echo = { intervalUs: 20_000, detectUs: 200_000 }
  assert.throws(() => near.setEcho(ends.nearSession, echo), isFault('addressInUse'))
  await stage.pass(400)
  assert.deepEqual([near.sessionCounters(ends.nearSession).echoOut, near.counters().unsent, heard.silences], [0, 0, []])
  other.close()
  await once(other, 'close')
  near.setEcho(ends.nearSession, echo)
  assert.ok(await stage.until(() => near.sessionCounters(ends.nearSession).echoIn >= 5))
})

on(
  'while IPv4 echoes come back the kernel is not asked where the peer is, which may take long',
  IPV4,
  async (stage) => {
    const { near } = stage
    const ends = { ...hear(stage), ...(await connectEnds(stage)) }
    await introduce(stage, ends)
    const echoIn = () => near.sessionCounters(ends.nearSession).echoIn
    near.setEcho(ends.nearSession, { intervalUs: 500_000, detectUs: 0 })
    assert.ok(await stage.until(() => echoIn() >= 2))
    const [mac] = execFileSync('ip', ['neigh', 'show', stage.at.far], { encoding: 'utf8' }).match(/\S+:\S+/) ?? ['']
    const say = (is: string) => execFileSync('ip', `neigh replace ${stage.at.far} lladdr ${is} dev near`.split(' '))
    say('02:00:00:00:00:77')
    const before = echoIn()
    assert.ok(await stage.until(() => echoIn() >= before + 4), 'echoes go where they came from')
    near.setEcho(ends.nearSession, null)
    await stage.pass(1100) // it may have moved
    near.setEcho(ends.nearSession, { intervalUs: 20_000, detectUs: 0 })
    const lost = near.sessionCounters(ends.nearSession)
    assert.ok(await stage.until(() => near.sessionCounters(ends.nearSession).echoOut >= lost.echoOut + 5))
    assert.equal(echoIn(), lost.echoIn)
    say(mac)
    assert.ok(await stage.until(() => echoIn() >= lost.echoIn + 5), 'asked again')
  },
)

/** How many packet sockets this namespace has. */
function packetSockets(): number {
  return readFileSync('/proc/net/packet', 'utf8').trim().split('\n').length - 1
}

on('a packet socket is there only while IPv4 echoes need it', IPV4, async (stage) => {
  const { near } = stage
  stage.forward('near', true)
  stage.forward('far', true)
  const ends = { ...hear(stage), ...(await connectEnds(stage)) }
  await introduce(stage, ends)
  assert.equal(packetSockets(), 0)
  near.setEcho(ends.nearSession, { intervalUs: 20_000, detectUs: 0 })
  assert.equal(packetSockets(), 1)
  near.setEcho(ends.nearSession, null)
  assert.ok(await stage.until(() => packetSockets() === 0))
  near.setEcho(ends.nearSession, { intervalUs: 20_000, detectUs: 0 })
  assert.ok(await stage.until(() => near.sessionCounters(ends.nearSession).echoIn >= 5))
  near.closeSession(ends.nearSession)
  assert.ok(await stage.until(() => packetSockets() === 0))
})

for (const device of [undefined, 'near']) {
  const where = device === undefined ? 'its session' : 'its socket'
  on(`an interface that is made anew cuts off who was bound to the old one by ${where}`, IPV4, async (stage) => {
    const { near, far, at } = stage
    const { told } = hear(stage)
    const open = () => near.openSocket({ address: '0.0.0.0', port: PORT }, { ttl: 255, ...(device ? { device } : {}) })
    const peer = { ...peerOf(at.far, at.near, NEAR_ID), device: 'near' }
    const socket = open()
    const session = near.openSession(socket, peer)
    const farSocket = await far.openSocket({ address: '0.0.0.0', port: PORT }, { ttl: 255 })
    const farSession = await far.openSession(farSocket, peerOf(at.near, at.far, FAR_ID))
    assert.equal(near.isCutOff(session), false)
    await stage.remake()
    assert.equal(near.isCutOff(session), true)
    const { unsent } = near.counters()
    near.send(session, packet(1, FAR_ID))
    assert.equal(near.counters().unsent, unsent + 1)
    near.closeSocket(socket)
    assert.equal(near.isCutOff(session), false)
    const again = near.openSession(open(), peer)
    await far.send(farSession, packet(2, NEAR_ID))
    assert.ok(await stage.until(() => told.length === 1))
    assert.deepEqual([told[0]?.session, near.isCutOff(again)], [again, false])
  })
}
