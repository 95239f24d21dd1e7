// SPDX-License-Identifier: Apache-2.0
/**
 * The controller killed (-9) at each step of an allocation, and at random moments while Services come, change and go.
 * Whatever the moment: no address twice, none outside the pool, and who was seen with an address keeps it. Real processes
 * and a real API server; 200 random runs of the same story in memory are in src/programs/controller/leaders.test.ts.
 */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ApiServer, startApiServer } from '../../lab/cluster/api-server.ts'
import { apply, applyCrds } from '../../lab/cluster/apply.ts'
import { namespace, pool, service } from '../../lab/cluster/objects.ts'
import { allServed, assertSound, holdings, SERVICES, startController, startLeader } from './controller-stage.ts'
import { HoldingProxy } from './holding-proxy.ts'

const ROOM = 12
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/metallb-system/leases/metallb-controller'
const KILLS = 15
let server: ApiServer
let proxy: HoldingProxy

before(async () => {
  server = await startApiServer()
  await applyCrds(server.client)
  await apply(server.client, [namespace(), pool('a', `192.0.2.1-192.0.2.${ROOM}`)])
  proxy = await HoldingProxy.start(server)
})
after(async () => {
  proxy.close()
  await server.stop()
})
beforeEach(async () => {
  for (const name of (await holdings(server)).keys()) await server.client.delete(service(name))
})

/** The Lease of a dead leader runs for 10 s; what is tested here is what comes after that. */
async function endLease(): Promise<void> {
  await server.client.send('DELETE', LEASE)
}

type Step = Readonly<{ name: string; holds: (request: string) => boolean; lands: boolean }>
const isStatus = (request: string) => request === `PATCH ${SERVICES}/web/status`
const isEvent = (request: string) => request.startsWith('POST /api/v1/namespaces/default/events')
const STEPS: readonly Step[] = [
  { name: 'the status is sent and does not arrive', holds: isStatus, lands: false },
  { name: 'the status is sent and arrives after the death', holds: isStatus, lands: true },
  { name: 'the status is there, the event is not', holds: isEvent, lands: false },
  { name: 'the event arrives after the death', holds: isEvent, lands: true },
  { name: 'pool counters are on their way', holds: (request) => request.includes('/ipaddresspools/'), lands: false },
  { name: 'the Lease is being renewed', holds: (request) => request.includes('/leases/'), lands: true },
]
for (const { name, holds, lands } of STEPS) {
  test(`killed while ${name}`, async () => {
    const controller = await startLeader(proxy.kubeconfig)
    await server.client.create(service('old'))
    const old = (await allServed(server, ROOM)).get('old')
    await sleep(1200) // nothing of old is on its way any more
    const arrived = proxy.hold(holds)
    await server.client.create(service('web'))
    await arrived
    await controller.kill()
    const seen = (await holdings(server)).get('web')
    if (lands) proxy.release()
    else proxy.drop()
    await endLease()
    await server.client.create(service('young'))
    const next = await startLeader(server.kubeconfig)
    const held = await allServed(server, ROOM)
    assertSound(held, ROOM, name)
    assert.equal(held.get('old'), old)
    if (seen !== '') assert.equal(held.get('web'), seen)
    assert.equal(await next.stop(), 0)
  })
}

test(`${KILLS} kills at random moments`, async (context) => {
  const seed = Date.now() % 1_000_000
  context.diagnostic(`seed ${seed}`)
  const roll = dice(seed)
  const present = new Map<string, number>()
  let known = new Map<string, string>()
  const change = async () => {
    const name = `s${roll(ROOM + 4)}`
    if (roll(3) > 0 || !present.has(name)) {
      const port = 1 + roll(1000)
      await server.client.apply(service(name, { ports: [{ name: 'http', protocol: 'TCP', port }] }))
      present.set(name, port)
      return
    }
    await server.client.delete(service(name))
    present.delete(name)
    known.delete(name) // whoever comes back under this name is another one
  }
  for (let kill = 1; kill <= KILLS; kill++) {
    const controller = startController(server.kubeconfig)
    // Some are killed while they start, some while they work.
    if (roll(4) > 0) await controller.said('leading')
    else await sleep(roll(600))
    for (let left = roll(10); left > 0; left--) {
      await change()
      if (roll(2) === 0) await sleep(roll(15))
    }
    await controller.kill()
    await endLease()
    const held = await holdings(server)
    assertSound(held, ROOM, `kill ${kill}`)
    for (const [name, ip] of known) assert.equal(held.get(name), ip, `kill ${kill}: ${name} was moved`)
    known = new Map([...held].filter(([name, ip]) => ip !== '' && present.has(name)))
  }
  const last = await startLeader(server.kubeconfig)
  const held = await allServed(server, ROOM)
  assertSound(held, ROOM, 'at the end')
  for (const [name, ip] of known) assert.equal(held.get(name), ip, `at the end: ${name} was moved`)
  assert.equal(await last.stop(), 0)
})

/** A linear congruential generator: the same story for the same seed. */
function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * sides)
  }
}
