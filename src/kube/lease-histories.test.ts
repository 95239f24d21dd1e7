// SPDX-License-Identifier: Apache-2.0
/**
 * Replicas that elect a leader among each other, on a clock that jumps: requests are slow, fail or are answered too late,
 * processes pause and die. Never are two sure of the lease at once, and somebody leads again in time.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  DURATION_MS,
  initialState,
  isSure,
  type LeaseAction,
  type LeaseEvent,
  type LeaseRecord,
  step,
} from './lease-state.ts'

/** Duration, one attempt that comes late, and the slowest answer. */
const TAKE_OVER_MS = 12_000

const LUCKY = 11

type Due = Readonly<{ atMs: number; run: () => void }>

function earliest(queue: readonly Due[]): Due | undefined {
  let first = queue[0]
  for (const due of queue) if (first && due.atMs < first.atMs) first = due
  return first
}

class Stage {
  nowMs = 0
  /** Every request is answered. */
  isCalm = false
  record: LeaseRecord | null = null
  readonly replicas: Member[] = []
  readonly #queue: Due[] = []
  #version = 0

  at(atMs: number, run: () => void): void {
    this.#queue.push({ atMs, run })
  }

  /** Runs what is due until that moment, in order; asks at each step who is sure. */
  runUntil(endMs: number, check: () => void): void {
    for (;;) {
      const next = earliest(this.#queue)
      if (!next || next.atMs > endMs) break
      this.#queue.splice(this.#queue.indexOf(next), 1)
      this.nowMs = Math.max(this.nowMs, next.atMs)
      next.run()
      check()
    }
    this.nowMs = endMs
    check()
  }

  /** A PUT or POST as the API server decides it. */
  write(over: LeaseRecord | null, holder: string): LeaseRecord | null {
    if ((over?.resourceVersion ?? '') !== (this.record?.resourceVersion ?? '')) return null
    const resourceVersion = String(++this.#version)
    this.record = { holder, durationMs: DURATION_MS, transitions: 0, acquireTime: '', resourceVersion }
    for (const member of this.replicas) member.news(this.record)
    return this.record
  }

  sure(): string[] {
    return this.replicas.filter((member) => member.isSure()).map(({ name }) => name)
  }
}

class Member {
  readonly name: string
  readonly #stage: Stage
  readonly #roll: (sides: number) => number
  #state
  #wake = 0
  #pausedUntilMs = 0
  #dead = false

  constructor(stage: Stage, name: string, roll: (sides: number) => number) {
    this.#stage = stage
    this.name = name
    this.#roll = roll
    this.#state = initialState(name)
    this.#read()
  }

  isSure(): boolean {
    return !this.#dead && isSure(this.#state, this.#stage.nowMs)
  }

  pause(ms: number): void {
    this.#pausedUntilMs = this.#stage.nowMs + ms
  }

  kill(): void {
    this.#dead = true
  }

  stop(): void {
    this.#apply(() => ({ type: 'stop', atMs: this.#stage.nowMs }))
  }

  /** By the watch, after a while; only a follower watches. */
  news(record: LeaseRecord): void {
    const stage = this.#stage
    stage.at(stage.nowMs + 1 + this.#roll(30), () => {
      if (this.#state.role === 'follower') this.#apply(() => ({ type: 'seen', record, atMs: stage.nowMs }))
    })
  }

  /** Whatever comes while the process stands still is looked at when it goes on; its answer may be of long ago. */
  #apply(make: () => LeaseEvent): void {
    const stage = this.#stage
    if (this.#dead) return
    if (stage.nowMs < this.#pausedUntilMs) return stage.at(this.#pausedUntilMs, () => this.#apply(make))
    const [state, actions] = step(this.#state, make())
    this.#state = state
    for (const action of actions) this.#carryOut(action)
  }

  #carryOut(action: LeaseAction): void {
    const stage = this.#stage
    if (action.type === 'read') this.#read()
    if (action.type === 'take') this.#take(action.over)
    if (action.type === 'release') stage.at(stage.nowMs + 5, () => stage.write(action.record, ''))
    if (action.type !== 'wake' || action.atMs === Number.POSITIVE_INFINITY) return
    const wake = ++this.#wake
    stage.at(Math.max(stage.nowMs, action.atMs) + this.#roll(200), () => {
      if (wake === this.#wake) this.#apply(() => ({ type: 'due', atMs: stage.nowMs }))
    })
  }

  #read(): void {
    const stage = this.#stage
    stage.at(stage.nowMs + 1 + this.#roll(50), () => {
      const { record } = stage
      this.#apply(() => ({ type: 'seen', record, atMs: stage.nowMs }))
    })
  }

  /** One in six gets no answer; whether the write happened is open then. */
  #take(over: LeaseRecord | null): void {
    const stage = this.#stage
    const sentMs = stage.nowMs
    const luck = stage.isCalm ? LUCKY : this.#roll(12)
    stage.at(sentMs + 1 + this.#roll(luck === 2 ? 2400 : 60), () => {
      const record = luck === 0 ? null : stage.write(over, this.name)
      if (luck < 2) return stage.at(sentMs + 2500, () => this.#apply(() => ({ type: 'failed', atMs: stage.nowMs })))
      this.#apply(() =>
        record ? { type: 'written', record, sentMs, atMs: stage.nowMs } : { type: 'outrun', atMs: stage.nowMs },
      )
    })
  }
}

