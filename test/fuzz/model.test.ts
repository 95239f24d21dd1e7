// SPDX-License-Identifier: Apache-2.0
/**
 * Whatever stands in an API server, controller and speaker go on: an object that makes no sense is a problem that names
 * its field, holds the configuration back, and takes nothing from anybody. Objects take the way of the daemons, from the
 * trimmer to the loops. FUZZ_SEED and FUZZ_RUNS repeat or prolong the random part.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { ENDPOINT_SLICES, SERVICES } from '../../src/kube/resource.ts'
import { Trimmer } from '../../src/kube/trim.ts'
import { Responder } from '../../src/l2/responder.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createLog } from '../../src/lib/log.ts'
import type { KubeObject } from '../../src/lib/object.ts'
import type { Problem } from '../../src/lib/problem.ts'
import { SCHEMA_CODES } from '../../src/manifests/schema.ts'
import { MODEL_CODES } from '../../src/model/codes.ts'
import { Controller } from '../../src/programs/controller/controller.ts'
import { controllerDocuments } from '../../src/programs/controller/documents.ts'
import { holdingOf } from '../../src/programs/controller/holding.ts'
import { History } from '../../src/programs/listeners/history.ts'
import { BGP_STATUS } from '../../src/programs/speaker/bgp-status.ts'
import { L2_STATUS } from '../../src/programs/speaker/l2-status.ts'
import { trimForRestart } from '../../src/programs/speaker/last-state.ts'
import { readStatus } from '../../src/programs/speaker/service-status.ts'
import { Speaker } from '../../src/programs/speaker/speaker.ts'
import { NAMESPACE } from '../model/objects.ts'
import { MemoryObjects } from '../sim/memory-objects.ts'
import { SimReflex } from '../sim/neighbor-reflex.ts'
import { SimLinks } from '../sim/wire.ts'
import { ABSENT, at, keyOf, type Path, pathsIn, replaced, type Stored, sortOf, VALUES, WORLD } from './stored.ts'
import { workMs } from './work.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? 1)
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)
const MS_PER_MB = 2000
const SLACK_MS = 500
/** Of a sentence for people, in a log line, a condition or an event. */
const LONGEST_MESSAGE = 1000

const trimmers = new Map(WORLD.map(({ resource }) => [resource, new Trimmer(resource)]))
const trim = ({ resource, raw }: Stored): KubeObject | null => trimmers.get(resource)?.trim(raw) ?? null

const LINK = { index: 2, name: 'eth0', mac: '02:00:00:00:00:01', up: true, carrier: true, broadcast: true }
const lines: string[] = []
const log = createLog('warn', (line) => lines.push(line))
const clock = { ...systemClock, after: (_delayMs: number, fire: () => void) => systemClock.after(0, fire) }

const HISTORY = new History({ program: 'controller', directory: { usable: false, path: '', why: 'of a test' }, clock })

/** A bug in a loop ends a daemon; here it has to end the run. */
const bug = new Promise<never>((_, reject) => {
  process.once('uncaughtExceptionMonitor', reject)
})
bug.catch(() => undefined)

/** Both daemons on one API. */
class Cluster {
  readonly api = new MemoryObjects({ versioned: true })
  readonly controller: Controller
  readonly speaker: Speaker

  constructor(objects: readonly Stored[]) {
    for (const each of objects) this.put(each)
    const [forController, forSpeaker] = [this.api.open(), this.api.open()]
    const common = { log, namespace: NAMESPACE, classes: [], fillDefaults: false }
    this.controller = new Controller({ ...common, source: forController, sink: forController, clock })
    const responder = new Responder({
      reflex: new SimReflex(),
      links: new SimLinks([
        { ...LINK, noArp: false, multicast: true, hasMaster: false, master: null, linkLocal: null, addresses: [] },
      ]),
      clock: { ...systemClock, after: () => ({ cancel() {} }) },
      log,
      excludeInterfaces: [],
      onSuspended: () => {},
      onConflict: () => {},
    })
    this.speaker = new Speaker({ ...common, source: forSpeaker, responder, node: 'n1', ignoreExcludeLabel: false })
  }

  async start(): Promise<void> {
    await Promise.race([bug, Promise.all([this.controller.start(), this.speaker.start()])])
    await this.settled()
  }

