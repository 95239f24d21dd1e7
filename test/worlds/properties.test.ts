// SPDX-License-Identifier: Apache-2.0
/** What holds for `metallb simulate` of any manifests. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import * as fc from 'fast-check'
import { parseDocument } from 'yaml'
import { parseExactly, simulated } from './simulate.ts'

const CONTRACT = join(import.meta.dirname, 'contract')
const scratch = mkdtempSync(join(tmpdir(), 'metallb-worlds-'))
after(() => rmSync(scratch, { recursive: true }))

/** Worlds without objects that stand twice: there the order is what is asked for. */
const names = readdirSync(CONTRACT).filter((name) => name.endsWith('.yaml') && name !== 'twice.yaml')

/** The objects of a world, those in lists too. */
function objectsIn(name: string): unknown[] {
  const chunks = readFileSync(join(CONTRACT, name), 'utf8').split(/^---$/m)
  return chunks.flatMap((chunk): unknown[] => {
    const value: unknown = parseDocument(chunk).toJS()
    return typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items)
      ? value.items
      : [value]
  })
}

/** Lines and files move with the objects; nothing else does. */
function withoutPlaces(text: string): unknown {
  const value = parseExactly(text)
  assert(typeof value === 'object' && value !== null && 'problems' in value && Array.isArray(value.problems))
  const problems = value.problems.map((problem: object) => ({ ...problem, file: '', line: 0 }))
  return { ...value, problems }
}

for (const name of names) {
  test(`${name}: neither the order of objects nor how they are spread over files changes anything`, async () => {
    const objects = objectsIn(name)
    const expected = withoutPlaces((await simulated(join(CONTRACT, name))).text)
    const shuffled = fc.shuffledSubarray(objects, { minLength: objects.length })
    await fc.assert(
      fc.asyncProperty(
        shuffled,
        fc.integer({ min: 0, max: objects.length }),
        fc.boolean(),
        async (list, cut, turned) => {
          const files = [list.slice(0, cut), list.slice(cut)].map((part, at) => {
            const file = join(scratch, `${at}.yaml`)
            writeFileSync(file, part.map((object) => JSON.stringify(object)).join('\n---\n'))
            return file
          })
          const found = await simulated((turned ? files.toReversed() : files).join(' '))
          assert.deepEqual(withoutPlaces(found.text), expected)
        },
      ),
      { numRuns: 20 },
    )
  })

  test(`${name}: the output is canonical, and the same every time`, async () => {
    const [one, two] = [await simulated(join(CONTRACT, name)), await simulated(join(CONTRACT, name))]
    assert.equal(one.text, two.text)
    const lists = ['services', 'pools'] as const
    const value = parseExactly(one.text)
    assert(typeof value === 'object' && value !== null)
    assert.deepEqual(Object.keys(value), ['problems', 'configured', 'services', 'pools', 'changes', 'ignored'])
    for (const key of lists) {
      const list: unknown = Reflect.get(value, key)
      assert(Array.isArray(list))
      const keys: string[] = list.map(
        (entry: { namespace?: string; name: string }) => `${entry.namespace ?? ''}/${entry.name}`,
      )
      assert.deepEqual(keys, keys.toSorted())
    }
  })
}
