// SPDX-License-Identifier: Apache-2.0
/**
 * What profiles can ask for, with FRR and BIRD: other intervals without a flap, echoes, passive and strict sides, and two
 * BGPPeers with one session. Run by bfd-terms.test.ts.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Frr } from '../../lab/routers/frr.ts'
import { profileOf } from '../../lab/routers/frr-config.ts'
import type { BfdPlan, Kind, NeighborPlan, Router } from '../../lab/routers/router.ts'
import { encode } from '../../src/bfd/codec.ts'
import { bfdProfile, every, nodeAt, OURS, THEIRS, theirs } from './bfd-objects.ts'
import {
  drop,
  isUp,
  type OurPeer,
  ourPeer,
  ourPeerIs,
  ourPeers,
  type Said,
  saidOf,
  saidSince,
  theirBfd,
  undrop,
} from './bfd-scene.ts'
import { advertisement, type Manifest, node, peer, pool, service } from './bgp-objects.ts'
import { BgpScene, eventually } from './bgp-scene.ts'

type Row = Readonly<{ name: string; kind: Kind; profile: object; bfd?: BfdPlan; ipv6?: boolean }>

const ECHO_MS = 50
const ECHOES = {
  kind: 'frr',
  profile: { ...every(300), echoMode: true, echoInterval: ECHO_MS },
  bfd: theirs(300, 3, { echoMs: ECHO_MS }),
} as const
const ROWS: readonly Row[] = [
  { name: 'frr', kind: 'frr', profile: every(400), bfd: theirs(100) },
  { name: 'bird', kind: 'bird', profile: every(400), bfd: theirs(100) },
  { name: 'echo', ...ECHOES },
  // FRR sends them with a form of its own: to our address, and bfdd answers ours, not the kernel.
  { name: 'echo6', ipv6: true, ...ECHOES },
  {
    name: 'passive',
    kind: 'frr',
    profile: { ...every(200), passiveMode: true },
    bfd: theirs(200, 3, { isPassive: true }),
  },
  {
    name: 'passive-bird',
    kind: 'bird',
    profile: { ...every(200), passiveMode: true },
    bfd: theirs(200, 3, { isPassive: true }),
  },
  { name: 'listener', kind: 'frr', profile: { ...every(200), passiveMode: true }, bfd: theirs(200) },
  { name: 'strict', kind: 'frr', profile: { ...every(200), strictStart: true } },
  { name: 'shared', kind: 'bird', profile: every(200), bfd: theirs(200) },
]

const scene = await BgpScene.build(['node', ...ROWS.map(({ name }) => name)])
const us = scene.ipv4('node')

function endsOf({ name, ipv6 }: Row): Pick<NeighborPlan, 'address' | 'localAddress'> {
  return ipv6
    ? { address: scene.ipv6('node'), localAddress: scene.ipv6(name) }
    : { address: us, localAddress: scene.ipv4(name) }
}

function bgpPeer(row: Row, more: object = {}): object {
  return { myASN: OURS, peerASN: THEIRS, peerAddress: endsOf(row).localAddress, bfdProfile: row.name, ...more }
}

async function startRouter(row: Row): Promise<[string, Router]> {
  const { name, kind, bfd } = row
  const router = scene.router(kind, name, ['zebra', 'bfdd'])
  const neighbor = nodeAt(endsOf(row), bfd && { bfd })
  await router.start({ asn: THEIRS, routerId: scene.ipv4(name), neighbors: [neighbor] })
  return [name, router]
}

function profiles(changed: Readonly<Record<string, object>> = {}): Manifest[] {
  return ROWS.map(({ name, profile }) => bfdProfile(name, changed[name] ?? profile))
}

scene.write('base', [
  node('node', us),
  pool(),
  // Echoes and IPv6 addresses exclude each other, and the pool has some.
  advertisement('most', { peers: ROWS.flatMap(({ name, bfd }) => (bfd?.echoMs ? [] : [name])) }),
  ...service('web', ['198.51.100.7']),
  ...ROWS.map((row) => peer(row.name, bgpPeer(row))),
  ...ROWS.filter(({ name }) => name === 'shared').map((row) => peer('shared-again', bgpPeer(row, { peerPort: 1790 }))),
])
scene.write('profiles', profiles())
// Echoes addressed to a router come back by its forwarding.
await scene.host('echo').run(['sysctl', '-qw', 'net.ipv4.ip_forward=1'])
const routers = new Map(await Promise.all(ROWS.map(startRouter)))
const speaker = await scene.speaker('node')

const told = (name: string) => (): readonly Said[] => saidOf(scene, speaker, name)

function routerOf(name: string): Router {
  const router = routers.get(name)
  assert(router)
  return router
}

async function ours(name: string, isSo: (peer: OurPeer) => boolean): Promise<OurPeer> {
  const says = (): string => `${routerOf(name).describe()} ${JSON.stringify(told(name)(), null, 1)}`
  return await ourPeerIs({ host: 'node', name, says }, isSo)
}

type FrrPeer = Readonly<{
  peer: string
  uptime: number
  'remote-transmit-interval': number
  'remote-receive-interval': number
  'remote-echo-receive-interval': number
  'session-down': number
  'echo-packet-input': number
  'control-packet-input': number
}>

async function frrTells(name: string, what: 'peers' | 'peers counters'): Promise<FrrPeer> {
  const router = routerOf(name)
  assert(router instanceof Frr)
  const all: readonly FrrPeer[] = JSON.parse(await router.ask('bfdd', `show bfd ${what} json`))
  const found = all.find((one) => one.peer === us || one.peer === scene.ipv6('node'))
  assert(found, `${name} has no BFD with us`)
  return found
}

await suite('what profiles ask for', { concurrency: 4 }, () => {
  test('other intervals are agreed on with FRR and BIRD, and nobody notices more', async () => {
    for (const name of ['frr', 'bird']) await ours(name, isUp)
    await birdHas(/ Up .* 0\.400 +1\.200$/)
    await eventually(
      async () => ((await frrTells('frr', 'peers')).uptime >= 1 ? true : undefined),
      () => 'uptime',
    )
    const before = await frrTells('frr', 'peers')
    assert.equal(before['remote-transmit-interval'], 400)
    // FRR makes its session anew when BGP comes up, which may have been a second time Up.
    const upEvents = new Map<string, number | undefined>()
    for (const name of ['frr', 'bird']) upEvents.set(name, (await ourPeer('node', name)).bfd?.upEvents)
    const beforeMs = await birdUpAtMs()
    scene.write('profiles', profiles({ frr: every(150, 5), bird: every(250, 4) }))
    const after = await eventually(
      async () => {
        const seen = await frrTells('frr', 'peers')
        return seen['remote-transmit-interval'] === 150 && seen['remote-receive-interval'] === 150 ? seen : undefined
      },
      async () => JSON.stringify(await frrTells('frr', 'peers')),
    )
    assert.ok(after.uptime >= before.uptime)
    await birdHas(/ Up .* 0\.250 +1\.000$/)
    assert.ok(Math.abs((await birdUpAtMs()) - beforeMs) < 100, 'it is Up since the same moment')
    for (const name of ['frr', 'bird']) {
      const { flaps, bfd } = await ours(
        name,
        (one) => isUp(one) && one.bfd?.intervalMs === (name === 'frr' ? 150 : 250),
      )
      assert.deepEqual([flaps, bfd?.upEvents], [0, upEvents.get(name)], JSON.stringify(told(name)(), null, 1))
    }
    assert.equal((await frrTells('frr', 'peers counters'))['session-down'], 0)
  })

  for (const name of ['echo', 'echo6']) {
    test(`${name}: both ways with FRR; it need not send more often than once a second; and no echo is the end`, async () => {
      const { bfd } = await ours(name, (one) => isUp(one) && (one.bfd?.counters.echoIn ?? 0) > 10)
      assert.deepEqual(bfd?.echo, { intervalMs: ECHO_MS, detectMs: 3 * ECHO_MS })
      assert.ok(bfd.detectMs >= 3000, `control packets are waited for ${bfd.detectMs} ms`)
      await eventually(
        async () => ((await frrTells(name, 'peers counters'))['echo-packet-input'] > 10 ? true : undefined),
        async () => `its echoes do not come back: ${JSON.stringify(await frrTells(name, 'peers counters'))}`,
      )
      if (name === 'echo6') await ours(name, (one) => (one.bfd?.counters.looped ?? 0) > 10)
      const rate = await controlRate(name)
      assert.ok(rate < 2.5, `FRR sends ${rate} control packets a second`)
      const sinceMs = Date.now()
      await drop(routerOf(name), 'forward udp dport 3785', 'input udp dport 3785')
      const down = await saidSince(told(name), 'sessionDown', sinceMs)
      assert.match(
        down.msg,
        /no echo came back for 150 ms \(Echo Function Failed\)|peer says it is down \(Echo Function/,
      )
      await undrop(routerOf(name))
      await ours(name, (one) => isUp(one) && (one.bfd?.echo ?? null) !== null)
    })
  }

  for (const name of ['passive', 'passive-bird']) {
    test(`${name}: where both wait there is no BFD, and BGP does without`, async () => {
      // FRR makes its session anew when BGP comes up, and the end of the old one is a packet that we answer.
      await ours(name, ({ state, bfd }) => state === 'Established' && bfd?.state === 'Down')
      await sleep(1500) // a side that begins would have spoken by then
      const { bfd, flaps } = await ourPeer('node', name)
      assert.deepEqual([bfd?.upEvents, flaps], [0, 0])
      assert.ok((bfd?.counters.controlIn ?? 9) <= 1, 'it speaks')
      assert.equal((await theirBfd(routerOf(name), us)).isUp, false)
    })
  }

  test('passive on our side alone: the peer begins', async () => {
    await ours('listener', isUp)
  })

  test('strictStart: BGP waits for BFD, and is up as soon as that is', async () => {
    await ours('strict', ({ state, withheld }) => state !== 'Established' && withheld?.reason === 'waitsForBfd')
    const router = routerOf('strict')
    assert.ok(router instanceof Frr)
    const profile = profileOf(us)
    const sinceMs = Date.now()
    await router.ask('bfdd', `configure terminal\nbfd\nprofile ${profile}\ntransmit-interval 200`)
    await router.command(`configure terminal\nrouter bgp ${THEIRS}\nneighbor ${us} bfd profile ${profile}`)
    await ours('strict', isUp)
    const [bfdUp, bgpUp] = [
      await saidSince(told('strict'), 'bfdUp', sinceMs),
      await saidSince(told('strict'), 'sessionUp', sinceMs),
    ]
    const tookMs = bgpUp.atMs - bfdUp.atMs
    assert.ok(tookMs >= 0 && tookMs < 1000, `BGP was up ${tookMs} ms after BFD`)
  })

  test('two BGPPeers with one address have one session', async () => {
    await ours('shared', isUp)
    const { bfd } = await ourPeers('node')
    const there = bfd.filter(({ address }) => address === scene.ipv4('shared'))
    assert.deepEqual(
      there.map(({ peers }) => peers),
      [['shared', 'shared-again']],
    )
  })

  test('a packet with the A bit is dropped by that name, and nothing else happens', async () => {
    await ours('shared', isUp)
    const packet = encode({
      state: 'AdminDown',
      diag: 'none',
      poll: false,
      final: false,
      controlPlaneIndependent: false,
      demand: false,
      detectMult: 3,
      myId: 1,
      yourId: 0,
      desiredMinTxUs: 1e6,
      requiredMinRxUs: 1e6,
      requiredMinEchoRxUs: 0,
    })
    // Simple password (RFC 5880 §4.2) of one octet, with key 1.
    const bytes = Buffer.from([...packet, 1, 4, 1, 0x78])
    bytes[1] = 0x04
    bytes[3] = bytes.length
    await sendFrom('shared', bytes)
    await eventually(
      async () => ((await ourPeers('node')).bfdDropped['authentication'] === 1 ? true : undefined),
      async () => JSON.stringify((await ourPeers('node')).bfdDropped),
    )
    const { flaps, bfd } = await ourPeer('node', 'shared')
    assert.deepEqual([flaps, bfd?.state, bfd?.downEvents], [0, 'Up', 0])
  })
})

/** A BFD packet from that router's address, as RFC 5881 wants it to arrive. */
async function sendFrom(name: string, bytes: Buffer): Promise<void> {
  const program = `
    const socket = require('node:dgram').createSocket('udp4')
    socket.bind(0, '${scene.ipv4(name)}', () => {
      socket.setTTL(255)
      socket.send(Buffer.from('${bytes.toString('hex')}', 'hex'), 3784, '${us}', () => socket.close())
    })`
  await scene.host(name).run([process.execPath, '-e', program])
}

/** Since when, as the clock says; it is off by a millisecond each time that one asks. */
async function birdUpAtMs(): Promise<number> {
  const [, since = ''] = await birdHas(/ Up +(\S+)/)
  return Date.parse(`2000-01-01T${since}Z`)
}

async function birdTells(): Promise<string> {
  return (await theirBfd(routerOf('bird'), us)).text.trimEnd()
}

async function birdHas(words: RegExp): Promise<RegExpExecArray> {
  return await eventually(async () => words.exec(await birdTells()) ?? undefined, birdTells)
}

/** Control packets that come from this peer in a second, once it has settled. */
async function controlRate(name: string): Promise<number> {
  const count = async (): Promise<number> => (await ourPeer('node', name)).bfd?.counters.controlIn ?? 0
  await sleep(1000)
  const [before, startedMs] = [await count(), performance.now()]
  await sleep(2000)
  return ((await count()) - before) / ((performance.now() - startedMs) / 1000)
}