  async settled(): Promise<void> {
    await Promise.race([bug, this.controller.settled().then(() => this.speaker.settled())])
    await Promise.race([bug, this.controller.settled()])
  }

  async stop(): Promise<void> {
    await this.controller.stop()
    await this.speaker.stop()
  }

  put(each: Stored): void {
    const object = trim(each)
    if (object) this.api.put(object)
    if (object) for (const secrets of [true, false]) JSON.stringify(trimForRestart(object, { secrets }))
    if (object?.kind === 'ServiceL2Status') readStatus(L2_STATUS, object)
    if (object?.kind === 'ServiceBGPStatus') readStatus(BGP_STATUS, object)
  }

  /** All problems that the daemons have with what stands there. */
  problems(): readonly Problem[] {
    const { configuration } = this.controller.view
    const documents = controllerDocuments({
      view: this.controller.view,
      history: HISTORY,
      leader: () => null,
    })
    assert(JSON.stringify(documents.state()).length > 0)
    return configuration.problems
  }

  get isHeldBack(): boolean {
    return this.problems().some(({ severity }) => severity === 'error')
  }

  /** What each Service holds by its status, and what the speaker does for it. */
  holdings(): ReadonlyMap<string, string> {
    const decisions = new Map(this.speaker.view.decisions('layer2'))
    return new Map(
      [...this.api.objects.values()]
        .filter(({ kind }) => kind === 'Service')
        .map((object) => {
          const key = `${object.metadata.namespace}/${object.metadata.name}`
          return [key, JSON.stringify([holdingOf(object).ips, decisions.get(key)?.ips])]
        }),
    )
  }
}

const CODES: ReadonlySet<string> = new Set([...MODEL_CODES, ...SCHEMA_CODES])

function checkSentences(problems: readonly Problem[]): void {
  for (const { code, field, message } of problems) {
    assert(CODES.has(code), code)
    assert(field !== '' || /more problems/.test(message), `no field: ${message}`)
    assert(message.length <= LONGEST_MESSAGE, `${message.length} characters: ${message.slice(0, 200)}`)
    assert(field.length <= LONGEST_MESSAGE, `a field of ${field.length} characters`)
    assert.match(message, /[;:?]/, message)
  }
}

function checkWrites({ statusWrites, eventWrites }: MemoryObjects): void {
  const texts = [
    ...statusWrites.map(({ object, status }) =>
      object.kind === 'Service' ? holdingOf(asObject(status)).condition?.message : '',
    ),
    ...eventWrites.map(({ message }) => message),
  ]
  statusWrites.length = 0
  eventWrites.length = 0
  for (const text of texts) assert((text ?? '').length <= LONGEST_MESSAGE, `${text?.slice(0, 300)}…`)
}

const asObject = (status: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: '', namespace: '', labels: {}, annotations: {} },
  status,
})

const sizeOf = (value: unknown): number => JSON.stringify(value)?.length ?? 0

/** The first part of a problem's field is where the value was exchanged, or above it. */
function names(field: string, path: Path): boolean {
  const first = path.slice(0, 2).join('.')
  return field.startsWith(first) || first.startsWith(field)
}

const UNREAD: ReadonlySet<string> = new Set(['metadata', 'status', 'data'])

