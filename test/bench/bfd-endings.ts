// SPDX-License-Identifier: Apache-2.0
/** How often BFD sessions ended between two looks at their sides. */

/** One side of a session: its discriminator there, and how often it went down, as that side counts. */
export type Side = Readonly<{ id: number; downs: number }>

/** Endings of the same side from one look to the next; throws where it counts fewer than before, or does not count. */
export function endings(before: Side, after: Side): number {
  // Another session than before: that one has ended, and this one began to count at 0.
  const count = after.id === before.id ? after.downs - before.downs : after.downs + 1
  if (!(count >= 0)) throw new Error(`${before.downs} endings, then ${after.downs}, of the same session ${after.id}`)
  return count
}
