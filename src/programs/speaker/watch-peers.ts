// SPDX-License-Identifier: Apache-2.0
/** Who watches whom: everybody knows the same members, so both ends of a watch come to it by themselves. */
import { createHash } from 'node:crypto'

/** Up to so many members everybody watches everybody. */
const FULL_MESH = 32
/** Above, each watches so many that follow it on a ring, and is watched by as many before it. */
const SUCCESSORS = 8

/**
 * The members that `self` has a watch with, in their order on the ring of SHA-256 of their names. If a is among those
 * of b, b is among those of a. Of no members, or without `self` among them: those that it would have, were it one.
 */
export function watchPeers(self: string, members: readonly string[]): string[] {
  const ring = inRingOrder(new Set([...members, self]))
  const at = ring.indexOf(self)
  const others = [...ring.slice(at + 1), ...ring.slice(0, at)]
  if (ring.length <= FULL_MESH) return others
  return [...others.slice(0, SUCCESSORS), ...others.slice(-SUCCESSORS)]
}

function inRingOrder(names: ReadonlySet<string>): string[] {
  const hashed = [...names].map((name) => ({ name, hash: createHash('sha256').update(name).digest() }))
  return hashed.toSorted((a, b) => Buffer.compare(a.hash, b.hash)).map(({ name }) => name)
}
