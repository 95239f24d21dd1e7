// SPDX-License-Identifier: Apache-2.0
/** What the cases of failover share: a scene with its speakers and a station that asks, removed after each test. */
import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach } from 'node:test'
import { monotonicMs } from '../../lab/failover-record.ts'
import { FailoverScene, type ScenePlan, type SpeakerPlan } from '../../lab/failover-scene.ts'
import { sandboxDirectory, settleIn } from '../../lab/sandbox.ts'
import { Prober } from './failover-prober.ts'

const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

const directory = sandboxDirectory()
assert(directory, 'this file is run by failover.test.ts, in a sandbox')
await settleIn()
process.channel?.unref() // the launcher may wait for us, not we for it
const DIRECTORY = directory

/** A scene whose speakers are yet to be started. */
export async function buildScene(plan: Partial<ScenePlan> = {}): Promise<FailoverScene> {
  const scene = await FailoverScene.build({ directory: DIRECTORY, ...plan })
  cleanUps.push(() => scene.dismantle())
  return scene
}

/** A directory with the ring's key, as a Pod has it mounted; it goes with the sandbox's files. */
export function secretDirectory(secret: string): string {
  const secrets = mkdtempSync(join(DIRECTORY, 'secret-'))
  writeFileSync(join(secrets, 'secretkey'), secret)
  return secrets
}

/** Begins to ask from one of the scene's clients. */
export async function probe(scene: FailoverScene, ips: readonly string[], client = 'client'): Promise<Prober> {
  const prober = new Prober(scene.host(client), ips)
  cleanUps.push(() => prober.stop())
  await prober.ready()
  return prober
}

/** Three speakers in a ring that has formed, and a station that asks for the addresses of the first. */
export async function startRing(
  plan: SpeakerPlan = {},
): Promise<{ scene: FailoverScene; prober: Prober; owner: string }> {
  const scene = await buildScene()
  await scene.startAll(plan)
  const prober = await probe(scene, scene.addressesOf(['node-1'], 3))
  await prober.settled(scene.macOf('node-1'))
  return { scene, prober, owner: scene.macOf('node-1') }
}

/** The longest time since a moment that any of the station's addresses was without an answer. */
export function longestSilenceMs(prober: Prober, fromMs: number): number {
  const toMs = monotonicMs()
  return Math.max(...prober.ips.map((ip) => prober.record.longestSilenceMs(ip, { fromMs, toMs })))
}

/** Asserts that all addresses are answered now, and that `withinMs` after a moment only who does so claimed them. */
export async function assertSoleOwner(prober: Prober, sinceMs: number, withinMs: number): Promise<void> {
  await prober.caughtUp()
  const toMs = monotonicMs()
  for (const ip of prober.ips) {
    const latest = prober.record.latestAnswer(ip)
    assert.ok(latest && toMs - latest.atMs < 1000, `${ip} is not answered`)
    const afterMs = (prober.record.lastDissentMs(ip, { fromMs: sinceMs, toMs }) ?? sinceMs) - sinceMs
    assert.ok(afterMs <= withinMs, `${ip} was claimed by two for ${afterMs} ms`)
  }
}
