// SPDX-License-Identifier: Apache-2.0
/** Who is in the ring and who answers then: the election, another memberlist, keys. Run by failover.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { monotonicMs } from '../../lab/failover-record.ts'
import { ringKey } from '../../src/gossip/crypto.ts'
import { LAUNCHER_FOR_SERF, Serf } from './failover-serf.ts'
import { buildScene, probe, secretDirectory } from './failover-start.ts'
import { sleep } from './wire-namespace.ts'

const SECRET = 'a-secret-of-22-letters'

type Order = Readonly<{ name: string; ip: string; preferred?: string; order: readonly string[] }>

/** Vectors of the election; who is preferred is so by its Node's label. */
const ORDERS: readonly Order[] = [
  { name: 'by digest', ip: '10.0.0.1', order: ['node-b', 'node-a', 'node-c'] },
  { name: 'by digest, another address', ip: '10.0.0.2', order: ['node-b', 'node-c', 'node-a'] },
  { name: 'preferred', ip: '10.20.30.1', preferred: 'edge-a', order: ['edge-a', 'edge-b', 'worker-a', 'worker-b'] },
]

for (const { name, ip, preferred, order } of ORDERS) {
  test(`one crash after another, the next in the order answers: ${name}`, async () => {
    const nodes = order.toSorted()
    const scene = await buildScene({ nodes, addresses: [ip], ...(preferred !== undefined && { preferred }) })
    await scene.startAll()
    const prober = await probe(scene, [ip])
    for (const node of order) {
      await prober.settled(scene.macOf(node))
      await sleep(1000) // the others are watching by then
      scene.speaker(node).signal('SIGKILL')
    }
  })
}

for (const secret of ['', SECRET]) {
  const how = secret === '' ? 'not encrypted' : 'encrypted'
  test(`another memberlist in the ring, ${how}: it is a speaker like others, and sees ours fail as we see it`, async () => {
    const scene = await buildScene({ launcher: LAUNCHER_FOR_SERF })
    const serf = new Serf(scene, 'node-3', secret === '' ? undefined : ringKey(Buffer.from(secret)))
    await serf.program.said('agent: Serf agent starting')
    const plan = secret === '' ? {} : { secret: secretDirectory(secret) }
    await Promise.all(['node-1', 'node-2'].map((node) => scene.start(node, plan)))
    await serf.sees('node-1', 'alive', 5000)
    await serf.sees('node-2', 'alive', 5000)
    const ours = await probe(scene, scene.addressesOf(['node-1', 'node-2'], 2))
    const theirs = await probe(scene, scene.addressesOf(['node-3', 'node-2'], 2), 'visitor')
    await ours.settled(scene.macOf('node-1'))
    const joinedMs = monotonicMs()
    await sleep(1000)
    for (const ip of theirs.ips)
      assert.deepEqual(theirs.record.of(ip, joinedMs), [], 'serf owns it, and answers nobody')

    const crashedMs = monotonicMs()
    scene.speaker('node-1').signal('SIGKILL')
    const tookMs = (await ours.takenOver(scene.macOf('node-1'), crashedMs)) - crashedMs
    assert.ok(tookMs <= 2000, `${tookMs} ms`)
    await serf.sees('node-1', 'failed', 3000)

    serf.program.signal('SIGKILL')
    await theirs.settled(scene.macOf('node-2'))
  })
}

test('encrypted: who has another key is in no ring but its own', async () => {
  const scene = await buildScene()
  const [ours, another] = [secretDirectory(SECRET), secretDirectory('another-secret')]
  await Promise.all([
    scene.start('node-1', { secret: ours }),
    scene.start('node-2', { secret: ours }),
    scene.start('node-3', { secret: another }),
  ])
  const prober = await probe(scene, scene.addressesOf(['node-3', 'node-2', 'node-1'], 3))
  await sleep(2500)
  const fromMs = monotonicMs()
  await sleep(500)
  await prober.caughtUp()
  for (const ip of prober.ips) {
    const owners = prober.record.claimants(ip, { fromMs, toMs: monotonicMs() })
    assert.deepEqual([...owners].toSorted(), [scene.macOf('node-2'), scene.macOf('node-3')], 'the first of each ring')
  }
})
