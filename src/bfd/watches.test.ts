// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimBfdReflex } from '../../test/sim/bfd-reflex.ts'
import { SimClock } from '../../test/sim/clock.ts'
import { PausingClock } from '../../test/sim/clock-pausing.ts'
import { SimNetwork } from '../../test/sim/network.ts'
import { createLog } from '../lib/log.ts'
import type { Datagrams, Network, SocketAddress } from '../lib/sockets.ts'
import { decode, encode } from './codec.ts'
import { tagger } from './tag.ts'
import { Watches, type WatchesOptions } from './watches.ts'

const PORT = 7947
const KEY = Uint8Array.of(1, 2, 3)
const A = '192.0.2.1'
const B = '192.0.2.2'

type Overrides = Partial<Pick<WatchesOptions, 'key' | 'intervalMs' | 'multiplier' | 'random'>>

/** Numbers that differ from speaker to speaker and from start to start. */
let seeds = 0
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state / 2 ** 32
  }
}

/** A speaker on a simulated host, as far as it watches others. Its name is its address. */
class Speaker {
  readonly reports: string[] = []
  readonly lines: string[] = []
  readonly clock: PausingClock
  readonly reflex: SimBfdReflex
  readonly watches: Watches
  /** What it sent, as datagrams, and its socket: for those who repeat what they heard. */
  readonly said: Uint8Array[] = []
  socket: Datagrams | undefined

