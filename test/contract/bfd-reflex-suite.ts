// SPDX-License-Identifier: Apache-2.0
/** What src/lib/bfd-reflex.ts promises, tried on an implementation with two reflexes that can reach each other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BfdArrival, BfdReflex, BfdSession, ReflexId } from '../../src/lib/bfd-reflex.ts'
import { Fault } from '../../src/lib/fault.ts'
import type { SocketAddress } from '../../src/lib/sockets.ts'

export type Stage = Readonly<{
  near: BfdReflex
  far: BfdReflex
  /** Where they can be bound; `far` also at `farther`. */
  at: Readonly<Record<'near' | 'far' | 'farther', SocketAddress>>
  nowMs(): number
  pass(ms: number): Promise<void>
  /** Lets time pass until the condition holds; false: it does not within a time that is long here. */
  until(condition: () => boolean): Promise<boolean>
  /** JavaScript is busy for so long and hears nothing; then, still before it hears anything, does this. */
  busy(ms: number, then: () => void): Promise<void>
  close(): Promise<void>
}>

const DISCRIMINATOR = 0x0102_0304
const NOTHING = new Uint8Array(0)
const SILENT: BfdSession = { packet: NOTHING, intervalUs: 0, detectMult: 3, detectUs: 0, expected: NOTHING }

/** 24 bytes that say `word`, to a session with this discriminator. */
function packet(word: number, discriminator = DISCRIMINATOR): Uint8Array {
  const bytes = new Uint8Array(24)
  const view = new DataView(bytes.buffer)
  view.setUint32(4, word)
  view.setUint32(8, discriminator)
  return bytes
}

type Ends = Readonly<{
  nearSession: ReflexId
  farSession: ReflexId
  farSocket: ReflexId
  /** What the near one was told. */
  told: BfdArrival[]
  silences: number[]
}>

/** A session of each with the other. The near one expects its discriminator, the far one hears nothing. */
function connect({ near, far, at, nowMs }: Stage, { minTtl = 0, farTtl = 255 } = {}): Ends {
  const told: BfdArrival[] = []
  const silences: number[] = []
  near.listen({
    onPacket: (arrival) => told.push(arrival),
    onSilence: () => silences.push(nowMs()),
    onPaused: () => undefined,
  })
  const nearSocket = near.openSocket(at.near, { ttl: 255 })
  const farSocket = far.openSocket(at.far, { ttl: farTtl })
  const peer = { to: at.far, remotePort: at.far.port, discriminator: DISCRIMINATOR, minTtl }
  const nearSession = near.openSession(nearSocket, peer)
  const farSession = far.openSession(farSocket, { to: at.near, remotePort: null, discriminator: 1, minTtl: 0 })
  return { nearSession, farSession, farSocket, told, silences }
}

