// SPDX-License-Identifier: Apache-2.0
/** The network fails between speakers that are well: a pulled cable, a cut switch. Run by failover.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { monotonicMs } from '../../lab/failover-record.ts'
import { assertSoleOwner, probe, startRing } from './failover-start.ts'
import { sleep } from './wire-namespace.ts'

const TAKEN_OVER_MS = 2000
const ONE_OWNER_MS = 2000

test("the owner's cable is pulled and plugged in again: others answer, then the owner alone", async () => {
  const { scene, prober, owner } = await startRing()
  const pulledMs = monotonicMs()
  await scene.setCable('node-1', 'down')
  const tookMs = (await prober.takenOver(owner, pulledMs)) - pulledMs
  assert.ok(tookMs <= TAKEN_OVER_MS, `${tookMs} ms`)
  await sleep(500)
  const pluggedMs = monotonicMs()
  await scene.setCable('node-1', 'up')
  await sleep(ONE_OWNER_MS + 1000)
  await assertSoleOwner(prober, pluggedMs, ONE_OWNER_MS)
  await prober.settled(owner)
})

test('the switch is cut in two: each side answers for all; joined again, one owner within two seconds', async () => {
  const { scene, prober, owner } = await startRing()
  const beyond = await probe(scene, prober.ips, 'visitor')
  const away = ['node-2', 'node-3', 'visitor']
  const cutMs = monotonicMs()
  await scene.cut(away)
  const tookMs = (await beyond.takenOver(owner, cutMs)) - cutMs
  assert.ok(tookMs <= TAKEN_OVER_MS, `${tookMs} ms`)
  await sleep(1500)
  await prober.settled(owner)
  const others = new Set(['node-2', 'node-3'].map((node) => scene.macOf(node)))
  for (const ip of beyond.ips) assert.ok(others.has(beyond.record.latestAnswer(ip)?.mac ?? 'nobody'))
  const healedMs = monotonicMs()
  await scene.heal(away)
  await sleep(ONE_OWNER_MS + 1000)
  for (const station of [prober, beyond]) {
    await assertSoleOwner(station, healedMs, ONE_OWNER_MS)
    await station.settled(owner)
  }
})

test('the switch is cut for so long that speakers forget each other: they find each other again', async () => {
  const { scene, prober, owner } = await startRing()
  const beyond = await probe(scene, prober.ips, 'visitor')
  const away = ['node-2', 'node-3', 'visitor']
  await scene.cut(away)
  await sleep(7000) // suspicion, in this ring of three, is over by then
  const healedMs = monotonicMs()
  await scene.heal(away)
  await sleep(ONE_OWNER_MS + 1000)
  await assertSoleOwner(beyond, healedMs, ONE_OWNER_MS)
  await prober.settled(owner)
})
