// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { MemoryObjects } from '../../../test/sim/memory-objects.ts'
import { type Clock, systemClock } from '../../lib/clock.ts'
import { createLog } from '../../lib/log.ts'
import { type KubeObject, keyOfObject, type ObjectSource } from '../../lib/object.ts'
import { Journal } from './journal.ts'
import { rememberingSource } from './remembering-source.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

const service = (name: string, ip: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default', labels: {}, annotations: {} },
  spec: { type: 'LoadBalancer' },
  status: { loadBalancer: { ingress: [{ ip }] } },
})

/** A clock a thousand times as fast: the waits of the source are seconds long, and these tests wait for all of them. */
const FAST: Clock = { ...systemClock, after: (delayMs, fire) => systemClock.after(delayMs / 1000, fire) }

function place(): string {
  const directory = mkdtempSync(join(tmpdir(), 'metallb-remember-'))
  cleanUps.push(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'state')
}

/** An API server behind a door: nothing is answered until it opens. */
function behindDoor(api: MemoryObjects): { source: ObjectSource; open: () => void } {
  const door = Promise.withResolvers<void>()
  const source = api.open()
  const start: ObjectSource['start'] = async (listener) => {
    await door.promise
    await source.start(listener)
  }
  return { source: { ...source, start }, open: door.resolve }
}

function speak(source: ObjectSource, path: string) {
  const lines: string[] = []
  const known = new Map<string, unknown>()
  let freshCount = 0
  const remembering = rememberingSource(source, {
    journal: new Journal(path, 'node-1'),
    trimming: { secrets: false },
    clock: FAST,
    log: createLog('info', (line) => lines.push(line)),
    onFresh: () => freshCount++,
  })
  const started = remembering.start({
    onEvents: (events) => {
      for (const { type, object } of events) {
        if (type === 'applied') known.set(keyOfObject(object), object['status'])
        else known.delete(keyOfObject(object))
      }
    },
    onProblems: () => {},
  })
  const stop = () => remembering.stop()
  return { started, stop, known, lines, fresh: () => freshCount, log: () => lines.join('') }
}

const names = (known: ReadonlyMap<string, unknown>) =>
  [...known.keys()].map((key) => key.split('/')[2] ?? '').toSorted((a, b) => (a < b ? -1 : 1))
const settled = () => new Promise((resolve) => setTimeout(resolve, 50))

/** A first life of a speaker, with its API server, that ends in order. */
async function live(path: string, ...objects: readonly KubeObject[]): Promise<void> {
  const api = new MemoryObjects()
  api.apply(...objects)
  const life = speak(api.open(), path)
  await life.started
  await life.stop()
}

test('a restart without an API server knows what the process before it knew', async () => {
  const path = place()
  await live(path, service('a', '192.0.2.1'), service('b', '192.0.2.2'))
  const { source } = behindDoor(new MemoryObjects())
  const { started, known, log, fresh } = speak(source, path)
  await started
  assert.deepEqual(names(known), ['a', 'b'])
  assert.deepEqual(known.get('Service/default/a'), { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } })
  assert.match(log(), /announcing from the last known state until it does","objects":2,"ageSeconds":0/)
  assert.equal(fresh(), 0)
})

test('when the API server answers, its objects replace what was remembered: new, changed and gone ones', async () => {
  const path = place()
  await live(path, service('a', '192.0.2.1'), service('b', '192.0.2.2'))
  const api = new MemoryObjects()
  api.apply(service('b', '192.0.2.9'), service('c', '192.0.2.3'))
  const { source, open } = behindDoor(api)
  const { started, known, log, fresh } = speak(source, path)
  await started
  open()
  await settled()
  assert.deepEqual(names(known), ['b', 'c'])
  assert.deepEqual(known.get('Service/default/b'), { loadBalancer: { ingress: [{ ip: '192.0.2.9' }] } })
  assert.match(log(), /its objects replace the last known state","gone":1/)
  assert.equal(fresh(), 1)
})

test('an API server that answers at once is asked alone', async () => {
  const path = place()
  await live(path, service('old', '192.0.2.1'))
  const api = new MemoryObjects()
  api.apply(service('new', '192.0.2.2'))
  const { started, known, log, stop } = speak(api.open(), path)
  await started
  assert.deepEqual([names(known), log()], [['new'], ''])
  await stop()
})

test('news are kept, too, and so are deletions', async () => {
  const path = place()
  const api = new MemoryObjects()
  api.apply(service('a', '192.0.2.1'), service('b', '192.0.2.2'))
  const life = speak(api.open(), path)
  await life.started
  await settled()
  api.apply(service('b', '192.0.2.7'), service('c', '192.0.2.3'))
  api.delete('Service', 'default', 'a')
  await settled() // killed here: nothing is written at its end
  const { started, known } = speak(behindDoor(new MemoryObjects()).source, path)
  await started
  assert.deepEqual(names(known), ['b', 'c'])
  assert.deepEqual(known.get('Service/default/b'), { loadBalancer: { ingress: [{ ip: '192.0.2.7' }] } })
  await life.stop()
})

test('what happened just before an orderly end is kept', async () => {
  const path = place()
  const api = new MemoryObjects()
  api.apply(service('a', '192.0.2.1'))
  const life = speak(api.open(), path)
  await life.started
  await settled()
  api.apply(service('b', '192.0.2.2'))
  await life.stop()
  assert.match(readFileSync(path, 'utf8'), /^\+Service\/default\/b\t/m)
})

const USELESS: [string, (path: string) => void, RegExp][] = [
  ['there is none', () => {}, /and there is no last known state: nothing is announced until it does/],
  ['it is damaged', (path) => writeFileSync(path, 'metallb last state 1 node-1\njunk\n'), /is damaged in line 2/],
  [
    'it holds no objects',
    (path) => writeFileSync(path, 'metallb last state 1 node-1\n+a\t7\n'),
    /holds something other than objects/,
  ],
  [
    'an object in it has no labels',
    (path) =>
      writeFileSync(
        path,
        'metallb last state 1 node-1\n+a\t{"apiVersion":"v1","kind":"Node","metadata":{"name":"a","namespace":""}}\n',
      ),
    /holds something other than objects/,
  ],
]
for (const [name, write, words] of USELESS) {
  test(`no API server and no last known state, because ${name}: that is said, and the API server waited for`, async () => {
    const path = place()
    write(path)
    const api = new MemoryObjects()
    api.apply(service('a', '192.0.2.1'))
    const { source, open } = behindDoor(api)
    const { started, known, log } = speak(source, path)
    await settled()
    assert.match(log(), words)
    assert.deepEqual(names(known), [])
    open()
    await started
    assert.deepEqual(names(known), ['a'])
  })
}

test('a run directory that cannot be written costs a sentence, and nothing else', async () => {
  const path = place()
  writeFileSync(path, '')
  const api = new MemoryObjects()
  api.apply(service('a', '192.0.2.1'))
  const { started, known, log, stop } = speak(api.open(), join(path, 'state'))
  await started
  await settled()
  api.apply(service('b', '192.0.2.2'))
  await settled()
  assert.deepEqual(names(known), ['a', 'b'])
  assert.match(log(), /could not be kept for a restart.*EEXIST/)
  assert.match(log(), /from now on the last known state is in memory only/)
  await stop()
})