  constructor(world: World, address: string, overrides: Overrides = {}) {
    this.clock = new PausingClock(world.clock)
    const random = randomFrom(++seeds)
    this.reflex = new SimBfdReflex({ clock: this.clock, network: this.#tapped(world.network.host(address)), random })
    this.watches = new Watches({
      reflex: this.reflex,
      local: { address, port: PORT },
      intervalMs: 100,
      multiplier: 4,
      key: KEY,
      random,
      log: createLog('all', (line) => this.lines.push(line)),
      onUp: (name) => this.reports.push(`up ${name}`),
      onLost: ({ name, why }) => this.reports.push(`${why} ${name}`),
      onPaused: (pausedMs) => this.reports.push(`paused ${pausedMs > 1500}`),
      ...overrides,
    })
  }

  watch(...addresses: readonly string[]): void {
    this.watches.set(addresses.map((address) => ({ name: address, address, port: PORT })))
  }

  isUp(name: string): boolean {
    return this.watches.isUp(name)
  }

  #tapped(network: Network): Pick<Network, 'bindDatagrams'> {
    const bindDatagrams: Network['bindDatagrams'] = async (binding) => {
      const socket = await network.bindDatagrams(binding)
      const send = (to: SocketAddress, bytes: Uint8Array) => {
        this.said.push(bytes)
        socket.send(to, bytes)
      }
      this.socket = { local: socket.local, send, close: () => socket.close() }
      return this.socket
    }
    return { bindDatagrams }
  }
}

type World = Readonly<{ clock: SimClock; network: SimNetwork }>
type Pair = World & Readonly<{ a: Speaker; b: Speaker }>

function newWorld(): World {
  const clock = new SimClock()
  return { clock, network: new SimNetwork(clock) }
}

/** Two speakers that watch each other. */
async function pair(ofA: Overrides = {}, ofB: Overrides = {}): Promise<Pair> {
  const { clock, network } = newWorld()
  const a = new Speaker({ clock, network }, A, ofA)
  const b = new Speaker({ clock, network }, B, ofB)
  a.watch(B)
  b.watch(A)
  await clock.advance(500)
  return { clock, network, a, b }
}

/** The process and its host are gone from one moment to the next. */
function kill({ network }: World, speaker: Speaker, address: string): void {
  network.kill(address)
  speaker.clock.kill()
}

/** The payload of a datagram of the simulator, which has its TTL before it, without tag. */
const packetIn = (datagram: Uint8Array) => {
  const packet = decode(datagram.subarray(1))
  assert.ok(!('malformed' in packet))
  return packet
}

test('two that know of each other are Up at once, and agree on their pace', async () => {
  const { clock, network } = newWorld()
  const a = new Speaker({ clock, network }, A)
  const b = new Speaker({ clock, network }, B)
  a.watch(B)
  await clock.advance(5000)
  assert.deepEqual([a.isUp(B), a.reports], [false, []])
  b.watch(A)
  await clock.advance(20)
  assert.deepEqual([a.isUp(B), b.isUp(A)], [true, true])
  assert.deepEqual([a.reports, b.reports], [[`up ${B}`], [`up ${A}`]])
  const state = { name: B, state: 'Up', diag: 'none', intervalMs: 100, detectMs: 400 }
  assert.deepEqual([...a.watches.states()], [state])
})

test('in peace nobody is told anything, and no packet says anything new', async () => {
  const { clock, a, b } = await pair()
  const [told, said] = [a.watches.counters().told, b.said.length]
  await clock.advance(10_000)
  assert.equal(a.watches.counters().told, told)
  const packets = new Set(b.said.slice(said).map((bytes) => Buffer.from(bytes).toString('hex')))
  assert.equal(packets.size, 1)
  assert.ok(b.said.length - said >= 100 && b.said.length - said <= 134, `${b.said.length - said} packets in 10 s`)
  assert.equal(packetIn(b.said.at(-1) ?? new Uint8Array()).poll, false)
})

test('one that crashes is lost within its detection time, once', async () => {
  const { clock, network, a, b } = await pair()
  kill({ clock, network }, b, B)
  const sinceMs = clock.monotonicMs()
  assert.ok(await clock.runUntil(() => !a.isUp(B), 1000))
  const tookMs = clock.monotonicMs() - sinceMs
  assert.ok(tookMs > 290 && tookMs <= 401, `${tookMs} ms`)
  await clock.advance(30_000)
  assert.deepEqual(a.reports, [`up ${B}`, `silent ${B}`])
})

test('one that never was Up is never lost', async () => {
  const { clock, network } = newWorld()
  const a = new Speaker({ clock, network }, A)
  const b = new Speaker({ clock, network }, B)
  network.setLoss(A, B, 1)
  a.watch(B)
  b.watch(A)
  await clock.advance(5000)
  kill({ clock, network }, b, B)
  await clock.advance(20_000)
  assert.deepEqual(a.reports, [])
})

test('one that starts again so fast that nobody missed it is told from before by one exchange', async () => {
  const { clock, network, a, b } = await pair()
  kill({ clock, network }, b, B)
  const again = new Speaker({ clock, network }, B)
  again.watch(A)
  await clock.advance(20)
  assert.deepEqual(a.reports, [`up ${B}`, `restarted ${B}`, `up ${B}`])
  assert.deepEqual([a.isUp(B), again.isUp(A), again.reports], [true, true, [`up ${A}`]])
})

test('one that starts again and dies before it has proved anything is silent', async () => {
  const { clock, network, a, b } = await pair()
  kill({ clock, network }, b, B)
  const again = new Speaker({ clock, network }, B)
  network.setLoss(A, B, 1)
  again.watch(A)
  await clock.advance(10)
  assert.equal(a.isUp(B), false)
  kill({ clock, network }, again, B)
  await clock.advance(405)
  assert.deepEqual(a.reports, [`up ${B}`, `silent ${B}`])
})

test('one that closes, or watches us no more, is not lost', async () => {
  for (const end of ['close', 'set'] as const) {
    const { clock, a, b } = await pair()
    if (end === 'close') b.watches.close()
    else b.watch()
    b.watches.close()
    await clock.advance(5000)
    assert.deepEqual([a.isUp(B), a.reports], [false, [`up ${B}`]], end)
  }
})

test('the farewell is said three times, as nobody answers it', async () => {
  const { b } = await pair()
  const before = b.said.length
  b.watches.close()
  const farewells = b.said.slice(before).map((datagram) => packetIn(datagram).state)
  assert.deepEqual(farewells, ['AdminDown', 'AdminDown', 'AdminDown'])
})

test('where one hears nothing, it alone takes the other for lost; both are Up again when it hears', async () => {
  const { clock, network, a, b } = await pair()
  network.setLoss(B, A, 1)
  await clock.advance(3000)
  assert.deepEqual([a.reports, b.reports], [[`up ${B}`, `silent ${B}`], [`up ${A}`]])
  assert.deepEqual([a.isUp(B), b.isUp(A)], [false, false])
  const said = a.said.length + b.said.length
  await clock.advance(10_000)
  assert.ok(a.said.length + b.said.length - said <= 2 * 14, 'not Up, neither sends more than once a second')
  network.setLoss(B, A, 0)
  await clock.advance(1100)
  assert.deepEqual([a.isUp(B), b.isUp(A)], [true, true])
})

test('a partition is noticed on both sides, and its end', async () => {
  const { clock, network, a, b } = await pair()
  network.partition([A], [B])
  await clock.advance(405)
  assert.deepEqual(
    [a.reports, b.reports],
    [
      [`up ${B}`, `silent ${B}`],
      [`up ${A}`, `silent ${A}`],
    ],
  )
  network.heal()
  await clock.advance(1100)
  assert.deepEqual([a.isUp(B), b.isUp(A)], [true, true])
})

test('of two with other settings the slower counts, and each is patient by the multiplier of the other', async () => {
  const { clock, network, a, b } = await pair({}, { intervalMs: 300, multiplier: 2 })
  assert.deepEqual(
    [...a.watches.states(), ...b.watches.states()].map(({ intervalMs, detectMs }) => [intervalMs, detectMs]),
    [
      [300, 600],
      [300, 1200],
    ],
  )
  kill({ clock, network }, b, B)
  await clock.advance(300)
  assert.equal(a.isUp(B), true)
  await clock.advance(305)
  assert.deepEqual(a.reports, [`up ${B}`, `silent ${B}`])
})

test('while JavaScript is busy for a second nobody is lost', async () => {
  const { clock, a, b } = await pair()
  a.reflex.setBusy(true)
  await clock.advance(1000)
  a.reflex.setBusy(false)
  await clock.advance(5000)
  assert.deepEqual([a.reports, b.reports], [[`up ${B}`], [`up ${A}`]])
})

test('one that is stopped is lost, and does not take others for lost when it goes on', async () => {
  const { clock, network, a, b } = await pair()
  b.clock.stop()
  network.suspend(B)
  await clock.advance(2000)
  assert.deepEqual(a.reports, [`up ${B}`, `silent ${B}`])
  network.resume(B)
  b.clock.continue()
  await clock.advance(1100)
  assert.deepEqual(b.reports, [`up ${A}`, 'paused true', `up ${A}`])
  assert.deepEqual([a.isUp(B), b.isUp(A)], [true, true])
})

test('what stays in the set is not disturbed; another address is another session', async () => {
  const { clock, a, b } = await pair()
  const said = b.said.length
  b.watch(A, '192.0.2.3')
  b.watch(A, '192.0.2.3')
  await clock.advance(1)
  assert.equal(b.said.length - said, 1, 'one to the new one')
  assert.equal(b.isUp(A), true)
  a.watches.set([{ name: B, address: B, port: PORT + 1 }])
  assert.equal(a.isUp(B), false)
  assert.deepEqual(a.reports, [`up ${B}`])
})

const STRANGERS: [string, Overrides, Overrides, string][] = [
  ['another key', {}, { key: Uint8Array.of(9) }, 'wrongTag'],
  ['no key, where we have one', {}, { key: null }, 'wrongTag'],
]
for (const [name, ofA, ofB, drop] of STRANGERS) {
  test(`one with ${name} is not listened to`, async () => {
    const { clock, a, b } = await pair(ofA, ofB)
    await clock.advance(5000)
    assert.deepEqual([a.isUp(B), b.isUp(A), a.reports, b.reports], [false, false, [], []])
    assert.ok((Object.entries(a.watches.counters().refused).find(([key]) => key === drop)?.[1] ?? 0) > 0)
  })
}

test('two without keys watch each other', async () => {
  const { a, b } = await pair({ key: null }, { key: null })
  assert.deepEqual([a.isUp(B), b.isUp(A)], [true, true])
})

/** Somebody sends A in B's name what he has heard once. Nobody may be lost by that, and both be Up afterwards. */
const REPLAYS: [string, (pair: Pair, earlier: readonly Uint8Array[]) => Uint8Array | undefined][] = [
  ['the first packet of this session', ({ b }) => b.said[0]],
  ['the first packet of an earlier process', (_, earlier) => earlier[0]],
  ['"Up" of an earlier process', (_, earlier) => earlier.at(-1)],
  ['the farewell of an earlier process', (_, earlier) => earlier.find((said) => packetIn(said).state === 'AdminDown')],
  ['"Init" or "Up" with a poll of this session', ({ b }) => b.said.find((said) => packetIn(said).poll)],
  ['what A itself said first', ({ a }) => a.said[0]],
  ['what A itself says', ({ a }) => a.said.at(-1)],
]
for (const [name, pick] of REPLAYS) {
  test(`replay: ${name}`, async () => {
    const before = await pair()
    before.b.watches.close()
    const all = await pair()
    const datagram = pick(all, before.b.said)
    assert.ok(datagram)
    for (let times = 0; times < 3; times++) {
      all.b.socket?.send({ address: A, port: PORT }, datagram)
      await all.clock.advance(2000)
    }
    assert.deepEqual([all.a, all.b].map(losses), [[], []])
    assert.deepEqual([all.a.isUp(B), all.b.isUp(A)], [true, true])
  })
}

test('replay: whoever repeats an old "Down" all the time hides no death', async () => {
  const { clock, network, a, b } = await pair()
  const [first] = b.said
  assert.ok(first)
  kill({ clock, network }, b, B)
  const attacker = await network
    .host(B)
    .bindDatagrams({ local: { address: B, port: PORT }, onReceived: () => {}, onFault: () => {} })
  for (let times = 0; times < 50; times++) {
    attacker.send({ address: A, port: PORT }, first)
    await clock.advance(10)
  }
  assert.deepEqual(losses(a), [`silent ${B}`])
  assert.ok(a.watches.counters().refused.unproven > 10)
})

test('forged: packets without a right tag, of any content, change nothing', async () => {
  const { clock, a, b } = await pair()
  const last = packetIn(b.said.at(-1) ?? new Uint8Array())
  const forged = encode({ ...last, state: 'Down', diag: 'none' })
  for (const bytes of [forged, tagger(Uint8Array.of(9)).seal(forged), forged.subarray(0, 12)]) {
    b.socket?.send({ address: A, port: PORT }, Uint8Array.of(255, ...bytes))
  }
  await clock.advance(5000)
  assert.deepEqual([a.reports, a.isUp(B)], [[`up ${B}`], true])
  assert.equal(a.watches.counters().refused.wrongTag, 3)
})

test('malformed packets are counted by their name', async () => {
  const { clock, a, b } = await pair({ key: null }, { key: null })
  const good = Uint8Array.from(b.said.at(-1) ?? [])
  const broken = good.map((byte, at) => (at === 1 + 2 ? 0 : byte)) // the multiplier
  b.socket?.send({ address: A, port: PORT }, broken)
  b.socket?.send({ address: A, port: PORT }, good.subarray(0, 1 + 20))
  await clock.advance(10)
  const { detectMult, truncated } = a.watches.counters().refused
  assert.deepEqual([detectMult, truncated], [1, 1])
  assert.equal(a.isUp(B), true)
})

test('polls are answered until the answer is heard', async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const clock = new SimClock()
    const network = new SimNetwork(clock, { seed })
    const a = new Speaker({ clock, network }, A)
    const b = new Speaker({ clock, network }, B)
    network.setLoss('*', '*', 0.4)
    a.watch(B)
    b.watch(A)
    await clock.advance(10_000)
    network.setLoss('*', '*', 0)
    await clock.advance(3000)
    assert.deepEqual([a.isUp(B), b.isUp(A)], [true, true])
    for (const { said } of [a, b]) assert.equal(packetIn(said.at(-1) ?? new Uint8Array()).poll, false)
  }
})

