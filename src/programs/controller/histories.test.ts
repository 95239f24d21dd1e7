// SPDX-License-Identifier: Apache-2.0
/**
 * One controller that leads all the time, while Services, pools and its own writes go their ways at random: whatever
 * happened, the end is the one that a controller comes to that knows nothing of it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pool } from '../../../test/model/objects.ts'
import { MemoryObjects } from '../../../test/sim/memory-objects.ts'
import { Replica } from '../../../test/sim/replica.ts'
import type { KubeObject } from '../../lib/object.ts'
import { Controller } from './controller.ts'
import { holdingOf } from './holding.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 200)
const SEED = Number(process.env['FUZZ_SEED'] ?? 1)
const STEPS = 40
const NAMES = 12

type Roll = (sides: number) => number
type Choice = (roll: Roll) => Readonly<{ spec?: object; annotations?: Readonly<Record<string, string>> }>

/** What users ask of a Service. */
const CHOICES: readonly Choice[] = [
  () => ({}),
  () => ({}),
  () => ({}),
  (roll) => ({ spec: { ports: [{ port: 80 + roll(3) }] } }),
  () => ({ spec: { type: 'ClusterIP' } }),
  () => ({ spec: { loadBalancerClass: 'somebody.else/lb' } }),
  (roll) => ({ annotations: { 'metallb.io/loadBalancerIPs': `192.0.2.${10 + roll(7)}` } }),
  (roll) => ({ annotations: { 'metallb.io/address-pool': roll(2) === 0 ? 'a' : 'b' } }),
  (roll) => ({ annotations: { 'metallb.io/address-pool': 'x' }, spec: { ports: [{ port: 80 + roll(3) }] } }),
  (roll) => ({ annotations: { 'metallb.io/allow-shared-ip': 'k' }, spec: { ports: [{ port: 80 + roll(3) }] } }),
]
const POOLS: readonly (readonly KubeObject[])[] = [
  [pool('a', ['192.0.2.10-192.0.2.14'])],
  [pool('a', ['192.0.2.10-192.0.2.12'])],
  [pool('a', ['192.0.2.13-192.0.2.16'], { autoAssign: false })],
  [pool('b', ['198.51.100.0/31'])],
  [pool('b', ['198.51.100.0/30'], { avoidBuggyIPs: true, serviceAllocation: { priority: 1 } })],
  // In the way of the others: an invalid configuration.
  [pool('z', ['192.0.2.12/32'])],
]

class History {
  readonly api = new MemoryObjects({ versioned: true })
  readonly #roll: Roll
  #uids = 0

  constructor(seed: number) {
    this.#roll = dice(seed)
    this.api.apply(...(POOLS[0] ?? []))
  }

  async open(): Promise<Replica> {
    const replica = new Replica(this.api, { create: (options) => new Controller(options), delay: () => this.#roll(4) })
    await replica.controller.start()
    await replica.lead()
    return replica
  }

  /** Something happens. */
  step(): void {
    const roll = this.#roll
    const name = `s${roll(NAMES)}`
    const what = roll(20)
    if (what < 12) this.api.apply(this.#service(name))
    else if (what < 15) this.api.delete('Service', 'default', name)
    else if (what === 15) {
      this.api.delete('Service', 'default', name)
      this.api.apply(this.#service(name))
    } else if (what < 18) this.api.apply(...(POOLS[roll(POOLS.length)] ?? []))
    else this.api.delete('IPAddressPool', 'metallb-system', ['a', 'b', 'z'][roll(3)] ?? '')
  }

  turns(most: number): Promise<void> {
    return turns(this.#roll(most))
  }

  holdings(): Map<string, string> {
    const services = [...this.api.objects.values()].filter(({ kind }) => kind === 'Service')
    return new Map(
      services.map((object) => [
        object.metadata.name,
        `${holdingOf(object).ips.join()} ${holdingOf(object).condition?.reason ?? ''}`,
      ]),
    )
  }

  #service(name: string): KubeObject {
    const known = this.api.objects.get(`Service/default/${name}`)
    const uid = known?.metadata.uid ?? `uid-${this.#uids++}`
    const { spec = {}, annotations = {} } = CHOICES[this.#roll(CHOICES.length)]?.(this.#roll) ?? {}
    return {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default', labels: {}, annotations, uid },
      spec: { type: 'LoadBalancer', clusterIP: '10.96.0.1', ports: [{ port: 80 }], ...spec },
    }
  }
}

async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await new Promise(setImmediate)
}

async function quiet({ controller }: Replica): Promise<void> {
  for (let times = 0; times < 5; times++) {
    await controller.settled()
    await turns(10)
  }
}

function dice(seed: number): Roll {
  let state = seed
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * sides)
  }
}

test(`${RUNS} histories: whatever happened while one led, the next one finds nothing to do`, async () => {
  let held = 0
  for (let seed = SEED; seed < SEED + RUNS; seed++) {
    const history = new History(seed)
    const leader = await history.open()
    for (let step = 0; step < STEPS; step++) {
      history.step()
      await history.turns(8)
    }
    history.api.delete('IPAddressPool', 'metallb-system', 'z')
    await quiet(leader)
    const before = history.holdings()
    held += [...before.values()].filter((text) => !text.startsWith(' ')).length
    const writes = history.api.statusWrites.length
    leader.kill()
    const next = await history.open()
    await quiet(next)
    assert.deepEqual(history.holdings(), before, `seed ${seed}`)
    // Who else uses an address that somebody asks for may have changed since that was refused: its words are newer now.
    const news = history.api.statusWrites.slice(writes).filter(({ object: { kind, name } }) => {
      return kind === 'Service' && before.get(name) !== ' addressInUse'
    })
    assert.deepEqual(news, [], `seed ${seed}`)
    await next.controller.stop()
  }
  assert.ok(held > RUNS, 'Services hold addresses')
})
