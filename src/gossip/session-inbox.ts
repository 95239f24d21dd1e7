// SPDX-License-Identifier: Apache-2.0
/**
 * News that wait to be weighed while pings are answered at once. Those of life go first, and the newest of each kind:
 * under a flood it is better to hear that somebody lives than once more that he is suspected.
 */
import type { News } from './membership.ts'

export class Inbox {
  readonly #depth: number
  readonly #alive: News[] = []
  readonly #others: News[] = []

  /** `depth`: how many of each kind may wait. */
  constructor(depth: number) {
    this.#depth = depth
  }

  get size(): number {
    return this.#alive.length + this.#others.length
  }

  /** False: it is full, and the news are lost. */
  put(news: News): boolean {
    const queue = news.type === 'alive' ? this.#alive : this.#others
    if (queue.length >= this.#depth) return false
    queue.push(news)
    return true
  }

  take(): News | undefined {
    return this.#alive.pop() ?? this.#others.pop()
  }
}
