// SPDX-License-Identifier: Apache-2.0
/**
 * The gates that a node probes on itself, each every INTERVAL_MS. They are spread over that time, so that two hundred
 * gates are no burst. A probe that hangs keeps one of MOST_AT_ONCE places and delays nobody while there are others; with
 * all of them taken, probes wait for their turn, and each gate has one that waits at most.
 */
import type { Clock, Timer } from '../lib/clock.ts'
import { supervise } from '../lib/supervise.ts'
import { type GateSession, type GateState, NEW_GATE, step } from './fsm.ts'
import { Spread } from './spread.ts'

export type { GateState } from './fsm.ts'

/** `GET http://<address of the node>:<port><path>` */
export type Gate = Readonly<{ port: number; path: string }>

export type ProbeResult = Readonly<{ ok: true }> | Readonly<{ ok: false; reason: string }>

export type GatesOptions = Readonly<{
  /** One probe; it does not reject, and ends by itself within a second. One that does not counts as failed. */
  probe(gate: Gate): Promise<ProbeResult>
  clock: Clock
  /** The state is another one from now on; `why` is a sentence without its full stop. */
  onChange(gate: Gate, state: GateState, why: string): void
}>

/** Shorter finds out sooner and asks more: times FALL it is the 6 s after which a node gives up its addresses. */
export const INTERVAL_MS = 2000
export const MOST_AT_ONCE = 50
const MOMENTS = 100
/** A probe is longer under way than it can be: another one takes its place. */
const HANGS_MS = 1500

type Probed = {
  readonly gate: Gate
  readonly atMs: number
  session: GateSession
  everPassed: boolean
  timer: Timer | null
  /** Null: no probe is under way or waits for a place. */
  turn: Turn | null
}

/** `sinceMs`: when the probe began; null while it waits. */
type Turn = { sinceMs: number | null }

export class Gates {
  readonly #options: GatesOptions
  readonly #startMs: number
  readonly #spread = new Spread({ intervalMs: INTERVAL_MS, moments: MOMENTS })
  readonly #probed = new Map<string, Probed>()
  readonly #waiting = new Set<Probed>()
  readonly #underWay = new Set<Turn>()

  constructor(options: GatesOptions) {
    this.#options = options
    this.#startMs = options.clock.monotonicMs()
  }

  /** The whole wanted set: new ones start as unknown, the state of those that are left out is forgotten. */
  set(gates: readonly Gate[]): void {
    const wanted = new Map(gates.map((gate) => [keyOf(gate), gate]))
    for (const [key, probed] of this.#probed) if (!wanted.has(key)) this.#drop(key, probed)
    for (const [key, gate] of wanted) if (!this.#probed.has(key)) this.#add(key, gate)
    this.#fillPlaces()
  }

  /** `unknown` also for a gate that is not wanted. */
  stateOf(gate: Gate): GateState {
    return this.#probed.get(keyOf(gate))?.session.state ?? 'unknown'
  }

  /** It was `passing` at some time since it is wanted. */
  everPassed(gate: Gate): boolean {
    return this.#probed.get(keyOf(gate))?.everPassed ?? false
  }

  *states(): Iterable<Readonly<{ gate: Gate; state: GateState }>> {
    for (const { gate, session } of this.#probed.values()) yield { gate, state: session.state }
  }

  /** Probes no more and tells of nothing; what is under way ends unheard. */
  close(): void {
    for (const [key, probed] of this.#probed) this.#drop(key, probed)
  }

  #add(key: string, gate: Gate): void {
    const phaseMs = this.#phaseMs()
    const atMs = this.#spread.take(phaseMs)
    const probed: Probed = { gate, atMs, session: NEW_GATE, everPassed: false, timer: null, turn: null }
    this.#probed.set(key, probed)
    this.#arm(probed, (atMs - phaseMs + INTERVAL_MS) % INTERVAL_MS)
  }

  #drop(key: string, probed: Probed): void {
    this.#probed.delete(key)
    this.#spread.release(probed.atMs)
    probed.timer?.cancel()
    this.#endTurn(probed)
  }

  #phaseMs(): number {
    return (this.#options.clock.monotonicMs() - this.#startMs) % INTERVAL_MS
  }

  #arm(probed: Probed, delayMs: number): void {
    probed.timer = this.#options.clock.after(delayMs, () => this.#due(probed))
  }

  #due(probed: Probed): void {
    // Back to its own moment, however late or early the timer was.
    const untilMs = (probed.atMs - this.#phaseMs() + INTERVAL_MS) % INTERVAL_MS
    this.#arm(probed, untilMs < INTERVAL_MS / 2 ? untilMs + INTERVAL_MS : untilMs)
    if (probed.turn && !this.#hangs(probed.turn)) return
    if (probed.turn) this.#finish(probed, { ok: false, reason: `the probe said nothing for ${HANGS_MS} ms` })
    // Whoever was told just now may want it no more.
    if (this.#probed.get(keyOf(probed.gate)) === probed) {
      probed.turn = { sinceMs: null }
      this.#waiting.add(probed)
    }
    this.#fillPlaces()
  }

  #hangs({ sinceMs }: Turn): boolean {
    return sinceMs !== null && this.#options.clock.monotonicMs() - sinceMs >= HANGS_MS
  }

  /** In the order in which they came to wait. */
  #fillPlaces(): void {
    for (const probed of this.#waiting) {
      if (this.#underWay.size >= MOST_AT_ONCE) return
      this.#waiting.delete(probed)
      if (!probed.turn) continue
      probed.turn.sinceMs = this.#options.clock.monotonicMs()
      this.#underWay.add(probed.turn)
      supervise('a health probe', this.#probe(probed, probed.turn))
    }
  }

  async #probe(probed: Probed, turn: Turn): Promise<void> {
    const result = await this.#options.probe(probed.gate)
    if (probed.turn !== turn) return
    this.#finish(probed, result)
    this.#fillPlaces()
  }

  #finish(probed: Probed, result: ProbeResult): void {
    this.#endTurn(probed)
    const event = result.ok ? ({ type: 'ok' } as const) : ({ type: 'failed', reason: result.reason } as const)
    const [session, actions] = step(probed.session, event)
    probed.session = session
    if (session.state === 'passing') probed.everPassed = true
    for (const { state, why } of actions) this.#options.onChange(probed.gate, state, why)
  }

  #endTurn(probed: Probed): void {
    if (probed.turn) this.#underWay.delete(probed.turn)
    probed.turn = null
    this.#waiting.delete(probed)
  }
}

function keyOf({ port, path }: Gate): string {
  return `${port}${path}`
}
