// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { atOrBefore, entryAt, first, insert, rankOf, remove, sizeOf, type Tree } from './sorted-tree.ts'

const aStep = fc.tuple(fc.constantFrom('insert', 'remove'), fc.bigInt({ min: 0n, max: 40n }), fc.nat())

test('property: after any inserts and removes it answers as a sorted array would', () => {
  fc.assert(
    fc.property(fc.array(aStep, { maxLength: 200 }), fc.bigInt({ min: -1n, max: 41n }), (steps, probe) => {
      let tree: Tree<number> = null
      const naive = new Map<bigint, number>()
      for (const [what, key, value] of steps) {
        if (what === 'insert') {
          tree = insert(tree, key, value)
          naive.set(key, value)
        } else {
          tree = remove(tree, key)
          naive.delete(key)
        }
        assertBalanced(tree)
      }
      const keys = [...naive.keys()].toSorted((a, b) => (a < b ? -1 : 1))
      assert.equal(sizeOf(tree), keys.length)
      assert.equal(first(tree)?.key, keys[0])
      assert.deepEqual(
        keys.map((_, index) => entryAt(tree, index)?.key),
        keys,
      )
      assert.equal(entryAt(tree, keys.length), null)
      assert.equal(entryAt(tree, -1), null)
      const below = keys.findLast((key) => key <= probe)
      assert.equal(atOrBefore(tree, probe)?.key, below)
      assert.equal(atOrBefore(tree, probe)?.value, below === undefined ? undefined : naive.get(below))
      assert.equal(rankOf(tree, probe), keys.filter((key) => key < probe).length)
    }),
  )
})

test('a hundred thousand ascending keys make a tree of at most 42 levels', () => {
  let tree: Tree<null> = null
  for (let key = 0n; key < 100_000n; key++) tree = insert(tree, key, null)
  const height = heightOf(tree)
  assert.ok(height <= 42, `${height} levels`) // log(100000) / log(4/3), what the weights promise at worst
})

test('older versions of a tree stay as they were', () => {
  const before = insert(insert(null, 1n, 'a'), 2n, 'b')
  insert(before, 2n, 'c')
  remove(before, 1n)
  assert.deepEqual([entryAt(before, 0)?.value, entryAt(before, 1)?.value], ['a', 'b'])
})

test('removing what is not there gives the very same tree', () => {
  const tree = insert(insert(null, 1n, null), 3n, null)
  assert.equal(remove(tree, 2n), tree)
})

function assertBalanced(tree: Tree<unknown>): void {
  if (tree === null) return
  const [l, r] = [sizeOf(tree.left), sizeOf(tree.right)]
  assert.equal(tree.size, l + r + 1)
  assert.ok(l + r < 2 || (l <= 3 * r && r <= 3 * l), `${l} beside ${r}`)
  assertBalanced(tree.left)
  assertBalanced(tree.right)
}

function heightOf(tree: Tree<unknown>): number {
  return tree === null ? 0 : 1 + Math.max(heightOf(tree.left), heightOf(tree.right))
}
