// SPDX-License-Identifier: Apache-2.0
/**
 * Router discovery on one link, both ways (RFC 4861 §6.2, §6.3): when to advertise ourselves, when to ask, and who is there.
 * We advertise with lifetime 0, so that no host ever takes us for its default router. FRR 8.4 learns its neighbour from
 * such an advertisement as from any other (tried: zebra tells bgpd of it at once), and never forgets it by time.
 */
import type { Clock, Timer } from '../lib/clock.ts'
import type { RouterMessage } from '../lib/router-advertisement.ts'
import { RouterNeighbors } from './router-neighbors.ts'

/** As FRR's of an unnumbered peer; jitter takes up to a quarter off, lest many nodes fall into step. */
const ADVERTISE_EVERY_MS = 10_000
const JITTER = 0.25
/** So many come at the start, at this pace: one of them may be lost, or come before the other side listens. */
const QUICK = 3
const QUICK_EVERY_MS = 1000
/** Who asks, or is new, gets no answer sooner after the last. §6.2.6 has three seconds; a session waits for this one. */
const ANSWER_AFTER_MS = 1000
/** Who does not answer is asked again, without end: the one we wait for may be starting (RFC 7559 §2 says why). */
const ASK_EVERY_MS = 3000

/** However often they come and go. */
const OTHERS_EVERY_MS = 3_600_000

export type RouterLinkOptions = Readonly<{
  clock: Clock
  /** In [0, 1). */
  random: () => number
  send(type: RouterMessage['type']): void
  /** `neighbour` is another one. */
  onChange(): void
  /** There are several routers on the link, of which the first is taken; at most once an hour. */
  onOthers(routers: readonly string[]): void
}>

export class RouterLink {
  readonly #options: RouterLinkOptions
  readonly #neighbors = new RouterNeighbors()
  readonly #startedMs: number
  #told: string | null = null
  #othersToldMs = Number.NEGATIVE_INFINITY
  #quickLeft = QUICK
  #advertisedMs = Number.NEGATIVE_INFINITY
  #advertiseMs: number
  #askMs: number
  #timer: Timer | undefined

  constructor(options: RouterLinkOptions) {
    this.#options = options
    this.#startedMs = this.#advertiseMs = this.#askMs = options.clock.monotonicMs()
    this.#run()
  }

  get neighbour(): string | null {
    return this.#told
  }

  /** A good message came from there. */
  heard(from: string, message: RouterMessage): void {
    const nowMs = this.#options.clock.monotonicMs()
    if (message.type === 'solicitation') this.#answer(nowMs)
    else {
      const before = this.#neighbors.all().length
      this.#neighbors.hear(from, message.lifetimeS, nowMs)
      // It may be new to the link, and need to hear of us.
      if (this.#neighbors.all().length > before) this.#answer(nowMs)
    }
    this.#run()
  }

  /** Sends no more, and tells of nothing. */
  close(): void {
    this.#timer?.cancel()
  }

  #answer(nowMs: number): void {
    this.#advertiseMs = Math.min(this.#advertiseMs, Math.max(nowMs, this.#advertisedMs + ANSWER_AFTER_MS))
  }

  /** Does what is due, and waits for what comes next. */
  #run(): void {
    this.#timer?.cancel()
    const { clock } = this.#options
    const nowMs = clock.monotonicMs()
    this.#neighbors.expire(nowMs)
    if (this.#advertiseMs <= nowMs) this.#advertise(nowMs)
    if (this.#askFromMs() <= nowMs) this.#ask(nowMs)
    const nextMs = Math.min(this.#advertiseMs, this.#askFromMs(), this.#neighbors.expiresMs())
    this.#timer = clock.after(Math.max(1, nextMs - nowMs), () => this.#run())
    this.#tell()
  }

  #advertise(nowMs: number): void {
    this.#quickLeft = Math.max(0, this.#quickLeft - 1)
    this.#advertisedMs = nowMs
    const everyMs = ADVERTISE_EVERY_MS * (1 - JITTER * this.#options.random())
    this.#advertiseMs = nowMs + (this.#quickLeft > 0 ? QUICK_EVERY_MS : everyMs)
    this.#options.send('advertisement')
  }

  /** Who is there advertises by itself, and is only asked where that fails to come. */
  #askFromMs(): number {
    return this.#neighbors.current() === null ? this.#askMs : Math.max(this.#askMs, this.#neighbors.askFromMs())
  }

  #ask(nowMs: number): void {
    const isStarting = nowMs - this.#startedMs < (QUICK - 1) * QUICK_EVERY_MS
    this.#askMs = nowMs + (isStarting ? QUICK_EVERY_MS : ASK_EVERY_MS)
    this.#options.send('solicitation')
  }

  #tell(): void {
    const all = this.#neighbors.all()
    const nowMs = this.#options.clock.monotonicMs()
    if (all.length > 1 && nowMs - this.#othersToldMs >= OTHERS_EVERY_MS) {
      this.#othersToldMs = nowMs
      this.#options.onOthers(all)
    }
    const [first = null] = all
    if (first === this.#told) return
    this.#told = first
    this.#options.onChange()
  }
}
