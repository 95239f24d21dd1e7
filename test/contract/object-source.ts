// SPDX-License-Identifier: Apache-2.0
/**
 * What every object source and sink owes to controller and speaker, whatever stands behind it. Each implementation is
 * put through this suite by a test file of its own, which says how users change objects there.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject, ObjectEvent, ObjectListener, ObjectSink, ObjectSource } from '../../src/lib/object.ts'
import type { Problem } from '../../src/lib/problem.ts'

/** An object as a user writes it. */
export type Manifest = Readonly<{
  apiVersion: string
  kind: string
  metadata: Readonly<Record<string, unknown>>
  [section: string]: unknown
}>

/** One world of objects, empty at first. */
export interface World {
  /** The one that writes, then those that only read. May be called again after the last one was stopped. */
  openController(): ObjectSource & ObjectSink
  openSpeaker(): ObjectSource
  apply(manifest: Manifest): Promise<void>
  delete(manifest: Manifest): Promise<void>
  close(): Promise<void>
}

/** Longer than any source needs, shorter than a person waits for a failing test. */
const PATIENCE_MS = 5000

/** Remembers what a source tells and lets a test wait for it. */
export class Recorder implements ObjectListener {
  readonly events: ObjectEvent[] = []
  readonly batches: (readonly ObjectEvent[])[] = []
  problems: readonly Problem[] = []
  #wake: (() => void)[] = []

  onEvents(events: readonly ObjectEvent[]): void {
    this.batches.push(events)
    this.events.push(...events)
    this.#notify()
  }

  onProblems(problems: readonly Problem[]): void {
    this.problems = problems
    this.#notify()
  }

  /** Takes all events told so far. */
  take(): string[] {
    return this.events.splice(0).map(({ type, object }) => `${type} ${object.metadata.name}`)
  }

  /** Resolves as soon as this holds; fails, saying what was told instead, when it never does. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS
    while (!holds()) {
      const leftMs = deadline - performance.now()
      assert(leftMs > 0, `never: ${what}; told ${JSON.stringify({ events: this.events, problems: this.problems })}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        this.#wake.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  /** The last version told of an object; undefined when it is deleted or was never told. */
  last(name: string): KubeObject | undefined {
    const event = this.events.findLast(({ object }) => object.metadata.name === name)
    return event?.type === 'applied' ? event.object : undefined
  }

  async applied(name: string): Promise<KubeObject> {
    await this.until(`${name} is applied`, () => this.last(name) !== undefined)
    const object = this.last(name)
    assert(object)
    return object
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

export const service = (name: string, spec: Readonly<Record<string, unknown>> = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: { type: 'LoadBalancer', ...spec },
})

export const pool = (name: string, addresses: readonly string[]): Manifest => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name, namespace: 'metallb-system' },
  spec: { addresses },
})

/** A field deep in something unchecked; undefined when it is not there. */
export function fieldOf(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? Reflect.get(at, step) : undefined),
    value,
  )
}

/** A manifest as a source hands it on, for worlds that have no files. */
export function asObject({ metadata, ...rest }: Manifest): KubeObject {
  const { name, namespace, annotations, labels } = metadata
  return {
    ...rest,
    metadata: {
      name: String(name),
      namespace: typeof namespace === 'string' ? namespace : 'default',
      labels: texts(labels),
      annotations: texts(annotations),
    },
  }
}

function texts(map: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(map ?? {}).map(([key, value]) => [key, String(value)]))
}

const ref = (name: string) => ({ kind: 'Service', namespace: 'default', name })
/** As an API server has it, which fills in ipMode. */
const statusOf = (ip: string) => ({ loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] } })
const addressesOf = (object: KubeObject): unknown => fieldOf(object, 'status', 'loadBalancer', 'ingress')
const POOL = 'metallb.io/ip-allocated-from-pool'

type Stage = Readonly<{ world: World; start(source: ObjectSource): Promise<Recorder> }>

/** The suite. `makeWorld` is called once for each test. */
export function objectSourceContract(name: string, makeWorld: () => Promise<World>): void {
  for (const [rule, play] of RULES) {
    test(`${name}: ${rule}`, async () => {
      const world = await makeWorld()
      const started: ObjectSource[] = []
      const start = async (source: ObjectSource): Promise<Recorder> => {
        const recorder = new Recorder()
        started.push(source)
        await source.start(recorder)
        return recorder
      }
      try {
        await play({ world, start })
      } finally {
        for (const source of started) await source.stop()
        await world.close()
      }
    })
  }
}

