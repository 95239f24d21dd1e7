// SPDX-License-Identifier: Apache-2.0
/**
 * What src/lib/bfd-reflex.ts promises of sessions with routers: sockets of their own, whose packet it is, echoes. Of the
 * two reflexes the far one may be another process's.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type {
  BfdArrival,
  BfdPeer,
  BfdReflex,
  BfdSession,
  BfdSessionCounters,
  ReflexId,
} from '../../src/lib/bfd-reflex.ts'
import { Fault } from '../../src/lib/fault.ts'

type Methods = Pick<
  BfdReflex,
  'openSocket' | 'closeSocket' | 'openSession' | 'setSession' | 'send' | 'setEcho' | 'sessionCounters' | 'closeSession'
>
/** The far reflex, whose answers take their time. */
export type Far = {
  [Name in keyof Methods]: (...args: Parameters<Methods[Name]>) => Promise<ReturnType<Methods[Name]>>
} & Readonly<{ told(): Promise<readonly BfdArrival[]> }>

export type Stage = Readonly<{
  near: BfdReflex
  far: Far
  /** Their addresses. */
  at: Readonly<Record<'near' | 'far', string>>
  nowMs(): number
  pass(ms: number): Promise<void>
  /** Lets time pass until the condition holds; false: it does not within a time that is long here. */
  until(condition: () => boolean | Promise<boolean>): Promise<boolean>
  close(): Promise<void>
}>

export const PORT = 3784
export const NEAR_ID = 0x0102_0304
export const FAR_ID = 0x0a0b_0c0d
export const NOTHING = new Uint8Array(0)
export const SILENT: BfdSession = { packet: NOTHING, intervalUs: 0, detectMult: 3, detectUs: 0, expected: NOTHING }

/** 24 bytes that say `word`, to a session with this discriminator. */
export function packet(word: number, discriminator: number): Uint8Array {
  const bytes = Buffer.alloc(24)
  bytes.writeUInt32BE(word, 4)
  bytes.writeUInt32BE(discriminator, 8)
  return bytes
}

export function wildcard(address: string): string {
  return address.includes(':') ? '::' : '0.0.0.0'
}

export type Heard = Readonly<{ told: BfdArrival[]; silences: string[] }>

/** Notes what the near reflex tells. */
export function hear({ near }: Pick<Stage, 'near'>): Heard {
  const told: BfdArrival[] = []
  const silences: string[] = []
  near.listen({
    onPacket: (arrival) => told.push(arrival),
    onSilence: (session) => silences.push(`${session} silent`),
    onEchoSilence: (session) => silences.push(`${session} no echo`),
    onPaused: () => undefined,
  })
  return { told, silences }
}

type Ends = Heard & Readonly<{ nearSocket: ReflexId; nearSession: ReflexId; farSocket: ReflexId; farSession: ReflexId }>

/** Of the session's end at `own` with that at `to`. */
export function peerOf(to: string, own: string, discriminator: number): BfdPeer {
  const port = { address: to, port: PORT }
  return { to: port, remotePort: null, discriminator, minTtl: 255, source: { address: own } }
}

/** A session of each with the other, over one hop, that says nothing yet. */
async function connect(stage: Stage, changes: Partial<BfdPeer> = {}): Promise<Ends> {
  const { near, far, at } = stage
  const heard = hear(stage)
  const nearSocket = near.openSocket({ address: wildcard(at.near), port: PORT }, { ttl: 255 })
  const nearSession = near.openSession(nearSocket, { ...peerOf(at.far, at.near, NEAR_ID), ...changes })
  const farSocket = await far.openSocket({ address: wildcard(at.far), port: PORT }, { ttl: 255 })
  const farSession = await far.openSession(farSocket, peerOf(at.near, at.far, FAR_ID))
  return { ...heard, nearSocket, nearSession, farSocket, farSession }
}

/** Each has heard the other, and has had orders since, as a session that is Up. */
export async function introduce(stage: Stage, { nearSession, farSession, told }: Ends): Promise<void> {
  stage.near.send(nearSession, packet(1, 0))
  await stage.far.send(farSession, packet(1, 0))
  assert.ok(await stage.until(async () => told.length > 0 && (await stage.far.told()).length > 0), 'both heard')
  stage.near.setSession(nearSession, SILENT, false)
  await stage.far.setSession(farSession, SILENT, false)
}

