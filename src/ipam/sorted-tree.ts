// SPDX-License-Identifier: Apache-2.0
/**
 * A sorted map from bigint to V as an immutable weight-balanced tree (Adams 1993, with the parameters 3 and 2 that
 * Hirai and Yamamoto proved sound). Every operation is O(log n), also finding the n-th key and the rank of a key,
 * which is why it is not a heap or a skip list.
 */
export type Tree<V> = Node<V> | null
type Node<V> = Readonly<{ key: bigint; value: V; size: number; left: Tree<V>; right: Tree<V> }>
export type Entry<V> = Readonly<{ key: bigint; value: V }>

const DELTA = 3
const RATIO = 2

/** The number of keys. */
export function sizeOf<V>(tree: Tree<V>): number {
  return tree === null ? 0 : tree.size
}

/** The tree with `key` set to `value`, whether or not it was there. */
export function insert<V>(tree: Tree<V>, key: bigint, value: V): Node<V> {
  if (tree === null) return node({ key, value }, null, null)
  if (key === tree.key) return node({ key, value }, tree.left, tree.right)
  return key < tree.key
    ? balance(tree, insert(tree.left, key, value), tree.right)
    : balance(tree, tree.left, insert(tree.right, key, value))
}

/** The tree without `key`; the same tree when it was not there. */
export function remove<V>(tree: Tree<V>, key: bigint): Tree<V> {
  if (tree === null) return null
  if (key === tree.key) return join(tree.left, tree.right)
  if (key < tree.key) {
    const left = remove(tree.left, key)
    return left === tree.left ? tree : balance(tree, left, tree.right)
  }
  const right = remove(tree.right, key)
  return right === tree.right ? tree : balance(tree, tree.left, right)
}

/** The entry with the smallest key. */
export function first<V>(tree: Tree<V>): Entry<V> | null {
  let at = tree
  while (at !== null && at.left !== null) at = at.left
  return at
}

/** The entry with the greatest key that is not above `key`. */
export function atOrBefore<V>(tree: Tree<V>, key: bigint): Entry<V> | null {
  let found: Entry<V> | null = null
  for (let at = tree; at !== null; ) {
    if (at.key <= key) {
      found = at
      at = at.right
    } else at = at.left
  }
  return found
}

/** The entry with `index` smaller keys. */
export function entryAt<V>(tree: Tree<V>, index: number): Entry<V> | null {
  let skip = index
  for (let at = tree; at !== null; ) {
    const left = sizeOf(at.left)
    if (skip === left) return at
    if (skip < left) at = at.left
    else {
      skip -= left + 1
      at = at.right
    }
  }
  return null
}

/** How many keys are below `key`. */
export function rankOf<V>(tree: Tree<V>, key: bigint): number {
  let rank = 0
  for (let at = tree; at !== null; ) {
    if (at.key < key) {
      rank += sizeOf(at.left) + 1
      at = at.right
    } else at = at.left
  }
  return rank
}

function node<V>({ key, value }: Entry<V>, left: Tree<V>, right: Tree<V>): Node<V> {
  return { key, value, size: sizeOf(left) + sizeOf(right) + 1, left, right }
}

/** A node whose sides differ by at most the one insertion or removal that just happened. */
function balance<V>(entry: Entry<V>, left: Tree<V>, right: Tree<V>): Node<V> {
  const [l, r] = [sizeOf(left), sizeOf(right)]
  if (l + r >= 2) {
    if (right !== null && r > DELTA * l) return rotateLeft(entry, left, right)
    if (left !== null && l > DELTA * r) return rotateRight(entry, left, right)
  }
  return node(entry, left, right)
}

function rotateLeft<V>(entry: Entry<V>, left: Tree<V>, right: Node<V>): Node<V> {
  const inner = right.left
  if (inner === null || sizeOf(inner) < RATIO * sizeOf(right.right))
    return node(right, node(entry, left, inner), right.right)
  return node(inner, node(entry, left, inner.left), node(right, inner.right, right.right))
}

function rotateRight<V>(entry: Entry<V>, left: Node<V>, right: Tree<V>): Node<V> {
  const inner = left.right
  if (inner === null || sizeOf(inner) < RATIO * sizeOf(left.left))
    return node(left, left.left, node(entry, inner, right))
  return node(inner, node(left, left.left, inner.left), node(entry, inner.right, right))
}

/** Two balanced sides of a removed node; its successor takes its place. */
function join<V>(left: Tree<V>, right: Tree<V>): Tree<V> {
  if (left === null) return right
  const successor = first(right)
  return successor === null ? left : balance(successor, left, remove(right, successor.key))
}