/** Changes something else and waits until it is told: whatever else was to be told before has been told then. */
async function fence(world: World, recorder: Recorder): Promise<void> {
  const { metadata, ...rest } = service('fence')
  await world.apply({ ...rest, metadata: { ...metadata, annotations: { 'example.com/fence': `${Math.random()}` } } })
  await recorder.applied('fence')
}

const RULES: readonly (readonly [string, (stage: Stage) => Promise<void>])[] = [
  [
    'the initial objects come as one batch before start resolves',
    async ({ world, start }) => {
      await world.apply(service('web'))
      await world.apply(pool('a', ['192.0.2.0/24']))
      const { batches } = await start(world.openSpeaker())
      assert.equal(batches.length, 1)
      assert.deepEqual(batches[0]?.map(({ type, object }) => `${type} ${object.kind}`).toSorted(), [
        'applied IPAddressPool',
        'applied Service',
      ])
    },
  ],
  [
    'a world without objects gives one empty batch',
    async ({ world, start }) => assert.deepEqual((await start(world.openSpeaker())).batches, [[]]),
  ],
  [
    'objects have metadata in full',
    async ({ world, start }) => {
      await world.apply(service('web'))
      const { metadata } = await (await start(world.openSpeaker())).applied('web')
      assert.equal(metadata.namespace, 'default')
      assert.deepEqual([metadata.labels, metadata.annotations], [{}, {}])
    },
  ],
  [
    'metallb.io objects come with the defaults of their CRD',
    async ({ world, start }) => {
      await world.apply(pool('a', ['192.0.2.0/24']))
      const object = await (await start(world.openSpeaker())).applied('a')
      assert.deepEqual(object['spec'], { addresses: ['192.0.2.0/24'], autoAssign: true, avoidBuggyIPs: false })
    },
  ],
  [
    'a new object, a change and a deletion are told once each',
    async ({ world, start }) => {
      const recorder = await start(world.openSpeaker())
      await world.apply(service('web'))
      await recorder.applied('web')
      assert.deepEqual(recorder.take(), ['applied web'])
      await world.apply(service('web', { externalTrafficPolicy: 'Local' }))
      const changed = await recorder.applied('web')
      assert.equal(fieldOf(changed, 'spec', 'type'), 'LoadBalancer')
      assert.equal(fieldOf(changed, 'spec', 'externalTrafficPolicy'), 'Local')
      assert.deepEqual(recorder.take(), ['applied web'])
      await world.delete(service('web'))
      await recorder.until('web is deleted', () => recorder.events.length > 0)
      assert.deepEqual(recorder.take(), ['deleted web'])
    },
  ],
  [
    'an object that is applied again without a change is not told again',
    async ({ world, start }) => {
      await world.apply(service('web'))
      const recorder = await start(world.openSpeaker())
      recorder.take()
      await world.apply(service('web'))
      await fence(world, recorder)
      assert.deepEqual(recorder.take(), ['applied fence'])
    },
  ],
  [
    'a written status and annotation reach every other reader as one event',
    async ({ world, start }) => {
      await world.apply(service('web'))
      const controller = world.openController()
      await start(controller)
      const recorder = await start(world.openSpeaker())
      const before = await recorder.applied('web')
      recorder.take()
      await controller.writeStatus({ object: ref('web'), status: statusOf('192.0.2.1'), annotations: { [POOL]: 'a' } })
      const object = await recorder.applied('web')
      assert.deepEqual(object['status'], statusOf('192.0.2.1'))
      assert.deepEqual(object.metadata.annotations, { [POOL]: 'a' })
      assert.deepEqual(object['spec'], before['spec'])
      await fence(world, recorder)
      assert.deepEqual(recorder.take(), ['applied web', 'applied fence'])
    },
  ],
  [
    'null removes an annotation, also one that the user brought along',
    async ({ world, start }) => {
      const own = { name: 'web', namespace: 'default', annotations: { [POOL]: 'old', 'example.com/mine': 'yes' } }
      await world.apply({ ...service('web'), metadata: own })
      const controller = world.openController()
      await start(controller)
      const recorder = await start(world.openSpeaker())
      recorder.take()
      await controller.writeStatus({ object: ref('web'), status: {}, annotations: { [POOL]: null } })
      assert.deepEqual((await recorder.applied('web')).metadata.annotations, { 'example.com/mine': 'yes' })
    },
  ],
  [
    'the writer hears nothing new of its own write, and sees it with the next change',
    async ({ world, start }) => {
      await world.apply(service('web'))
      const controller = world.openController()
      const recorder = await start(controller)
      recorder.take()
      await controller.writeStatus({ object: ref('web'), status: statusOf('192.0.2.1'), annotations: {} })
      await fence(world, recorder)
      const other = recorder.events.filter(({ object }) => object.metadata.name === 'web')
      for (const { object } of other) assert.deepEqual(object['status'], statusOf('192.0.2.1'))
      recorder.take()
      await world.apply(service('web', { externalTrafficPolicy: 'Local' }))
      assert.deepEqual((await recorder.applied('web'))['status'], statusOf('192.0.2.1'))
    },
  ],
  [
    'what was written is there after a restart',
    async ({ world, start }) => {
      await world.apply(service('web'))
      const controller = world.openController()
      await start(controller)
      await controller.writeStatus({ object: ref('web'), status: statusOf('192.0.2.1'), annotations: { [POOL]: 'a' } })
      await controller.stop()
      const object = await (await start(world.openController())).applied('web')
      assert.deepEqual([object['status'], object.metadata.annotations], [statusOf('192.0.2.1'), { [POOL]: 'a' }])
    },
  ],
  [
    'an object that was deleted comes back without what was written about it',
    async ({ world, start }) => {
      await world.apply(service('web'))
      const controller = world.openController()
      const recorder = await start(controller)
      await controller.writeStatus({ object: ref('web'), status: statusOf('192.0.2.1'), annotations: { [POOL]: 'a' } })
      await world.delete(service('web'))
      await recorder.until('web is deleted', () => recorder.last('web') === undefined)
      await world.apply(service('web'))
      const object = await recorder.applied('web')
      assert.equal(addressesOf(object), undefined)
      assert.deepEqual(object.metadata.annotations, {})
    },
  ],
  [
    'a status that comes too late for a deleted object is dropped',
    async ({ world, start }) => {
      const controller = world.openController()
      const recorder = await start(controller)
      await controller.writeStatus({ object: ref('gone'), status: statusOf('192.0.2.1'), annotations: {} })
      await world.apply(service('gone'))
      assert.equal(addressesOf(await recorder.applied('gone')), undefined)
    },
  ],
  [
    'a writer that stopped listening still writes',
    async ({ world, start }) => {
      await world.apply(service('web'))
      const controller = world.openController()
      await start(controller)
      await controller.stop()
      await controller.writeStatus({ object: ref('web'), status: statusOf('192.0.2.1'), annotations: {} })
      await controller.writeEvent({ object: ref('web'), type: 'Normal', reason: 'IPAllocated', message: 'Assigned IP' })
      const object = await (await start(world.openSpeaker())).applied('web')
      assert.deepEqual(object['status'], statusOf('192.0.2.1'))
    },
  ],
  [
    'what changed before refresh has been told when it resolves',
    async ({ world, start }) => {
      await world.apply(service('held'))
      await world.apply(service('old'))
      const controller = world.openController()
      await start(controller)
      const speaker = world.openSpeaker()
      const recorder = await start(speaker)
      await world.apply(service('new'))
      await world.delete(service('old'))
      await controller.writeStatus({ object: ref('held'), status: statusOf('192.0.2.1'), annotations: {} })
      await speaker.refresh()
      assert.deepEqual(
        [recorder.last('new')?.metadata.name, recorder.last('old'), recorder.last('held')?.['status']],
        ['new', undefined, statusOf('192.0.2.1')],
      )
    },
  ],
  [
    'nothing is told after stop',
    async ({ world, start }) => {
      const stopped = world.openSpeaker()
      const silent = await start(stopped)
      const recorder = await start(world.openSpeaker())
      await stopped.stop()
      silent.take()
      await fence(world, recorder)
      assert.deepEqual(silent.take(), [])
    },
  ],
  [
    'a bad object is a problem, its neighbours and its last good version stay',
    async ({ world, start }) => {
      await world.apply(pool('a', ['192.0.2.0/24']))
      const recorder = await start(world.openSpeaker())
      await world.apply({ ...pool('a', []), spec: { addresses: 7 } }).catch(() => {})
      await world.apply(service('web'))
      await recorder.applied('web')
      assert.deepEqual(fieldOf(await recorder.applied('a'), 'spec', 'addresses'), ['192.0.2.0/24'])
    },
  ],
]
