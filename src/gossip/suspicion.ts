// SPDX-License-Identifier: Apache-2.0
/**
 * How long a suspect has to say that it lives (Lifeguard's dynamic timeout): the more members suspect it independently,
 * the less. Starts at `maxMs` and falls with the logarithm of the confirmations to `minMs`.
 */
export type SuspicionTimes = Readonly<{
  /** Confirmations after which it is `minMs`; 0: from the start. */
  wanted: number
  minMs: number
  maxMs: number
}>

type Knobs = Readonly<{ suspicionMult: number; suspicionMaxTimeoutMult: number; probeIntervalMs: number }>

/** In a ring of `members`, ourselves and the suspect included. */
export function suspicionTimes(knobs: Knobs, members: number): SuspicionTimes {
  const { suspicionMult, suspicionMaxTimeoutMult, probeIntervalMs } = knobs
  // Two intervals short of the multiplier: others need that long to probe the suspect themselves.
  const confirmations = suspicionMult - 2
  const scale = Math.max(1, Math.log10(Math.max(1, members)))
  const minMs = (suspicionMult * Math.floor(scale * 1000) * probeIntervalMs) / 1000
  // Where there are too few who could confirm, nobody waits for them.
  const wanted = members - 2 < confirmations ? 0 : Math.max(0, confirmations)
  return { wanted, minMs, maxMs: suspicionMaxTimeoutMult * minMs }
}

export class Suspicion {
  readonly #times: SuspicionTimes
  /** Who has said so; the first one is no confirmation of itself. */
  readonly #from: Set<string>
  /** It has answered a probe of ours since: it hears and speaks, and only its protest has not come through yet. */
  hasAnswered = false
  #startMs: number

  constructor(from: string, times: SuspicionTimes, nowMs: number) {
    this.#from = new Set([from])
    this.#times = times
    this.#startMs = nowMs
  }

  get confirmations(): number {
    return this.#from.size - 1
  }

  /** True if this is news that others should hear as well. No more are kept than count. */
  confirm(from: string): boolean {
    if (this.confirmations >= this.#times.wanted || this.#from.has(from)) return false
    this.#from.add(from)
    return true
  }

  /** When the suspect is dead. */
  get deadlineMs(): number {
    const { wanted, minMs, maxMs } = this.#times
    if (wanted < 1) return this.#startMs + minMs
    const fraction = Math.log(this.confirmations + 1) / Math.log(wanted + 1)
    return this.#startMs + Math.max(minMs, Math.floor(maxMs - fraction * (maxMs - minMs)))
  }

  /** We did not listen for so long: the suspect may have spoken. */
  shift(byMs: number): void {
    this.#startMs += byMs
  }
}
