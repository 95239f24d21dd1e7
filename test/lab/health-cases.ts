// SPDX-License-Identifier: Apache-2.0
/** Services that ask for a health check: nothing answers, something does, it stops. Run by health.test.ts. */
import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { monotonicMs } from '../../lab/failover-record.ts'
import { addressOf } from '../../lab/observe.ts'
import { sandboxDirectory, settleIn } from '../../lab/sandbox.ts'
import type { Prober } from './failover-prober.ts'
import { HealthScene } from './health-scene.ts'

const directory = sandboxDirectory()
assert(directory, 'this file is run by health.test.ts, in a sandbox')
await settleIn()
process.channel?.unref() // the launcher may wait for us, not we for it
const DIRECTORY = directory

/** Of the example, and of the Service beside it. */
const [PORT, OTHER_PORT] = [8080, 8081]
const INTERVAL_MS = 2000
/** Three bad probes, of which the first comes within an interval; and the same for two good ones. */
const FALLS = { earliestMs: 2 * INTERVAL_MS - 200, latestMs: 3 * INTERVAL_MS + 2000 }
const RISES = { earliestMs: INTERVAL_MS - 200, latestMs: 2 * INTERVAL_MS + 2000 }
const NEVER = 'healthCheckNeverPassed'

let scene: HealthScene
let example: string
let other: string

before(async () => {
  scene = await HealthScene.build(DIRECTORY)
  for (const node of scene.stage.nodes) await scene.answer(node, OTHER_PORT)
  scene.serveExample()
  example = await addressOf(scene.stage, 'nginx-service')
  scene.serveAnother('checked', OTHER_PORT)
  other = await addressOf(scene.stage, 'checked')
})

type Bounds = typeof FALLS

/** Resolves when one node answers alone; asserts that it took as long as probes take. */
async function moves(prober: Prober, mac: string, { earliestMs, latestMs }: Bounds): Promise<void> {
  const fromMs = monotonicMs()
  const answerer = prober.record.latestAnswer(prober.ips[0] ?? '')?.mac ?? ''
  const tookMs = (await prober.takenOver(answerer, fromMs)) - fromMs
  assert.ok(tookMs >= earliestMs && tookMs <= latestMs, `${tookMs} ms`)
  await prober.settled(mac)
}

/** Asserts that an address was answered all the time since a moment. */
async function alwaysAnswered(prober: Prober, fromMs: number): Promise<void> {
  await prober.caughtUp()
  const span = { fromMs, toMs: monotonicMs() - 50 }
  for (const ip of prober.ips) assert.ok(prober.record.longestSilenceMs(ip, span) < 500)
}

suite('two Services at the same time', { concurrency: 2 }, () => {
  test('nothing answers anywhere: announced as without the check, and its owner alone says so; then it is answered', async () => {
    const [owner, ...others] = scene.orderFor(example)
    assert(owner)
    const prober = await scene.watch(example)
    await prober.settled(owner.plan.mac)
    const fromMs = monotonicMs()
    await scene.speaker(owner).said(NEVER, FALLS.latestMs)
    for (const node of others) await scene.speaker(node).said('health check on port 8080 fails here', FALLS.latestMs)
    await Promise.all(scene.stage.nodes.map((node) => scene.answer(node, PORT)))
    for (const node of scene.stage.nodes) {
      await scene.speaker(node).said('health check on port 8080 is passing', RISES.latestMs)
    }
    await prober.settled(owner.plan.mac)
    await alwaysAnswered(prober, fromMs)
    assert.deepEqual(
      others.flatMap((node) => scene.logged(node, NEVER)),
      [],
    )
    const [warning, ...again] = scene.logged(owner, NEVER)
    assert.deepEqual([warning?.['level'], warning?.['service'], again], ['warn', 'default/nginx-service', []])
    assert.match(String(warning?.['msg']), /^port 8080 .* has answered 200 on no node/)
    await prober.stop()
  })

  test('it fails on the leader: the next one answers; passes again: it is back; fails everywhere: as without it', async () => {
    const [owner, next, last] = scene.orderFor(other)
    assert(owner && next && last)
    const prober = await scene.watch(other)
    for (const node of scene.stage.nodes) {
      await scene.speaker(node).said('health check on port 8081 is passing', RISES.latestMs)
    }
    await prober.settled(owner.plan.mac)
    const fromMs = monotonicMs()
    await scene.hush(owner, OTHER_PORT)
    await moves(prober, next.plan.mac, FALLS)

    const restartedMs = monotonicMs()
    await scene.restart(owner)
    await prober.settled(next.plan.mac)
    const claimants = prober.record.claimants(other, { fromMs: restartedMs, toMs: monotonicMs() })
    assert.deepEqual([...claimants], [next.plan.mac], 'who begins does not take what others are well for')

    await scene.answer(owner, OTHER_PORT)
    await moves(prober, owner.plan.mac, RISES)
    await Promise.all([next, last, owner].map((node) => scene.hush(node, OTHER_PORT)))
    const silentMs = monotonicMs()
    for (const node of [next, last]) {
      await scene.speaker(node).said('health check on port 8081 fails here', FALLS.latestMs)
    }
    await prober.settled(owner.plan.mac)
    await alwaysAnswered(prober, fromMs)
    assert.ok(monotonicMs() - silentMs >= FALLS.earliestMs)
    const warned = scene.stage.nodes.flatMap((node) => scene.logged(node, NEVER).map(({ service }) => service))
    assert.ok(!warned.includes('default/checked'), 'it did pass once')
    await prober.stop()
  })
})