test('whoever sends back what he gets is not taken for a speaker', async () => {
  const { clock, network } = newWorld()
  const a = new Speaker({ clock, network }, A)
  const echo: Datagrams = await network.host(B).bindDatagrams({
    local: { address: B, port: PORT },
    onReceived: (bytes, from) => echo.send(from, bytes),
    onFault: () => {},
  })
  a.watch(B)
  await clock.advance(5000)
  assert.deepEqual([a.isUp(B), a.reports], [false, []])
  assert.ok(a.watches.counters().refused.reflected >= 4)
})

test('another process that knows our discriminator takes the place of the one before', async () => {
  const { clock, network, a, b } = await pair()
  const last = packetIn(b.said.at(-1) ?? new Uint8Array())
  const sealed = tagger(KEY).seal(encode({ ...last, myId: (last.myId ^ 1) >>> 0 }))
  kill({ clock, network }, b, B)
  const local = { address: B, port: PORT }
  const again = await network.host(B).bindDatagrams({ local, onReceived: () => {}, onFault: () => {} })
  again.send({ address: A, port: PORT }, Uint8Array.of(255, ...sealed))
  await clock.advance(405)
  assert.deepEqual(a.reports, [`up ${B}`, `restarted ${B}`, `up ${B}`, `silent ${B}`])
})

