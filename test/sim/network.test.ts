// SPDX-License-Identifier: Apache-2.0
/** What the simulated network has beyond the contract of sockets: its faults. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ByteStream, Datagrams } from '../../src/lib/sockets.ts'
import { SimClock } from './clock.ts'
import { PausingClock } from './clock-pausing.ts'
import { SimNetwork } from './network.ts'

const A = '10.0.0.1'
const B = '10.0.0.2'
const C = '10.0.0.3'
const PORT = 7946

type Station = { socket: Datagrams; heard: number[]; say: (to: string, number: number) => void }

async function station(network: SimNetwork, address: string): Promise<Station> {
  const heard: number[] = []
  const socket = await network.host(address).bindDatagrams({
    local: { address, port: PORT },
    onReceived: (bytes) => void heard.push(Buffer.from(bytes).readUInt32BE()),
    onFault: assert.fail,
  })
  const say = (to: string, number: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(number)
    socket.send({ address: to, port: PORT }, bytes)
  }
  return { socket, heard, say }
}

async function setUp(seed = 1) {
  const clock = new SimClock()
  const network = new SimNetwork(clock, { seed })
  const [a, b, c] = [await station(network, A), await station(network, B), await station(network, C)]
  return { clock, network, a, b, c }
}

async function lossy(seed: number): Promise<number[]> {
  const { clock, network, a, b } = await setUp(seed)
  network.setLoss(A, B, 0.3)
  network.setDelayMs('*', '*', [1, 20])
  for (let i = 0; i < 1000; i++) {
    a.say(B, i)
    b.say(A, i)
    await clock.advance(1)
  }
  await clock.advance(30)
  assert.equal(a.heard.length, 1000, 'the other direction loses nothing')
  return b.heard
}

test('loss is as likely as asked for, delay makes datagrams overtake, and the seed alone decides', async () => {
  const [one, again, other] = [await lossy(7), await lossy(7), await lossy(8)]
  assert.ok(one.length > 640 && one.length < 760, `${one.length} of 1000 arrived`)
  assert.ok(one.some((number, i) => number < (one[i - 1] ?? 0)))
  assert.deepEqual(one, again)
  assert.notDeepEqual(one, other)
})

test('the most special loss holds: a pair, from one, to one, all', async () => {
  const { clock, network, a, b, c } = await setUp()
  network.setLoss('*', '*', 1)
  network.setLoss('*', A, 0)
  network.setLoss(C, '*', 0)
  network.setLoss(C, A, 1)
  a.say(B, 1) // all
  b.say(A, 2) // to A: arrives
  c.say(B, 3) // from C: arrives
  c.say(A, 4) // the pair
  await clock.advance(5)
  assert.deepEqual([a.heard, b.heard, c.heard], [[2], [3], []])
})

test('a partition holds in both directions and for what is on its way, until it heals', async () => {
  const { clock, network, a, b, c } = await setUp()
  network.setDelayMs('*', '*', 10)
  a.say(B, 1)
  await clock.advance(5)
  network.partition([A], [B, C])
  a.say(C, 2)
  b.say(A, 3)
  b.say(C, 4)
  await clock.advance(20)
  assert.deepEqual([a.heard, b.heard, c.heard], [[], [], [4]])
  network.heal()
  a.say(B, 5)
  await clock.advance(20)
  assert.deepEqual(b.heard, [5])
})

test('a killed host is silent; one that starts anew at its address is another', async () => {
  const { clock, network, a, b } = await setUp()
  a.say(B, 1)
  network.kill(B)
  b.say(A, 2)
  await clock.advance(5)
  assert.deepEqual([a.heard, b.heard], [[], []])
  const anew = await station(network, B)
  a.say(B, 3)
  await clock.advance(5)
  assert.deepEqual([anew.heard, b.heard], [[3], []])
  assert.throws(() => network.host(B), /lives/)
})

test('a stopped process hears 256 of what it missed, in order, once it continues, and says nothing', async () => {
  const { clock, network, a, b } = await setUp()
  network.suspend(B)
  for (let i = 0; i < 1000; i++) a.say(B, i)
  b.say(A, 1)
  await clock.advance(1000)
  assert.deepEqual([a.heard, b.heard], [[], []])
  network.resume(B)
  await clock.advance(1)
  assert.deepEqual(
    b.heard,
    Array.from({ length: 256 }, (_, i) => i),
  )
  b.say(A, 2)
  await clock.advance(5)
  assert.deepEqual(a.heard, [2])
})

test('figures: what was sent, lost or not, and what was handed over', async () => {
  const { clock, network, a } = await setUp()
  network.setLoss(A, C, 1)
  a.say(B, 1)
  a.say(C, 2)
  await clock.advance(5)
  assert.deepEqual(network.statistics(A), { datagrams: 2, bytes: 8, received: { datagrams: 0, bytes: 0 } })
  assert.deepEqual(network.statistics(B), { datagrams: 0, bytes: 0, received: { datagrams: 1, bytes: 4 } })
  assert.equal(network.statistics(C).received.datagrams, 0)
})

const addressOf = (i: number) => `10.1.${i >> 8}.${i & 255}`

async function connected() {
  const all = await setUp()
  const log: string[] = []
  const listen = (name: string, stream: ByteStream) =>
    stream.listen({
      onData: (bytes) => log.push(`${name} ${Buffer.from(bytes).toString()}`),
      onEnd: () => log.push(`${name} end`),
      onClose: (fault) => log.push(`${name} close: ${fault?.message ?? 'peace'}`),
    })
  const [near, far] = [all.network.host('10.0.1.1'), all.network.host('10.0.1.2')]
  const local = { address: '0.0.0.0', port: 179 }
  await far.listenStreams({ local, onReceived: (stream) => listen('far', stream), onFault: assert.fail })
  const dial = async () => {
    const stream = await near.connectStream({ address: '10.0.1.2', port: 179 }, { timeoutMs: 100_000 })
    listen('near', stream)
    return stream
  }
  return { ...all, log, dial }
}

test('a connection survives loss by repeating, the handshake included', async () => {
  const { clock, network, log, dial } = await connected()
  network.setLoss('*', '*', 0.5)
  const dialled = dial()
  await clock.advance(100_000)
  const stream = await dialled
  for (let i = 0; i < 50; i++) stream.write(Buffer.from(`${i},`))
  await clock.advance(100_000)
  const text = log.map((line) => line.replace('far ', '')).join('')
  assert.equal(text, Array.from({ length: 50 }, (_, i) => `${i},`).join(''))
})

test('a stopped process accepts with its kernel, and reads when it continues', async () => {
  const { clock, network, log, dial } = await connected()
  network.suspend('10.0.1.2')
  const dialled = dial()
  await clock.advance(10)
  const stream = await dialled
  stream.write(Buffer.from('hello'))
  await clock.advance(10_000)
  assert.deepEqual(log, [])
  network.resume('10.0.1.2')
  await clock.advance(10)
  assert.deepEqual(log, ['far hello'])
})

test('a host that was killed breaks no connection until it is back and knows nothing of it', async () => {
  const { clock, network, log, dial } = await connected()
  const dialled = dial()
  await clock.advance(10)
  const stream = await dialled
  network.kill('10.0.1.2')
  stream.write(Buffer.from('anybody?'))
  await clock.advance(60_000)
  assert.deepEqual(log, [])
  network.host('10.0.1.2')
  await clock.advance(120_000)
  assert.deepEqual(log, ['near close: the connection with 10.0.1.2 port 179 was broken by the other side'])
})

test('what is never answered is given up after a quarter of an hour', async () => {
  const { clock, network, log, dial } = await connected()
  const dialled = dial()
  await clock.advance(10)
  const stream = await dialled
  network.partition(['10.0.1.1'], ['10.0.1.2'])
  stream.write(Buffer.from('lost'))
  await clock.advance(900_000)
  assert.deepEqual(log, [])
  await clock.advance(200_000)
  assert.deepEqual(log, ['near close: the connection with 10.0.1.2 port 179 is lost: no answer'])
})

test('timers of a stopped process fire when it continues, cancelled ones and those of a killed one never', async () => {
  const clock = new SimClock()
  const own = new PausingClock(clock)
  const fired: string[] = []
  const note = (name: string) => () => void fired.push(`${name} ${own.monotonicMs()}`)
  own.after(10, note('first'))
  const second = own.after(20, note('second'))
  own.after(30, note('third'))
  own.after(500, note('late'))
  await clock.advance(10)
  own.stop()
  await clock.advance(90)
  assert.deepEqual(fired, ['first 10'])
  second.cancel()
  own.continue()
  await clock.advance(0)
  assert.deepEqual(fired, ['first 10', 'third 100'])
  own.kill()
  await clock.advance(1000)
  assert.equal(fired.length, 2)
})

test('a thousand hosts and ten thousand datagrams a second', async () => {
  const clock = new SimClock()
  const network = new SimNetwork(clock)
  const stations: Station[] = []
  for (let i = 0; i < 1000; i++) stations.push(await station(network, addressOf(i)))
  network.setDelayMs('*', '*', [0.5, 5])
  stations.forEach(({ say }, i) => {
    let next = i
    const tick = () => {
      next = (next * 7 + 1) % 1000
      say(addressOf(next), i)
      clock.after(100, tick)
    }
    clock.after(i / 10, tick)
  })
  const startMs = performance.now()
  await clock.advance(1000)
  const heard = stations.reduce((sum, one) => sum + one.heard.length, 0)
  assert.ok(heard > 9900, `${heard}`)
  // A tenth of that where nothing else runs; a search through all hosts or timers for each takes minutes.
  assert.ok(performance.now() - startMs < 5000)
})
