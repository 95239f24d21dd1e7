// SPDX-License-Identifier: Apache-2.0
/**
 * What people find in guides to MetalLB, tried with kubectl on a real API server with our programs beside it. In a
 * network namespace for each guide: the API server calls webhooks by the endpoints of a Service, which cannot be loopback
 * addresses.
 */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { runTestsInNamespace } from '../lab/wire-namespace.ts'
import { BLOCKS, COUNTS } from './guide-blocks.ts'

const ROOT = join(import.meta.dirname, '../..')
/** In the order of their numbers. */
const GUIDES = ['clusters', 'availability', 'routers', 'basics', 'enterprise'] as const
const casesOf = (guide: string) => join(import.meta.dirname, `guides-${guide}-cases.ts`)

// Most of the time is that of API servers that start.
suite('each guide in a network namespace', { concurrency: 2 }, () => {
  for (const guide of GUIDES) test(`guides-${guide}-cases.ts`, () => runTestsInNamespace(casesOf(guide)))
})

/** Numbers of blocks that the titles of a file's tests begin with. */
function idsIn(file: string): string[] {
  const titles = readFileSync(file, 'utf8').matchAll(/^\s*test\([`'"](\d[^:]*): /gm)
  return [...titles].flatMap(([, ids = '']) => ids.split(', '))
}

const TESTED = new Map(GUIDES.map((guide, at) => [String(at), new Set(idsIn(casesOf(guide)))]))
const WIRED = new Set(globSync(join(import.meta.dirname, 'routers-*-cases.ts')).flatMap(idsIn))
const numberOf = (id: string) => id.replace(/[ab]$/, '')

test('the table has every block of every guide, once', () => {
  const ids = BLOCKS.map(([id]) => id)
  assert.equal(new Set(ids).size, ids.length)
  const all = COUNTS.flatMap((count, guide) => Array.from({ length: count }, (_, at) => `${guide}.${at + 1}`))
  assert.deepEqual([...new Set(ids.map(numberOf))], all)
})

for (const [id, what, ...places] of BLOCKS) {
  test(`${id}, ${what}: is shown where the table says`, () => {
    assert.ok(places.length > 0)
    const [guide = ''] = id.split('.')
    assert.equal(TESTED.get(guide)?.has(id), places.includes('here'), `a title that begins with ${id}`)
    assert.equal(WIRED.has(id), places.includes('wire'), `a title that begins with ${id}, on the wire`)
    for (const place of places) {
      if (typeof place === 'string' || !('file' in place)) continue
      assert.ok(readFileSync(join(ROOT, place.file), 'utf8').includes(`'${place.title}'`), JSON.stringify(place))
    }
  })
}

test('no title names a block that the table does not have', () => {
  const known = new Set(BLOCKS.map(([id]) => id))
  for (const ids of [...TESTED.values(), WIRED]) for (const id of ids) assert.ok(known.has(id), id)
})