/** Exchanges one value, looks, and puts it right again. True: nothing is left of it. */
async function exchange(cluster: Cluster, good: Stored, path: Path, value: unknown): Promise<boolean> {
  const before = cluster.holdings()
  const bad = { ...good, raw: replaced(good.raw, path, value) }
  const startMs = workMs()
  lines.length = 0
  cluster.put(bad)
  await cluster.settled()
  const tookMs = workMs() - startMs
  assert(tookMs <= SLACK_MS + (sizeOf(value) / 2 ** 20) * MS_PER_MB, `${Math.round(tookMs)} ms of work`)

  const problems = cluster.problems()
  checkSentences(problems)
  checkWrites(cluster.api)
  const errors = problems.filter(({ severity }) => severity === 'error')
  const isOther = value !== null && value !== ABSENT && sortOf(value) !== sortOf(at(good.raw, path))
  if (good.resource.group === 'metallb.io' && isOther && !UNREAD.has(String(path[0]))) {
    const named = errors.filter(
      ({ object, field }) => `${object.kind}/${object.name}` === keyOf(good) && names(field, path),
    )
    assert(named.length > 0, `no problem names the field; there are ${JSON.stringify(errors)}`)
  }
  if (good.resource === SERVICES && isOther && path[0] === 'spec') {
    const said = lines
      .map((line): Readonly<Record<string, unknown>> => JSON.parse(line))
      .filter(({ code }) => code === 'schema')
    assert(
      said.some(({ field }) => names(String(field), path)),
      'nobody was told which field of the Service cannot be read',
    )
  }
  const after = cluster.holdings()
  if (errors.length > 0) assert.deepEqual(after, before, 'an invalid configuration takes nothing from anybody')
  if (good.resource === SERVICES || good.resource === ENDPOINT_SLICES) {
    const own = good.resource === SERVICES ? `default/${String(at(good.raw, ['metadata', 'name']))}` : null
    for (const [key, holding] of before) {
      const isTouched = key === own || (own === null && keyOf(good).startsWith(`EndpointSlice/${key.split('/')[1]}`))
      if (!isTouched) assert.equal(after.get(key), holding, `${key} has nothing to do with it`)
    }
  }
  assert.equal(Reflect.get({}, 'polluted'), undefined, 'no prototype is touched')
  cluster.put(good)
  await cluster.settled()
  return isDeepStrictEqual(cluster.holdings(), before) && cluster.problems().length === 0
}

for (const good of WORLD) {
  test(`every value of ${keyOf(good)} exchanged`, async (context) => {
    let count = 0
    let cluster = new Cluster(WORLD)
    await cluster.start()
    assert.deepEqual(cluster.problems(), [])
    assert.deepEqual(
      [...cluster.holdings().values()],
      ['[["192.0.2.10"],["192.0.2.10"]]', '[["192.0.2.11"],["192.0.2.11"]]'],
    )
    for (const path of pathsIn(good.raw)) {
      for (const [what, value] of VALUES) {
        count++
        try {
          if (await exchange(cluster, good, path, value)) continue
        } catch (thrown) {
          throw new Error(`${keyOf(good)} with ${what} at ${path.join('.')}`, { cause: thrown })
        }
        await cluster.stop()
        cluster = new Cluster(WORLD)
        await cluster.start()
      }
    }
    context.diagnostic(`${count} exchanges`)
    await cluster.stop()
  })
}

/** An object of the world in which some values are others, or its sections are any JSON. */
const twisted = (good: Stored): fc.Arbitrary<Stored> => {
  const paths = [...pathsIn(good.raw)]
  const value = fc.oneof(fc.constantFrom(...VALUES.map(([, each]) => each)), fc.jsonValue({ maxDepth: 4 }))
  const changes = fc.array(fc.tuple(fc.constantFrom(...paths), value), { maxLength: 4 })
  return changes.map((all) => {
    const raw = all.reduce<unknown>((from, [path, by]) => replaced(from, path, by), good.raw)
    return { ...good, raw: raw }
  })
}

const ips = (holding: string | undefined) => JSON.parse(holding ?? '[]')[0]

test(`daemons start beside objects that make no sense, seed ${SEED}`, async () => {
  const worlds = fc.tuple(...WORLD.map((good) => fc.oneof({ weight: 3, arbitrary: fc.constant(good) }, twisted(good))))
  const property = fc.asyncProperty(worlds, async (world) => {
    const cluster = new Cluster(world)
    const before = cluster.holdings()
    await cluster.start()
    checkSentences(cluster.problems())
    checkWrites(cluster.api)
    const after = cluster.holdings()
    if (cluster.isHeldBack)
      for (const [key, holding] of before) assert.deepEqual(ips(after.get(key)), ips(holding), key)
    for (const good of WORLD) cluster.put(good)
    await cluster.settled()
    assert.deepEqual(cluster.problems(), [])
    for (const [key, holding] of cluster.holdings()) assert.equal(ips(holding).length, 1, `${key} has an address again`)
    await cluster.stop()
  })
  await fc.assert(property, { numRuns: RUNS, seed: SEED, endOnFailure: false })
})
