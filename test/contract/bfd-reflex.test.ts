// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SocketAddress } from '../../src/lib/sockets.ts'
import { openBfdReflex } from '../../src/os/bfd-reflex.ts'
import { SimBfdReflex } from '../sim/bfd-reflex.ts'
import { SimClock } from '../sim/clock.ts'
import { PausingClock } from '../sim/clock-pausing.ts'
import { SimNetwork } from '../sim/network.ts'
import { bfdReflexContract, type Stage } from './bfd-reflex-suite.ts'

execFileSync(join(import.meta.dirname, '../../tools/build-native'))

const LONG_MS = 10_000

function simulated(addresses: readonly [string, string]): () => Promise<Stage> {
  const [nearAddress, farAddress] = addresses
  return async () => {
    const clock = new SimClock()
    const network = new SimNetwork(clock)
    let turn = 0
    const random = () => ((turn += 7) % 10) / 10
    const near = new SimBfdReflex({ clock, network: network.host(nearAddress), random })
    const far = new SimBfdReflex({ clock, network: network.host(farAddress), random })
    return {
      near,
      far,
      at: {
        near: { address: nearAddress, port: 7947 },
        far: { address: farAddress, port: 7947 },
        farther: { address: farAddress, port: 7948 },
      },
      nowMs: () => clock.monotonicMs(),
      pass: (ms) => clock.advance(ms),
      until: (condition) => clock.runUntil(condition, LONG_MS),
      async busy(ms, then) {
        near.setBusy(true)
        far.setBusy(true)
        await clock.advance(ms)
        then()
        near.setBusy(false)
        far.setBusy(false)
      },
      close: async () => {
        near.close()
        far.close()
      },
    }
  }
}

function kernel(at: Readonly<Record<'near' | 'far' | 'farther', SocketAddress>>): () => Promise<Stage> {
  return async () => {
    // A busy machine lets threads wait: what the guard against pauses does has its own tests.
    const near = openBfdReflex({ lateMs: 0 })
    const far = openBfdReflex({ lateMs: 0 })
    return {
      near,
      far,
      at,
      nowMs: () => performance.now(),
      pass: (ms) => sleep(ms),
      async until(condition) {
        const endMs = performance.now() + LONG_MS
        while (!condition() && performance.now() < endMs) await sleep(5)
        return condition()
      },
      async busy(ms, then) {
        const endMs = performance.now() + ms
        while (performance.now() < endMs);
        then()
      },
      close: async () => {
        near.close()
        far.close()
      },
    }
  }
}

bfdReflexContract('simulated', simulated(['192.0.2.1', '192.0.2.2']))
bfdReflexContract('simulated, IPv6', simulated(['2001:db8::1', '2001:db8::2']))

/** Addresses of the loopback network that no other process of this machine has picked. */
const OURS = `127.79.${process.pid % 250}`
bfdReflexContract(
  'kernel',
  kernel({
    near: { address: `${OURS}.1`, port: 7947 },
    far: { address: `${OURS}.2`, port: 7947 },
    farther: { address: `${OURS}.2`, port: 7948 },
  }),
)
const PORT = 20_000 + 3 * (process.pid % 4000)
bfdReflexContract(
  'kernel, IPv6',
  kernel({
    near: { address: '::1', port: PORT },
    far: { address: '::1', port: PORT + 1 },
    farther: { address: '::1', port: PORT + 2 },
  }),
)

test('simulated: a pause is told, and moves every deadline on', async () => {
  const world = new SimClock()
  const clock = new PausingClock(world)
  const network = new SimNetwork(world)
  const near = new SimBfdReflex({ clock, network: network.host('192.0.2.1'), random: () => 0 })
  const told: unknown[] = []
  near.listen({
    onPacket: () => told.push('packet'),
    onSilence: () => told.push('silence'),
    onPaused: (ms) => told.push(ms),
  })
  const socket = near.openSocket({ address: '192.0.2.1', port: 7947 }, { ttl: 255 })
  const to = { address: '192.0.2.2', port: 7947 }
  const session = near.openSession(socket, { to, remotePort: null, discriminator: 1, minTtl: 0 })
  const nothing = new Uint8Array(0)
  const state = { packet: nothing, intervalUs: 0, detectMult: 3, detectUs: 400_000, expected: nothing }
  near.setSession(session, state, false)
  await world.advance(100)
  clock.stop()
  await world.advance(2100)
  clock.continue()
  await world.advance(390)
  assert.deepEqual(told, [1800])
  await world.advance(20)
  assert.deepEqual(told, [1800, 'silence'])
  near.close()
})

const middle = (): number => 0.5

test('simulated: many short pauses make nobody silent, and who is silent is still found', async () => {
  const world = new SimClock()
  const clock = new PausingClock(world)
  const network = new SimNetwork(world)
  const near = new SimBfdReflex({ clock, network: network.host('192.0.2.1'), random: middle })
  const far = new SimBfdReflex({ clock: world, network: network.host('192.0.2.2'), random: middle })
  const silences: number[] = []
  near.listen({
    onPacket: () => undefined,
    onSilence: () => silences.push(world.monotonicMs()),
    onPaused: () => undefined,
  })
  const bytes = new Uint8Array(24)
  const nothing = new Uint8Array(0)
  const idle = { packet: nothing, intervalUs: 0, detectMult: 3, detectUs: 0, expected: nothing }
  const [session, farSession] = [near, far].map((reflex, at) => {
    const socket = reflex.openSocket({ address: `192.0.2.${1 + at}`, port: 7947 }, { ttl: 255 })
    const to = { address: `192.0.2.${2 - at}`, port: 7947 }
    return reflex.openSession(socket, { to, remotePort: null, discriminator: 1, minTtl: 0 })
  })
  assert.ok(session !== undefined && farSession !== undefined)
  near.setSession(session, { ...idle, packet: bytes, intervalUs: 20_000, expected: bytes, detectUs: 300_000 }, false)
  far.setSession(farSession, { ...idle, packet: bytes, intervalUs: 50_000 }, true)
  /** A tenth of a second of a process that may run for a twentieth of the time. */
  const period = async (): Promise<void> => {
    clock.stop()
    network.suspend('192.0.2.1')
    await world.advance(95)
    clock.continue()
    network.resume('192.0.2.1')
    await world.advance(5)
  }
  for (let i = 0; i < 50; i++) await period()
  assert.deepEqual(silences, [])
  far.close()
  const stoppedMs = world.monotonicMs()
  for (let i = 0; i < 10; i++) await period()
  assert.equal(silences.length, 1)
  assert.ok((silences[0] ?? 0) - stoppedMs <= 2 * 300 + 100, `after ${(silences[0] ?? 0) - stoppedMs} ms`)
  near.close()
})