export function bfdReflexContract(name: string, open: () => Promise<Stage>): void {
  const on = (title: string, body: (stage: Stage) => Promise<void>): void => {
    void test(`${name}: ${title}`, async () => {
      const stage = await open()
      try {
        await body(stage)
      } finally {
        await stage.close()
      }
    })
  }

  on(
    'a packet goes out at once if asked for, and then on its interval, a quarter of it early at most',
    async (stage) => {
      const { farSession, told } = connect(stage)
      const startedMs = stage.nowMs()
      stage.far.setSession(farSession, { ...SILENT, packet: packet(7), intervalUs: 40_000 }, true)
      assert.equal(stage.far.counters().sent, 1)
      assert.ok(await stage.until(() => told.length >= 10))
      const tookMs = stage.nowMs() - startedMs
      assert.ok(tookMs >= 9 * 30 - 1, `10 packets in ${tookMs} ms`)
      assert.deepEqual(Buffer.from(told[0]?.bytes ?? []), Buffer.from(packet(7)))
    },
  )

  on('with a detect multiplier of 1 a tenth of the interval is left', async (stage) => {
    const { farSession } = connect(stage)
    const startedMs = stage.nowMs()
    stage.far.setSession(farSession, { ...SILENT, packet: packet(7), intervalUs: 40_000, detectMult: 1 }, true)
    assert.ok(await stage.until(() => stage.far.counters().sent >= 10))
    assert.ok(stage.nowMs() - startedMs >= 9 * 30 - 1)
  })

  on(
    'without asking the first packet waits for its turn; with interval 0 nothing is sent but that one',
    async (stage) => {
      const { farSession } = connect(stage)
      stage.far.setSession(farSession, { ...SILENT, packet: packet(7), intervalUs: 40_000 }, false)
      assert.equal(stage.far.counters().sent, 0)
      assert.ok(await stage.until(() => stage.far.counters().sent > 0))
      const { sent } = stage.far.counters()
      stage.far.setSession(farSession, { ...SILENT, packet: packet(8) }, true)
      const after = stage.far.counters().sent
      assert.ok(after > sent)
      await stage.pass(100)
      assert.equal(stage.far.counters().sent, after)
    },
  )

  on('a shorter interval takes effect within itself', async (stage) => {
    const { farSession } = connect(stage)
    stage.far.setSession(farSession, { ...SILENT, packet: packet(7), intervalUs: 3_600_000_000 }, true)
    stage.far.setSession(farSession, { ...SILENT, packet: packet(7), intervalUs: 10_000 }, false)
    assert.ok(await stage.until(() => stage.far.counters().sent >= 3))
  })

  on('what is sent beside the schedule goes out once, as it is', async (stage) => {
    const { farSession, told } = connect(stage)
    stage.far.send(farSession, packet(9))
    assert.ok(await stage.until(() => told.length === 1))
    await stage.pass(50)
    assert.deepEqual(
      told.map(({ bytes }) => Buffer.from(bytes)),
      [Buffer.from(packet(9))],
    )
  })

  on('the expected packet is accepted and told to nobody, and keeps silence away', async (stage) => {
    const { nearSession, farSession, told, silences } = connect(stage)
    stage.near.setSession(nearSession, { ...SILENT, expected: packet(7), detectUs: 400_000 }, false)
    stage.far.setSession(farSession, { ...SILENT, packet: packet(7), intervalUs: 20_000 }, true)
    await stage.pass(1000)
    assert.deepEqual([told, silences], [[], []])
    assert.ok(stage.near.counters().accepted > 5)
    const stoppedMs = stage.nowMs()
    stage.far.closeSession(farSession)
    assert.ok(await stage.until(() => silences.length > 0))
    assert.ok((silences[0] ?? 0) - stoppedMs > 200, 'told after the detection time, not before')
    await stage.pass(500)
    assert.equal(silences.length, 1, 'told once')
    assert.deepEqual(told, [])
  })

  on('a packet that is not the expected one is told, and does not keep silence away', async (stage) => {
    const { nearSession, farSession, told, silences } = connect(stage)
    stage.near.setSession(nearSession, { ...SILENT, expected: packet(7), detectUs: 100_000 }, false)
    stage.far.setSession(farSession, { ...SILENT, packet: packet(8), intervalUs: 20_000 }, true)
    assert.ok(await stage.until(() => silences.length === 1))
    const [first] = told
    assert.deepEqual(
      { ...first, bytes: Buffer.from(first?.bytes ?? []) },
      { socket: first?.socket, session: nearSession, from: stage.at.far, ttl: 255, bytes: Buffer.from(packet(8)) },
    )
    stage.near.setSession(nearSession, { ...SILENT, expected: packet(8), detectUs: 400_000 }, false)
    const before = told.length
    assert.ok(await stage.until(() => stage.near.counters().accepted >= 3))
    assert.ok(told.length - before <= 8, 'some may have been on their way')
  })

  const STRANGE: [string, Uint8Array, 'far' | 'farther', boolean][] = [
    ['without our discriminator', packet(7, 0), 'far', true],
    ['with another discriminator', packet(7, DISCRIMINATOR + 1), 'far', false],
    ['from another port', packet(7), 'farther', false],
    ['cut short before the discriminator', packet(7).subarray(0, 11), 'far', false],
    ['of a single byte', Uint8Array.of(1), 'far', false],
    ['of 256 bytes', Uint8Array.of(...packet(7), ...new Uint8Array(232)), 'far', true],
  ]
  for (const [title, bytes, from, isOurs] of STRANGE) {
    on(`a packet ${title} is ${isOurs ? 'the' : 'no'} session's`, async (stage) => {
      const { nearSession, farSession, told } = connect(stage)
      stage.near.setSession(nearSession, { ...SILENT, expected: packet(7) }, false)
      let session = farSession
      if (from === 'farther') {
        const socket = stage.far.openSocket(stage.at.farther, { ttl: 255 })
        session = stage.far.openSession(socket, { to: stage.at.near, remotePort: null, discriminator: 1, minTtl: 0 })
      }
      stage.far.send(session, bytes)
      assert.ok(await stage.until(() => told.length === 1))
      assert.equal(told[0]?.session, isOurs ? nearSession : null)
      assert.deepEqual(told[0]?.from, stage.at[from])
      assert.deepEqual(Buffer.from(told[0]?.bytes ?? []), Buffer.from(bytes))
    })
  }

  on('an expected packet that comes over too many hops is dropped and counted', async (stage) => {
    const { nearSession, farSession, told } = connect(stage, { minTtl: 255, farTtl: 254 })
    stage.near.setSession(nearSession, { ...SILENT, expected: packet(7) }, false)
    stage.far.send(farSession, packet(7))
    assert.ok(await stage.until(() => stage.near.counters().dropped.ttl === 1))
    assert.equal(stage.near.counters().accepted, 0)
    assert.deepEqual(told, [])
  })

  on('what is longer than any packet is dropped and counted', async (stage) => {
    const { farSession, told } = connect(stage)
    stage.far.send(farSession, Uint8Array.of(...packet(7), ...new Uint8Array(233)))
    assert.ok(await stage.until(() => stage.near.counters().dropped.oversized === 1))
    assert.deepEqual(told, [])
  })

  on('a flood is told in part, and counted', async (stage) => {
    const { farSession, told } = connect(stage)
    for (let i = 0; i < 250; i++) stage.far.send(farSession, packet(i))
    const counted = () => stage.near.counters().told + stage.near.counters().dropped.flood
    assert.ok(await stage.until(() => counted() === 250))
    await stage.pass(50)
    assert.ok(told.length > 0 && told.length <= 200, `${told.length} told`) // at most two seconds' share
    assert.equal(told.length, stage.near.counters().told)
  })

  on('while JavaScript is busy packets go out and silence does not come; few told packets wait', async (stage) => {
    const { nearSession, farSession, told, silences } = connect(stage)
    stage.near.setSession(nearSession, { ...SILENT, expected: packet(7), detectUs: 400_000 }, false)
    stage.far.setSession(farSession, { ...SILENT, packet: packet(7), intervalUs: 20_000 }, true)
    await stage.busy(1000, () => undefined)
    assert.ok(stage.near.counters().accepted > 5)
    stage.far.setSession(farSession, { ...SILENT, packet: packet(8), intervalUs: 20_000 }, true)
    let waited = 0
    await stage.busy(500, () => {
      waited = stage.near.counters().told
      stage.near.setSession(nearSession, { ...SILENT, expected: packet(8), detectUs: 400_000 }, false)
    })
    assert.ok(await stage.until(() => told.length >= 1))
    assert.ok(waited <= 9, `${waited} waited`)
    assert.deepEqual(silences, [])
  })

  on('silence that nobody has heard of is forgotten with new orders', async (stage) => {
    const { nearSession, silences } = connect(stage)
    stage.near.setSession(nearSession, { ...SILENT, detectUs: 50_000 }, false)
    await stage.busy(200, () => stage.near.setSession(nearSession, { ...SILENT, detectUs: 300_000_000 }, false))
    await stage.pass(100)
    assert.deepEqual(silences, [])
  })

  on('a closed session is silent and told of no more; a closed socket can be opened again', async (stage) => {
    const { nearSession, farSession, farSocket, told, silences } = connect(stage)
    stage.near.setSession(nearSession, { ...SILENT, detectUs: 50_000 }, false)
    stage.near.closeSession(nearSession)
    stage.near.closeSession(nearSession)
    stage.far.setSession(farSession, { ...SILENT, packet: packet(7), intervalUs: 10_000 }, false)
    stage.far.closeSocket(farSocket)
    stage.far.send(farSession, packet(7))
    await stage.pass(200)
    assert.deepEqual([told, silences, stage.far.counters().sent], [[], [], 0])
    const socket = stage.far.openSocket(stage.at.far, { ttl: 255 })
    assert.throws(() => stage.far.openSocket(stage.at.far, { ttl: 255 }), isFault('addressInUse'))
    const other = stage.at.near.address.includes(':') ? '192.0.2.9' : '2001:db8::9'
    const peer = { to: { address: other, port: 1 }, remotePort: null, discriminator: 1, minTtl: 0 }
    assert.throws(() => stage.far.openSession(socket, peer), isFault('noAddress'))
  })

  on('after close nothing is sent and nothing told, and the counters stay', async (stage) => {
    const { nearSession, farSession, told, silences } = connect(stage)
    stage.far.setSession(farSession, { ...SILENT, packet: packet(7), intervalUs: 10_000 }, true)
    stage.far.close()
    await stage.pass(50)
    const [came, counters] = [told.length, stage.far.counters()]
    assert.ok(came > 0 && came <= counters.sent)
    await stage.pass(100)
    assert.deepEqual([told.length, stage.far.counters()], [came, counters])
    stage.near.setSession(nearSession, { ...SILENT, detectUs: 20_000 }, false)
    stage.near.close()
    await stage.pass(100)
    assert.deepEqual(silences, [])
  })
}

function isFault(code: string): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof Fault && thrown.kind.code === code
}
