// SPDX-License-Identifier: Apache-2.0
/** Several controllers on one API: hand-overs, pauses, kills, and writes that arrive late. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryObjects } from '../../../test/sim/memory-objects.ts'
import { Replica } from '../../../test/sim/replica.ts'
import type { KubeObject } from '../../lib/object.ts'
import { Controller } from './controller.ts'
import { holdingOf } from './holding.ts'

const SIZE = 8
const meta = (name: string, namespace: string) => ({ name, namespace, labels: {}, annotations: {} })
const pool: KubeObject = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: meta('a', 'metallb-system'),
  spec: { addresses: [`192.0.2.10-192.0.2.${9 + SIZE}`] },
}
const service = (name: string, spec: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: meta(name, 'default'),
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
})

const create = (options: ConstructorParameters<typeof Controller>[0]) => new Controller(options)
const prompt = { create, delay: () => 0 }
const turns = async (count: number) => {
  for (let left = count; left > 0; left--) await new Promise(setImmediate)
}

function ipOf(api: MemoryObjects, name: string): string {
  const object = api.objects.get(`Service/default/${name}`)
  return object ? holdingOf(object).ips.join() : 'gone'
}

function holdings(api: MemoryObjects): Map<string, string> {
  const services = [...api.objects.values()].filter(({ kind }) => kind === 'Service')
  return new Map(services.map((object) => [object.metadata.name, holdingOf(object).ips.join()]))
}

async function rig(...objects: readonly KubeObject[]) {
  const api = new MemoryObjects({ versioned: true })
  api.apply(pool, ...objects)
  const [one, two] = [new Replica(api, prompt), new Replica(api, prompt)]
  await one.controller.start()
  await two.controller.start()
  return { api, one, two }
}

test('on standby nothing is decided and nothing is written', async () => {
  const { api, one } = await rig(service('web'))
  await turns(20)
  assert.deepEqual([api.statusWrites, one.controller.leads], [[], false])
})

test('a hand-over changes nothing that is in order, and writes nothing', async () => {
  const { api, one, two } = await rig(service('web'), service('db'))
  await one.lead()
  await one.controller.settled()
  await turns(50)
  await one.controller.stop()
  const before = holdings(api)
  const [writes, events] = [api.statusWrites.length, api.eventWrites.length]
  await two.lead()
  await two.controller.settled()
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual(holdings(api), before)
  assert.deepEqual([api.statusWrites.length, api.eventWrites.length], [writes, events])
})

test('a Service that changes while its address is on its way gets that address, with its next version', async () => {
  const { api, one } = await rig()
  await one.lead()
  const gate = Promise.withResolvers<void>()
  one.onTheWay = gate.promise
  api.apply(service('web'))
  await turns(10)
  api.apply(service('web', { ports: [{ port: 81 }] }))
  await turns(10)
  one.onTheWay = Promise.resolve()
  gate.resolve()
  await one.controller.settled()
  assert.equal(ipOf(api, 'web'), '192.0.2.10')
  assert.equal(api.outdatedWrites.length, 1)
  assert.equal(api.eventWrites.filter(({ reason }) => reason === 'IPAllocated').length, 1)
})

test('a late write of a paused leader: the earlier holder keeps the address, the other Service gets another', async () => {
  const { api, one, two } = await rig()
  await one.lead()
  await one.controller.settled()
  const [late, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  one.onTheWay = late.promise
  api.apply(service('z'))
  await turns(10) // its first address is on its way to z, and there it stays
  api.delete('Service', 'default', 'z-gone')
  two.onTheWay = held.promise
  api.apply(service('a'))
  one.mayWrite = false // paused: it knows nothing of a, nor that its lease is over
  await two.lead()
  await turns(10)
  late.resolve()
  await turns(10)
  assert.equal(ipOf(api, 'z'), '192.0.2.10', 'the late write arrived')
  held.resolve()
  await two.controller.settled()
  await turns(20)
  assert.deepEqual([ipOf(api, 'a'), ipOf(api, 'z')].toSorted(), ['192.0.2.10', '192.0.2.11'])
  one.follow()
  assert.ok(api.outdatedWrites.length > 0)
})

test('what somebody else gave while ours was on its way stays, if nobody else has it', async () => {
  const { api, one } = await rig()
  await one.lead()
  const gate = Promise.withResolvers<void>()
  one.onTheWay = gate.promise
  api.apply(service('web'))
  await turns(10)
  const web = api.objects.get('Service/default/web')
  assert.ok(web)
  api.apply({ ...web, status: { loadBalancer: { ingress: [{ ip: '192.0.2.15' }] } } })
  await turns(10)
  gate.resolve()
  await one.controller.settled()
  assert.equal(ipOf(api, 'web'), '192.0.2.15')
})

test('200 random runs: leaders that overlap, pause, hand over and die; no address twice, none lost', async () => {
  for (let seed = 1; seed <= 200; seed++) await randomRun(seed)
})

async function randomRun(seed: number): Promise<void> {
  const roll = dice(seed)
  const api = new MemoryObjects({ versioned: true })
  api.apply(pool)
  const open = async () => {
    const replica = new Replica(api, { create, delay: () => roll(4) })
    await replica.controller.start()
    return replica
  }
  let replicas = [await open(), await open()]
  await replicas[0]?.lead()
  api.apply(service('old-1'), service('old-2'), service('old-3'))
  for (const replica of replicas) await quiet(replica)
  const old = oldOnes(api)
  for (let step = 0; step < 40; step++) {
    const name = `s${roll(12)}`
    const replica = replicas[roll(replicas.length)]
    const what = roll(12)
    if (what < 5) api.apply(service(name, { ports: [{ port: 80 + roll(3) }] }))
    else if (what < 7) api.delete('Service', 'default', name)
    else if (what < 9) void replica?.lead()
    else if (what === 9) replica?.follow()
    else if (what === 10 && replica) {
      replica.kill()
      replicas = [...replicas.filter((other) => other !== replica), await open()]
    } else if (replica) replica.mayWrite = roll(2) === 0
    await turns(roll(6))
  }
  for (const replica of replicas) replica.follow()
  await turns(10)
  const last = await open()
  await last.lead()
  await quiet(last)
  assertSound(api, `seed ${seed}`)
  assert.deepEqual(oldOnes(api), old, `seed ${seed}: a Service that nobody touched was moved`)
  const before = holdings(api)
  last.kill()
  const next = await open()
  await next.lead()
  await quiet(next)
  assert.deepEqual(holdings(api), before, `seed ${seed}: a hand-over changed something`)
  await next.controller.stop()
}

function oldOnes(api: MemoryObjects): string[] {
  return [...holdings(api)].flatMap(([name, ip]) => (name.startsWith('old') ? [`${name} ${ip}`] : []))
}

async function quiet({ controller }: Replica): Promise<void> {
  for (let times = 0; times < 5; times++) {
    await controller.settled()
    await turns(10)
  }
}

function assertSound(api: MemoryObjects, when: string): void {
  const held = [...holdings(api).values()]
  const ips = held.filter((ip) => ip !== '')
  assert.equal(new Set(ips).size, ips.length, `${when}: an address twice: ${JSON.stringify([...holdings(api)])}`)
  assert.equal(ips.length, Math.min(SIZE, held.length), `${when}: room was left: ${JSON.stringify([...holdings(api)])}`)
}

function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * sides)
  }
}