test('discriminators are not 0 and differ, whatever chance gives', async () => {
  const { clock, network } = newWorld()
  for (const chance of [0, 1 - 2 ** -53]) {
    const address = chance === 0 ? A : B
    const one = new Speaker({ clock, network }, address, { random: () => chance, key: null })
    one.watch('192.0.2.7', '192.0.2.8', '192.0.2.9')
    await clock.advance(1)
    const ids = one.said.map((datagram) => packetIn(datagram).myId)
    assert.equal(new Set(ids).size, 3)
    assert.ok(!ids.includes(0))
    one.watches.close()
  }
})

test('a peer of the other IP family is not watched, and that is said once', async () => {
  const { clock, network } = newWorld()
  const a = new Speaker({ clock, network }, A)
  for (let times = 0; times < 3; times++) a.watch('2001:db8::2', B)
  assert.equal(a.isUp('2001:db8::2'), false)
  assert.equal(a.lines.filter((line) => line.includes('notWatched')).length, 1)
  assert.deepEqual(
    [...a.watches.states()].map(({ name }) => name),
    [B],
  )
})

test('after close nothing is sent, and what is asked is answered', async () => {
  const { clock, a } = await pair()
  a.watches.close()
  a.watches.close()
  a.watch(B)
  const said = a.said.length
  await clock.advance(5000)
  assert.equal(a.said.length, said)
  assert.deepEqual([a.isUp(B), [...a.watches.states()]], [false, []])
  assert.ok(a.watches.counters().sent > 0)
})

function losses({ reports }: Speaker): string[] {
  return reports.filter((report) => !report.startsWith('up'))
}
