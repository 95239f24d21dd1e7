// SPDX-License-Identifier: Apache-2.0
/** Somebody who can send to an unencrypted ring whatever he wants: what he cannot do. In simulated time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeMessage } from '../../src/gossip/codec.ts'
import { LAST_INCARNATION, MEMBERLIST_VERSIONS } from '../../src/gossip/member.ts'
import { MOST_MEMBERS } from '../../src/gossip/members.ts'
import type { Message } from '../../src/gossip/messages.ts'
import { type Envelope, sealPacket } from '../../src/gossip/packet.ts'
import { sealStream } from '../../src/gossip/stream.ts'
import type { ByteStream, Datagrams, Network } from '../../src/lib/sockets.ts'
import { type Node, Ring, randomFrom } from './gossip-ring.ts'

const PORT = 7946
const ADDRESS = '10.66.6.6'
const BARE: Envelope = { key: null, label: '', compress: true, verifyIncoming: false, verifyOutgoing: false }
const NOTHING = new Uint8Array(0)
const OWN = Uint8Array.of(10, 66, 6, 6)

/** A host that belongs to no ring, and what it has received. */
class Intruder {
  readonly network: Network
  readonly #datagrams: Datagrams
  readonly #heard: { packets: number }

  constructor(network: Network, datagrams: Datagrams, heard: { packets: number }) {
    this.network = network
    this.#datagrams = datagrams
    this.#heard = heard
  }

  static async into(ring: Ring): Promise<Intruder> {
    const network = ring.network.host(ADDRESS)
    const heard = { packets: 0 }
    const onReceived = (): unknown => heard.packets++
    const datagrams = await network.bindDatagrams({ local: { address: ADDRESS, port: PORT }, onReceived, onFault() {} })
    return new Intruder(network, datagrams, heard)
  }

  get packets(): number {
    return this.#heard.packets
  }

  send(to: Node, bytes: Uint8Array): void {
    this.#datagrams.send({ address: to.address, port: PORT }, bytes)
  }

  say(to: Node, ...messages: readonly Message[]): void {
    this.send(to, sealPacket(messages.map(encodeMessage), BARE))
  }

  connect(to: Node): Promise<ByteStream> {
    return this.network.connectStream({ address: to.address, port: PORT }, { timeoutMs: 1_000 })
  }
}

const source = { sourceAddress: OWN, sourcePort: PORT, sourceNode: 'intruder' }
const own = { address: OWN, port: PORT, meta: NOTHING, versions: MEMBERLIST_VERSIONS }
const alive = (node: string): Message => ({ type: 'alive', incarnation: 1, node, ...own })
const pushPull = (count: number): Message => {
  const nodes = Array.from({ length: count }, (_, index) => {
    const name = `n${index}`
    return { name, incarnation: 1, state: 'alive' as const, ...own }
  })
  return { type: 'pushPull', nodes, userState: NOTHING, join: true }
}

const SAMPLES: readonly Message[] = [
  { type: 'ping', sequence: 1, node: 'node0', ...source },
  { type: 'indirectPing', sequence: 2, target: OWN, port: PORT, node: 'node1', nack: true, ...source },
  { type: 'ack', sequence: 3, payload: Buffer.from('payload') },
  { type: 'nack', sequence: 4 },
  { type: 'suspect', incarnation: 1, node: 'node1', from: 'node2' },
  { type: 'dead', incarnation: 1, node: 'node2', from: 'node1' },
  alive('intruder'),
  { type: 'user', bytes: Buffer.from('anything') },
]

function mutated(bytes: Uint8Array, random: () => number): Uint8Array {
  const out = Uint8Array.from(bytes)
  const changes = Math.floor(random() * 4)
  for (let i = 0; i < changes; i++) out[Math.floor(random() * out.length)] = Math.floor(random() * 256)
  return random() < 0.3 ? out.subarray(0, Math.floor(random() * out.length)) : out
}

