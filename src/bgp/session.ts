// SPDX-License-Identifier: Apache-2.0
/** Carries out for one peer what fsm.ts decides, on streams and a clock; decides nothing itself. */
import { Fault } from '../lib/fault.ts'
import { supervise } from '../lib/supervise.ts'
import {
  type Action,
  type Event,
  type Intervals,
  initialSession,
  type Session as Machine,
  type StopReason,
  step,
} from './fsm.ts'
import { Connections } from './session-connections.ts'
import { Counting } from './session-counters.ts'
import type { PeerStream, Session, SessionOptions } from './session-options.ts'
import { Timers } from './session-timers.ts'
import type { TimerName } from './timing.ts'
import { type SessionView, viewOf } from './view.ts'

export type { StopReason } from './fsm.ts'
export type { Config, Negotiated } from './negotiate.ts'
export type { PeerStream, Send, Session, SessionOptions } from './session-options.ts'
export type { SessionView } from './view.ts'

/** A session with one peer; nothing happens before its `start`. */
export function openSession(options: SessionOptions): Session {
  return new LiveSession(options)
}

class LiveSession implements Session {
  readonly #options: SessionOptions
  readonly #timers: Timers
  readonly #counting: Counting
  readonly #connections: Connections
  /** What the peer has opened, until the machine has said what becomes of it. */
  readonly #offered: PeerStream[] = []
  readonly #events: Event[] = []
  #isBusy = false
  #machine: Machine
  #sinceMs: number

  constructor(options: SessionOptions) {
    const { config, restarting, clock, random } = options
    this.#options = options
    this.#counting = new Counting(options.onMessage)
    this.#machine = initialSession(config, restarting)
    this.#sinceMs = clock.wallMs()
    this.#timers = new Timers({ clock, random, onExpired: (timer) => this.#onExpired(timer) })
    this.#connections = new Connections({ clock, counting: this.#counting }, (event) => this.#feed(event))
  }

  start(): void {
    this.#feed({ type: 'start' })
  }

  stop(reason: StopReason): void {
    this.#feed({ type: 'stop', reason })
  }

  peerDown(why: string, independent: boolean): void {
    this.#feed({ type: 'peerDown', why, independent })
  }

  peerUp(): void {
    this.#feed({ type: 'peerUp' })
  }

  configure(intervals: Intervals): void {
    this.#feed({ type: 'configure', intervals })
  }

  accept(stream: PeerStream): void {
    if (this.#connections.isFull) return stream.destroy()
    this.#offered.push(stream)
    this.#feed({ type: 'accepted' })
  }

  view(): SessionView {
    const leading = this.#connections.at(this.#machine.call)
    return viewOf(this.#machine, {
      sinceMs: this.#sinceMs,
      local: leading?.local ?? null,
      remote: leading?.remote ?? null,
      timersMs: this.#timers.leftMs(),
      waitingBytes: leading?.waitingBytes ?? 0,
      counters: this.#counting.counters,
      lastError: this.#counting.lastError,
    })
  }

  gone(): Promise<void> {
    return this.#connections.gone()
  }

  /** One event after the other, also where carrying out an action brings the next one about. */
  #feed(event: Event): void {
    this.#events.push(event)
    if (this.#isBusy) return
    this.#isBusy = true
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      const [machine, actions] = step(this.#machine, next)
      if (machine.state !== this.#machine.state) this.#sinceMs = this.#options.clock.wallMs()
      this.#machine = machine
      this.#connections.speak(machine.call, machine.negotiated)
      for (const action of actions) this.#carryOut(action)
    }
    this.#isBusy = false
  }

  #onExpired(timer: TimerName): void {
    // RFC 9687: whoever still reads is not stalled, however long it takes for all of it.
    const isTaking = this.#connections.at(this.#machine.call)?.hasTaken() === true
    if (isTaking) this.#feed({ type: 'sent' })
    if (timer !== 'sendHold' || !isTaking) this.#feed({ type: 'expired', timer })
  }

  #carryOut(action: Action): void {
    switch (action.type) {
      case 'connect':
        return supervise('dialling a BGP peer', this.#dial(action.id))
      case 'adopt':
        return this.#connections.add(action.id, this.#offered.shift())
      case 'refuse':
        return this.#connections.refuse(this.#offered.shift(), action.message)
      case 'send':
        return this.#connections.send(action.id, action.message)
      case 'close':
        return this.#connections.close(action.id, action.abort)
      case 'arm':
        return this.#timers.arm(action.timer, action.ms)
      case 'disarm':
        return action.timers.forEach((timer) => this.#timers.disarm(timer))
      default:
        this.#report(action)
    }
  }

  #report(action: Extract<Action, { type: 'established' | 'down' | 'failed' | 'deliver' }>): void {
    const { clock, onEstablished, onDown, onFailed, onUpdate, onRefresh } = this.#options
    if (action.type === 'established') {
      this.#counting.up()
      const connection = this.#connections.at(this.#machine.call)
      const send = (bytes: Uint8Array): boolean => connection?.sendBytes(bytes) ?? false
      onEstablished(action.negotiated, send, connection?.local ?? null)
    } else if (action.type === 'deliver') {
      const { message } = action
      if (message.type === 'update') onUpdate(message)
      else if (message.family !== null) onRefresh(message.family)
    } else {
      this.#counting.ended(action.type, { why: action.why, atMs: clock.wallMs() })
      if (action.type === 'down') onDown(action.why)
      else onFailed(action.why)
    }
  }

  async #dial(id: number): Promise<void> {
    let stream: PeerStream
    try {
      stream = await this.#options.connect()
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      return this.#feed({ type: 'connectFailed', id, why: thrown.message })
    }
    this.#connections.add(id, stream)
    this.#feed({ type: 'connected', id })
  }
}