function hasBoth({ echoIn, looped }: BfdSessionCounters): boolean {
  return echoIn >= 10 && looped >= 10
}

const NONE: BfdSessionCounters = { controlIn: 0, controlOut: 0, echoIn: 0, echoOut: 0, looped: 0 }

export function bfdRouterContract(name: string, open: () => Promise<Stage>): void {
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

  on('each session sends from its own address and a port that no other has, and hears on the socket', async (stage) => {
    const { near, far, at } = stage
    const { nearSocket, nearSession, farSession, told } = await connect(stage)
    const sessions = [nearSession]
    for (let i = 1; i < 5; i++) sessions.push(near.openSession(nearSocket, peerOf(at.far, at.near, NEAR_ID + i)))
    for (const session of sessions) near.send(session, packet(session, FAR_ID))
    assert.ok(await stage.until(async () => (await far.told()).length === sessions.length))
    const arrivals = await far.told()
    assert.deepEqual(new Set(arrivals.map(({ from }) => from.address)), new Set([at.near]))
    assert.deepEqual(new Set(arrivals.map(({ ttl, session }) => `${ttl} ${session}`)), new Set([`255 ${farSession}`]))
    const ports = arrivals.map(({ from }) => from.port)
    assert.equal(new Set(ports).size, sessions.length)
    assert.ok(
      ports.every((port) => port >= 49_152 && port <= 65_535),
      String(ports),
    )
    await far.send(farSession, packet(1, NEAR_ID))
    assert.ok(await stage.until(() => told.length === 1))
    assert.deepEqual([told[0]?.session, told[0]?.socket], [nearSession, nearSocket])
    assert.notEqual(told[0]?.from.port, PORT)
  })

  on('the discriminator says which of two sessions a packet is for; without one the address does', async (stage) => {
    const { near, far, at } = stage
    const { nearSocket, nearSession, farSession, told } = await connect(stage)
    const other = near.openSession(nearSocket, peerOf(at.far, at.near, NEAR_ID + 1))
    const cases: [number, readonly (ReflexId | null)[]][] = [
      [NEAR_ID, [nearSession]],
      [NEAR_ID + 1, [other]],
      [NEAR_ID + 2, [null]],
      [0, [nearSession, other]],
    ]
    for (const [discriminator, sessions] of cases) {
      const before = told.length
      await far.send(farSession, packet(7, discriminator))
      assert.ok(await stage.until(() => told.length > before))
      assert.ok(sessions.includes(told[before]?.session ?? null), `to ${discriminator}`)
    }
    near.closeSession(nearSession)
    near.closeSession(other)
    const before = told.length
    await far.send(farSession, packet(7, 0))
    assert.ok(await stage.until(() => told.length > before))
    assert.equal(told[before]?.session, null)
  })

  on('each session counts its own packets', async (stage) => {
    const { near, far, at } = stage
    const { nearSocket, nearSession, farSession, told } = await connect(stage)
    const other = near.openSession(nearSocket, peerOf(at.far, at.near, NEAR_ID + 1))
    near.setSession(nearSession, { ...SILENT, expected: packet(7, NEAR_ID) }, false)
    near.send(nearSession, packet(1, FAR_ID))
    for (const word of [7, 8, 7]) await far.send(farSession, packet(word, NEAR_ID))
    assert.ok(await stage.until(() => told.length === 1 && near.counters().accepted === 2))
    assert.deepEqual(near.sessionCounters(nearSession), { ...NONE, controlIn: 3, controlOut: 1 })
    assert.deepEqual(near.sessionCounters(other), NONE)
    near.closeSession(nearSession)
    assert.deepEqual(near.sessionCounters(nearSession), NONE)
  })

  const HOPS: [number, number, boolean][] = [
    [255, 255, true],
    [254, 255, false],
    [254, 254, true],
    [253, 254, false],
  ]
  for (const [ttl, minTtl, isHeard] of HOPS) {
    on(`what comes with TTL ${ttl} is ${isHeard ? 'heard' : 'dropped'} where ${minTtl} is asked for`, async (stage) => {
      const { near, far, at } = stage
      const { told, farSocket } = await connect(stage, { minTtl })
      await far.closeSocket(farSocket)
      const socket = await far.openSocket({ address: wildcard(at.far), port: PORT }, { ttl })
      const session = await far.openSession(socket, peerOf(at.near, at.far, FAR_ID))
      await far.send(session, packet(7, NEAR_ID))
      assert.ok(await stage.until(() => told.length === 1 || near.counters().dropped.ttl === 1))
      assert.deepEqual([told.length, near.counters().dropped.ttl], isHeard ? [1, 0] : [0, 1])
    })
  }

  on('our echoes come back, and that none does is told once', async (stage) => {
    const { near, far } = stage
    const ends = await connect(stage)
    const { nearSession, farSession, silences } = ends
    await introduce(stage, ends)
    near.setEcho(nearSession, { intervalUs: 20_000, detectUs: 400_000 })
    assert.ok(await stage.until(() => near.sessionCounters(nearSession).echoIn >= 10), 'echoes')
    const { echoIn, echoOut, looped } = near.sessionCounters(nearSession)
    assert.ok(echoOut - echoIn <= 2, `${echoIn} of ${echoOut}`)
    assert.equal(looped, 0)
    assert.ok((await far.sessionCounters(farSession)).looped >= 10)
    assert.deepEqual(silences, [])
    const stoppedMs = stage.nowMs()
    await far.closeSession(farSession)
    assert.ok(await stage.until(() => silences.length > 0), 'silence')
    assert.ok(stage.nowMs() - stoppedMs >= 380, 'the detection time')
    await stage.pass(600)
    assert.deepEqual(silences, [`${nearSession} no echo`])
    near.setEcho(nearSession, { intervalUs: 20_000, detectUs: 100_000 })
    assert.ok(await stage.until(() => silences.length > 1))
    near.setEcho(nearSession, null)
    const ended = near.sessionCounters(nearSession).echoOut
    await stage.pass(200)
    assert.equal(near.sessionCounters(nearSession).echoOut, ended)
    assert.equal(silences.length, 2)
  })

  on('both may send echoes at once, and each counts its own', async (stage) => {
    const { near, far } = stage
    const ends = await connect(stage)
    const { nearSession, farSession } = ends
    await introduce(stage, ends)
    near.setEcho(nearSession, { intervalUs: 20_000, detectUs: 0 })
    await far.setEcho(farSession, { intervalUs: 20_000, detectUs: 0 })
    assert.ok(await stage.until(() => hasBoth(near.sessionCounters(nearSession))))
    assert.ok(await stage.until(async () => hasBoth(await far.sessionCounters(farSession))))
  })

  on('over many hops nothing is sent back', async (stage) => {
    const { near, far } = stage
    const ends = await connect(stage, { minTtl: 254 })
    const { nearSession, farSession } = ends
    await introduce(stage, ends)
    await far.setEcho(farSession, { intervalUs: 10_000, detectUs: 0 })
    assert.ok(await stage.until(async () => (await far.sessionCounters(farSession)).echoOut >= 5))
    await stage.pass(50)
    assert.equal(near.sessionCounters(nearSession).looped, 0)
    assert.equal((await far.sessionCounters(farSession)).echoIn, 0)
  })

  on('a link-local address without an interface, and a source of the other family, are refused', async (stage) => {
    const { near, at } = stage
    const isIpv6 = at.near.includes(':')
    const socket = near.openSocket({ address: wildcard(at.near), port: PORT }, { ttl: 255 })
    const source = isIpv6 ? '192.0.2.1' : '2001:db8::1'
    assert.throws(() => near.openSession(socket, peerOf(at.far, source, 1)), isFault('noAddress'))
    if (isIpv6) assert.throws(() => near.openSession(socket, peerOf('fe80::1', at.near, 1)), isFault('noAddress'))
  })
}

export function isFault(code: string): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof Fault && thrown.kind.code === code
}