function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * sides)
  }
}

test('500 histories of three replicas: never two sure at once, and always somebody again', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const roll = dice(seed)
    const stage = new Stage()
    const open = () => stage.replicas.push(new Member(stage, `m${stage.replicas.length}`, roll))
    const check = () => assert.ok(stage.sure().length <= 1, `seed ${seed}: ${stage.sure().join()} at ${stage.nowMs} ms`)
    for (let count = 0; count < 3; count++) open()
    for (let times = 0; times < 12; times++) {
      stage.runUntil(stage.nowMs + roll(15_000), check)
      const member = stage.replicas[roll(stage.replicas.length)]
      const what = roll(4)
      if (what === 0) member?.pause(roll(25_000))
      else if (what === 1) {
        member?.kill()
        open()
      } else if (what === 2) {
        member?.stop()
        open()
      }
    }
    stage.isCalm = true
    stage.runUntil(stage.nowMs + 60_000, check)
    const times = Array.from({ length: 40 }, () => {
      stage.runUntil(stage.nowMs + 500, check)
      return stage.sure().length
    })
    assert.ok(
      times.every((count) => count === 1),
      `seed ${seed}: nobody leads: ${times.join('')}`,
    )
  }
})

test('take-over after a kill, and after a stop, with an API server that answers', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const roll = dice(seed)
    const stage = new Stage()
    stage.isCalm = true
    for (const name of ['a', 'b', 'c']) stage.replicas.push(new Member(stage, name, roll))
    const check = () => assert.ok(stage.sure().length <= 1)
    const untilSure = () => {
      const sinceMs = stage.nowMs
      while (stage.sure().length === 0 && stage.nowMs < sinceMs + 60_000) stage.runUntil(stage.nowMs + 10, check)
      return stage.nowMs - sinceMs
    }
    untilSure()
    stage.runUntil(stage.nowMs + roll(20_000), check)
    const leader = () => stage.replicas.find((member) => member.isSure())
    leader()?.kill()
    const afterKillMs = untilSure()
    assert.ok(afterKillMs <= TAKE_OVER_MS, `seed ${seed}: ${afterKillMs} ms after a kill`)
    stage.runUntil(stage.nowMs + 3000, check)
    leader()?.stop()
    const afterStopMs = untilSure()
    assert.ok(afterStopMs <= 500, `seed ${seed}: ${afterStopMs} ms after a stop`)
  }
})