test('20,000 datagrams and 500 streams with changed bytes: nothing breaks, and the ring is whole once it is over', async () => {
  const ring = await Ring.of(3)
  const intruder = await Intruder.into(ring)
  const random = randomFrom(99)
  const packets = SAMPLES.map((message) => sealPacket([encodeMessage(message)], BARE))
  packets.push(
    sealPacket(SAMPLES.map(encodeMessage), BARE),
    sealPacket(SAMPLES.map(encodeMessage), BARE, { crc: true }),
  )
  const streams = [pushPull(3), ...SAMPLES].map((message) => sealStream(encodeMessage(message), BARE))
  for (let i = 0; i < 20_000; i++) {
    intruder.send(ring.node(i % 3), mutated(packets[i % packets.length] ?? NOTHING, random))
    if (i % 40 === 0) {
      const stream = await ring.awaited(intruder.connect(ring.node(i % 3)))
      stream.listen({ onData() {}, onEnd() {}, onClose() {} })
      stream.write(mutated(streams[(i / 40) % streams.length] ?? NOTHING, random))
      stream.end()
      await ring.clock.advance(5)
    }
  }
  await ring.clock.advance(120_000)
  assert.ok(ring.isWhole())
  const drops = ring.nodes.flatMap(({ gossip }) => Object.values(gossip.counters().drops))
  assert.ok(drops.reduce((sum, count) => sum + count, 0) > 5_000, 'they are counted')
  ring.close()
})

test('members that do not exist fill the table to its bound, in a push/pull or one by one; they die and are forgotten', async () => {
  const ring = await Ring.of(2)
  const intruder = await Intruder.into(ring)
  const [first] = ring.nodes
  assert.ok(first)
  const stream = await ring.awaited(intruder.connect(first))
  stream.listen({ onData() {}, onEnd() {}, onClose() {} })
  stream.write(sealStream(encodeMessage(pushPull(9_000)), BARE))
  await ring.clock.advance(10)
  assert.equal(first.gossip.members().length, 9_002)
  for (let i = 0; i < 2_000; i++) {
    intruder.say(first, alive(`m${i}`))
    if (i % 200 === 0) await ring.clock.advance(1)
  }
  await ring.clock.advance(20)
  assert.equal(first.gossip.members().length, MOST_MEMBERS)
  assert.ok(first.gossip.counters().queued <= MOST_MEMBERS)
  assert.equal(ring.stateAt(first, ring.node(1)), 'alive')
  ring.close()
})

test('more news at once than may wait are dropped, and none of them keeps a ping from being answered', async () => {
  const ring = await Ring.of(2)
  const intruder = await Intruder.into(ring)
  const before = intruder.packets
  for (let i = 0; i < 3_000; i++)
    intruder.say(ring.node(0), { type: 'suspect', incarnation: 1, node: `x${i}`, from: 'y' })
  intruder.say(ring.node(0), { type: 'ping', sequence: 7, node: 'node0', ...source })
  await ring.clock.advance(1)
  assert.equal(intruder.packets - before, 1)
  ring.close()
})

test('whoever accuses a member again and again makes it refute, but not flood the ring', async () => {
  const ring = await Ring.of(30)
  const intruder = await Intruder.into(ring)
  const victim = ring.node(4)
  const before = ring.network.statistics(victim.address).datagrams
  for (let incarnation = 1; incarnation <= 2_000; incarnation++) {
    intruder.say(victim, { type: 'suspect', incarnation, node: victim.name, from: 'node1' })
    await ring.clock.advance(5)
  }
  const sent = ring.network.statistics(victim.address).datagrams - before
  assert.ok(sent < 2_048 + 11 * (512 + 60), `${sent} datagrams for 2,000 lies`)
  await ring.clock.advance(10_000)
  assert.ok(ring.isWhole())
  ring.close()
})

