// SPDX-License-Identifier: Apache-2.0
/** A speaker ends or stands still: who answers then, after how long, and never two for long. Run by failover.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { monotonicMs } from '../../lab/failover-record.ts'
import { assertSoleOwner, longestSilenceMs, startRing } from './failover-start.ts'
import { freeze, sleep } from './wire-namespace.ts'

/** The bound of the bench is 1 s; here twice that, as the machine may be busy. */
const TAKEN_OVER_MS = 2000
const ONE_OWNER_MS = 2000
/** 50 ms in the bench. */
const HANDED_OVER_MS = 100

test('crash: others answer within a second or two, and it gets its addresses back when it is there again', async () => {
  const { scene, prober, owner } = await startRing()
  const crashedMs = monotonicMs()
  scene.speaker('node-1').signal('SIGKILL')
  const tookMs = (await prober.takenOver(owner, crashedMs)) - crashedMs
  assert.ok(tookMs <= TAKEN_OVER_MS, `${tookMs} ms`)
  const backMs = monotonicMs()
  await scene.start('node-1')
  await prober.settled(owner)
  assert.ok(longestSilenceMs(prober, backMs) <= HANDED_OVER_MS, 'the return of the owner costs no answer')
})

test('hang: others answer; awake again, it is the one owner within two seconds', async () => {
  const { scene, prober, owner } = await startRing()
  const hungMs = monotonicMs()
  await freeze(scene.speaker('node-1').pid)
  const tookMs = (await prober.takenOver(owner, hungMs)) - hungMs
  assert.ok(tookMs <= TAKEN_OVER_MS, `${tookMs} ms`)
  await sleep(1000)
  const awakeMs = monotonicMs()
  scene.speaker('node-1').signal('SIGCONT')
  await sleep(ONE_OWNER_MS + 1000)
  await assertSoleOwner(prober, awakeMs, ONE_OWNER_MS)
  await prober.settled(owner)
})

test('a short hang that nobody noticed: the owner stays, and nobody else answers', async () => {
  const { scene, prober, owner } = await startRing()
  const hungMs = monotonicMs()
  await freeze(scene.speaker('node-1').pid)
  await sleep(150)
  scene.speaker('node-1').signal('SIGCONT')
  await sleep(1500)
  await prober.settled(owner)
  const span = { fromMs: hungMs, toMs: monotonicMs() }
  for (const ip of prober.ips) assert.deepEqual([...prober.record.claimants(ip, span)], [owner])
})

test('SIGTERM: others have taken over before it stops', async () => {
  const { scene, prober, owner } = await startRing()
  const toldMs = monotonicMs()
  scene.speaker('node-1').signal('SIGTERM')
  assert.equal(await scene.speaker('node-1').ended(), 0)
  const goneMs = monotonicMs()
  assert.ok(goneMs - toldMs <= 2000, `it ended after ${goneMs - toldMs} ms`)
  await prober.takenOver(owner, toldMs)
  await sleep(1000)
  const silentMs = longestSilenceMs(prober, toldMs)
  assert.ok(silentMs <= HANDED_OVER_MS, `${silentMs} ms without an answer`)
  await assertSoleOwner(prober, toldMs, ONE_OWNER_MS)
})

test('rolling restart of all speakers: no address is without an answer for long, and all return', async () => {
  const { scene, prober, owner } = await startRing()
  const beganMs = monotonicMs()
  for (const node of scene.nodes) {
    scene.speaker(node).signal('SIGTERM')
    assert.equal(await scene.speaker(node).ended(), 0)
    await scene.start(node)
  }
  await prober.settled(owner)
  const silentMs = longestSilenceMs(prober, beganMs)
  assert.ok(silentMs <= HANDED_OVER_MS, `${silentMs} ms without an answer`)
})
