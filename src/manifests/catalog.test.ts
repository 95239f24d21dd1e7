// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject, ObjectEvent } from '../lib/object.ts'
import type { Problem } from '../lib/problem.ts'
import { Catalog } from './catalog.ts'
import type { Reading } from './read.ts'

const ref = (name: string) => ({ kind: 'Service', namespace: 'default', name })
const object = (name: string, version: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default', labels: {}, annotations: {} },
  version,
})

/** `{ web: 1 }`: a file with version 1 of web; null: web is there and not valid. */
const reading = (objects: Readonly<Record<string, number | null>>, broken = false): Reading => ({
  entries: Object.entries(objects).map(([name, version], start) => ({
    key: `Service/default/${name}`,
    ref: ref(name),
    object: version === null ? null : object(name, version),
    place: { start, end: start + 1, document: 0, path: [] },
  })),
  problems: [],
  broken,
  known: new Map(),
  foreign: [],
})
const PROBLEM: Problem = {
  severity: 'error',
  object: ref(''),
  field: '',
  code: 'unreadable',
  message: '',
  transient: false,
}

function drain(catalog: Catalog): ObjectEvent[] {
  const steps = catalog.drain()
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

type Step = (catalog: Catalog) => void
const put =
  (file: string, objects: Readonly<Record<string, number | null>>, broken = false): Step =>
  (catalog) =>
    catalog.put(file, reading(objects, broken))
const remove =
  (file: string): Step =>
  (catalog) =>
    catalog.remove(file)
const keep =
  (file: string): Step =>
  (catalog) =>
    catalog.keep(file, PROBLEM)

// Each step is drained; the last list is what the last step made known.
const CASES: readonly (readonly [string, readonly Step[], string[]])[] = [
  ['a new file', [put('a', { x: 1, y: 1 })], ['x=1', 'y=1']],
  ['a file read again without a change', [put('a', { x: 1 }), put('a', { x: 1 })], []],
  ['one changed object of two', [put('a', { x: 1, y: 1 }), put('a', { x: 1, y: 2 })], ['y=2']],
  ['an object that left its file', [put('a', { x: 1, y: 1 }), put('a', { y: 1 })], ['-x']],
  ['a removed file', [put('a', { x: 1 }), remove('a')], ['-x']],
  ['a file that was never there', [remove('a')], []],
  ['a broken file keeps what it held', [put('a', { x: 1, y: 1 }), put('a', { x: 2 }, true)], []],
  ['a broken file is cured', [put('a', { x: 1 }), put('a', {}, true), put('a', { x: 2 })], ['x=2']],
  ['a file broken from the start gives what it can', [put('a', { x: 1 }, true)], ['x=1']],
  ['a file that cannot be read keeps what it held', [put('a', { x: 1 }), keep('a')], []],
  ['a file that could not be read is gone', [put('a', { x: 1 }), keep('a'), remove('a')], ['-x']],
  ['an object that is not valid keeps its last version', [put('a', { x: 1 }), put('a', { x: null })], []],
  ['an object that never was valid', [put('a', { x: null })], []],
  ['an invalid object that goes', [put('a', { x: 1 }), put('a', { x: null }), put('a', {})], ['-x']],
  ['the later file counts', [put('b', { x: 2 }), put('a', { x: 1 })], []],
  ['the later file counts, also when it comes later', [put('a', { x: 1 }), put('b', { x: 2 })], ['x=2']],
  ['the earlier one counts when the later one goes', [put('a', { x: 1 }), put('b', { x: 2 }), remove('b')], ['x=1']],
  ['an object that moves to another file', [put('a', { x: 1 }), (c) => (put('b', { x: 1 })(c), remove('a')(c))], []],
]
for (const [name, steps, expected] of CASES) {
  test(name, () => {
    const catalog = new Catalog((_key, plain) => plain)
    let told: string[] = []
    for (const step of steps) {
      step(catalog)
      told = drain(catalog).map(({ type, object: { metadata, version } }) => {
        return type === 'deleted' ? `-${metadata.name}` : `${metadata.name}=${String(version)}`
      })
    }
    assert.deepEqual(told, expected)
  })
}

test('a changed overlay is told; one that was acknowledged is not', () => {
  let status = 0
  const catalog = new Catalog((_key, plain) => ({ ...plain, status }))
  catalog.put('a', reading({ x: 1 }))
  drain(catalog)
  status = 1
  catalog.touch('Service/default/x')
  assert.equal(drain(catalog).length, 1)
  status = 2
  catalog.acknowledge('Service/default/x')
  catalog.touch('Service/default/x')
  assert.deepEqual(drain(catalog), [])
})

test('an object that stands twice is contested until one goes', () => {
  const catalog = new Catalog((_key, plain) => plain)
  catalog.put('b', reading({ x: 2 }))
  catalog.put('a', reading({ x: 1 }))
  drain(catalog)
  assert.deepEqual(
    catalog.duplicates().map((claims) => claims.map(({ file }) => file)),
    [['a', 'b']],
  )
  catalog.remove('a')
  drain(catalog)
  assert.deepEqual(catalog.duplicates(), [])
})