test('an accusation with the last of all incarnations cannot be refuted: the victim stays a suspect that answers, and is not dead', async () => {
  const ring = await Ring.of(3)
  const intruder = await Intruder.into(ring)
  const victim = ring.node(1)
  const lie: Message = { type: 'suspect', incarnation: LAST_INCARNATION, node: victim.name, from: 'node2' }
  for (const node of ring.nodes) intruder.say(node, lie)
  await ring.clock.advance(90_000)
  const itself = victim.gossip.members().find(({ name }) => name === victim.name)
  assert.deepEqual([itself?.incarnation, itself?.state], [LAST_INCARNATION, 'alive'])
  assert.deepEqual([ring.stateAt(ring.node(0), victim), ring.told('dead')], ['suspect', []])
  ring.crash(victim)
  assert.ok(await ring.clock.runUntil(() => ring.stateAt(ring.node(0), victim) === 'dead', 15_000))
  ring.close()
})

test('a ping and a request for one are answered one to one, whoever asks', async () => {
  const ring = await Ring.of(2)
  const intruder = await Intruder.into(ring)
  // News are waiting to be told; a stranger is not the one to hear them.
  ring.node(0).gossip.setMeta(Buffer.from('x'.repeat(500)))
  for (let sequence = 0; sequence < 100; sequence++) {
    intruder.say(ring.node(0), { type: 'ping', sequence, node: 'node0', ...source })
  }
  await ring.clock.advance(5)
  assert.equal(intruder.packets, 100)
  const { received } = ring.network.statistics(ADDRESS)
  assert.ok(received.bytes / received.datagrams < 64)
  intruder.say(ring.node(0), { type: 'ping', sequence: 1, node: 'somebody else', ...source })
  await ring.clock.advance(5)
  assert.equal(intruder.packets, 100)
  ring.close()
})

test('streams: no more than 256 at a time, no more than 128 answers at a time, none longer than the timeout', async () => {
  const ring = await Ring.of(2)
  const intruder = await Intruder.into(ring)
  const state = { open: 0, answered: 0, over: 0 }
  const streams: ByteStream[] = []
  for (let i = 0; i < 300; i++) {
    const stream = await ring.awaited(intruder.connect(ring.node(0)))
    state.open++
    let isAnswered = false
    const onData = (): void => {
      state.answered += isAnswered ? 0 : 1
      isAnswered = true
    }
    stream.listen({ onData, onEnd() {}, onClose: () => state.over++ })
    streams.push(stream)
  }
  await ring.clock.advance(100)
  assert.equal(state.open - state.over, 256)
  for (const stream of streams) stream.write(sealStream(encodeMessage(pushPull(1)), BARE))
  await ring.clock.advance(100)
  assert.ok(state.answered <= 128, `${state.answered} answers`)
  assert.ok(state.answered > 100)
  await ring.clock.advance(11_000)
  assert.equal(state.over, 300)
  assert.equal(await ring.awaited(ring.node(1).gossip.resync()), true)
  ring.close()
})

test('streams: of messages that are not all there yet no more than 24 MiB are kept, however many bring them', async () => {
  const ring = await Ring.of(2)
  const intruder = await Intruder.into(ring)
  const state = { over: 0 }
  const streams: ByteStream[] = []
  for (let i = 0; i < 40; i++) {
    const stream = await ring.awaited(intruder.connect(ring.node(0)))
    stream.listen({ onData() {}, onEnd() {}, onClose: () => state.over++ })
    streams.push(stream)
  }
  const begun = Buffer.alloc(1024 * 1024)
  Buffer.from([6, 0x83]).copy(begun) // push/pull, and a map of three whose first key is a text that goes on
  Buffer.from([0xdb, 0, 0x80, 0, 0]).copy(begun, 2)
  for (const stream of streams) stream.write(begun)
  await ring.clock.advance(500)
  assert.equal(state.over, 16)
  await ring.clock.advance(11_000)
  assert.equal(state.over, 40)
  assert.equal(await ring.awaited(ring.node(1).gossip.resync()), true)
  ring.close()
})
