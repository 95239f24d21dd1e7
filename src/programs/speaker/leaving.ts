// SPDX-License-Identifier: Apache-2.0
/**
 * A node that is about to go gives its traffic away before it does: for a while its routes are announced as ones that
 * everybody should turn away from (RFC 8326), and only then withdrawn.
 */
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Node } from '../../model/node.ts'

export type Leaving = Readonly<{
  code: 'nodeBeingDeleted' | 'nodeShuttingDown' | 'nodeLabeledExcludeBalancers' | 'daemonSetDeleted'
  /** For people, here and at the peers. */
  message: string
}>

type Said = Readonly<{ ignoreExcludeLabel: boolean; daemonSetDeleted: boolean }>

/** Why this node is to announce nothing any more, or null. A Node that is not known says nothing. */
export function leavingOf(node: Node | undefined, { ignoreExcludeLabel, daemonSetDeleted }: Said): Leaving | null {
  if (daemonSetDeleted) return { code: 'daemonSetDeleted', message: 'the DaemonSet of the speakers is being deleted' }
  if (node?.leaving === 'deleted') return { code: 'nodeBeingDeleted', message: `node ${node.name} is being deleted` }
  if (node?.leaving === 'shuttingDown') {
    return { code: 'nodeShuttingDown', message: `node ${node.name} is shutting down` }
  }
  if (node?.excluded !== true || ignoreExcludeLabel) return null
  return { code: 'nodeLabeledExcludeBalancers', message: `node ${node.name} is excluded from external load balancers` }
}

/**
 * `draining`: routes stay, as the last resort. `left`: they are withdrawn; `announced` false: there never were any, as the
 * node was not to announce when it was first heard of.
 */
export type DrainState =
  | Readonly<{ phase: 'stays' }>
  | Readonly<{ phase: 'draining'; leaving: Leaving; sinceMs: number }>
  | Readonly<{ phase: 'left'; leaving: Leaving; announced: boolean }>

export type DrainOptions = Readonly<{
  clock: Clock
  /** How long routes are announced as ones to turn away from; 0: they are withdrawn at once. */
  drainMs: number
  /** Called for each change of the phase. */
  onChange(state: DrainState): void
}>

/** Where a node is on its way out, and back where the reason goes. */
export class Drain {
  readonly #options: DrainOptions
  #state: DrainState = { phase: 'stays' }
  #timer: Timer | undefined

  constructor(options: DrainOptions) {
    this.#options = options
  }

  get state(): DrainState {
    return this.#state
  }

  /** Until routes are withdrawn, by the clock given; 0 when they are, null when the node stays. */
  get remainingMs(): number | null {
    const state = this.#state
    if (state.phase !== 'draining') return state.phase === 'left' ? 0 : null
    const { clock, drainMs } = this.#options
    return Math.max(0, state.sinceMs + drainMs - clock.monotonicMs())
  }

  /**
   * What `leavingOf` says now. Another reason takes the place of the one before, and the time runs on. `announced` false:
   * nothing of this node was announced yet, so there is nothing to lead elsewhere.
   */
  update(leaving: Leaving | null, { announced = true }: Readonly<{ announced?: boolean }> = {}): void {
    const state = this.#state
    if (leaving === null) {
      if (state.phase !== 'stays') this.#enter({ phase: 'stays' })
    } else if (state.phase !== 'stays') {
      this.#state = { ...state, leaving }
    } else if (announced && this.#options.drainMs > 0) {
      this.#enter({ phase: 'draining', leaving, sinceMs: this.#options.clock.monotonicMs() })
    } else {
      this.#enter({ phase: 'left', leaving, announced })
    }
  }

  /** Nothing changes any more. */
  stop(): void {
    this.#timer?.cancel()
  }

  #enter(state: DrainState): void {
    const { clock, drainMs, onChange } = this.#options
    this.#timer?.cancel()
    this.#state = state
    if (state.phase === 'draining') {
      this.#timer = clock.after(drainMs, () => {
        if (this.#state.phase === 'draining')
          this.#enter({ phase: 'left', leaving: this.#state.leaving, announced: true })
      })
    }
    onChange(state)
  }
}
