// SPDX-License-Identifier: Apache-2.0
/**
 * Time for the simulator. It stands still while code runs and jumps to the next deadline when told to; between two
 * timers all promises settle, as they do in Node. Work of the real world (files, modules loaded late, threads) does not
 * count: it is not waited for.
 */
import type { Clock, Timer } from '../../src/lib/clock.ts'

type Pending = { atMs: number; order: number; fire: (() => void) | null }

/** 2026-01-01T00:00:00Z, so that timestamps in failures look like some. */
const START_OF_WALL_MS = 1_767_225_600_000
/** Below that many there is nothing to gain by taking cancelled ones out before their time. */
const FEW = 64

export class SimClock implements Clock {
  #nowMs = 0
  #wallStartMs = START_OF_WALL_MS
  #order = 0
  /** A binary heap: the next one is first. */
  #heap: Pending[] = []
  #cancelled = 0

  monotonicMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return this.#wallStartMs + this.#nowMs
  }

  /** Somebody sets the clock on the wall; no timer notices. */
  stepWall(byMs: number): void {
    this.#wallStartMs += byMs
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#heap.length - this.#cancelled
  }

  after(delayMs: number, fire: () => void): Timer {
    // Node's setTimeout takes what is no positive number for the shortest delay it has.
    const atMs = this.#nowMs + (delayMs > 0 ? delayMs : 0)
    const pending: Pending = { atMs, order: this.#order++, fire }
    this.#push(pending)
    return { cancel: () => this.#cancel(pending) }
  }

  /** Lets time pass, and what is due in it happen in order. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs
    await settle()
    while (this.#fireNext(untilMs)) await settle()
    this.#nowMs = untilMs
  }

  /**
   * Lets time pass until `condition` holds, looking after every timer; true if it does, within `limitMs`. Time stands
   * at the moment it came true, or at the limit.
   */
  async runUntil(condition: () => boolean, limitMs: number): Promise<boolean> {
    const untilMs = this.#nowMs + limitMs
    await settle()
    while (!condition()) {
      if (!this.#fireNext(untilMs)) {
        this.#nowMs = untilMs
        return false
      }
      await settle()
    }
    return true
  }

  #fireNext(untilMs: number): boolean {
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.atMs > untilMs) return false
      this.#pop()
      const { fire } = next
      if (fire === null) {
        this.#cancelled--
        continue
      }
      next.fire = null
      this.#nowMs = next.atMs
      fire()
      return true
    }
  }

  #cancel(pending: Pending): void {
    if (pending.fire === null) return
    pending.fire = null
    this.#cancelled++
    // A timer that is moved with every message would fill the heap until the first of its deadlines.
    if (this.#cancelled < FEW || this.#cancelled * 2 < this.#heap.length) return
    this.#heap = this.#heap.filter(({ fire }) => fire !== null).toSorted((a, b) => (before(a, b) ? -1 : 1))
    this.#cancelled = 0
  }

  #push(pending: Pending): void {
    const heap = this.#heap
    let at = heap.push(pending) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || before(above, pending)) break
      heap[at] = above
      at = parent
    }
    heap[at] = pending
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]]
      if (left === undefined) break
      const rightIsNext = right !== undefined && before(right, left)
      const child = rightIsNext ? right : left
      if (before(last, child)) break
      heap[at] = child
      at = 2 * at + (rightIsNext ? 2 : 1)
    }
    heap[at] = last
  }
}

/** Of two at the same moment the one that was asked for first. */
function before(a: Pending, b: Pending): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

/** One turn of the real loop: by its end no promise is left that could go on by itself. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
