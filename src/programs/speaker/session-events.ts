// SPDX-License-Identifier: Apache-2.0
/**
 * Events on BGPPeers: that a session came up, and that one which was up is down. At most one a minute for each peer and
 * reason, however often it comes and goes; when the minute is over, what is so by then is said, unless it was the last
 * thing said. That a session still does not come up is no event.
 */
import type { Clock, Timer } from '../../lib/clock.ts'
import type { EventWrite } from '../../lib/object.ts'

export const SAY_EVERY_MS = 60_000

export type SessionEventsOptions = Readonly<{
  clock: Clock
  /** Where metallb.io objects count. */
  namespace: string
  node: string
  event(event: EventWrite): void
  /** Of the BGPPeer, where it is known: without it `kubectl describe` does not show the event. */
  uidOf?(peer: string): string | undefined
}>

/** What is so, as an event. */
type News = Readonly<{ state: 'up' | 'down' } & Pick<EventWrite, 'type' | 'reason' | 'message'>>
type Known = {
  /** Of the BGPPeer, as far as it was known; another one is another BGPPeer of this name. */
  uid: string | undefined
  now: News
  /** What was said last. */
  told: News['state'] | null
  /** When each was said last. */
  readonly saidMs: Record<News['state'], number>
}

export class SessionEvents {
  readonly #options: SessionEventsOptions
  readonly #peers = new Map<string, Known>()
  #timer: Timer | undefined

  constructor(options: SessionEventsOptions) {
    this.#options = options
  }

  /** The session with the BGPPeer is Established. */
  up(peer: string): void {
    const message = `node "${this.#options.node}" has a BGP session with peer "${peer}"`
    this.#is(peer, { state: 'up', type: 'Normal', reason: 'BGPSessionUp', message })
  }

  /** It was, and is not any more. */
  down(peer: string, why: string): void {
    const message = `node "${this.#options.node}" has lost its BGP session with peer "${peer}": ${why}`
    this.#is(peer, { state: 'down', type: 'Warning', reason: 'BGPSessionDown', message })
  }

  /** Says no more. */
  close(): void {
    this.#timer?.cancel()
    this.#peers.clear()
  }

  #is(peer: string, now: News): void {
    const never = Number.NEGATIVE_INFINITY
    const uid = this.#options.uidOf?.(peer)
    const before = this.#peers.get(peer)
    const isSame = uid === undefined || before?.uid === undefined || before.uid === uid
    const known = (isSame && before) || { uid, now, told: null, saidMs: { up: never, down: never } }
    known.uid = uid ?? known.uid
    known.now = now
    this.#peers.set(peer, known)
    this.#sayWhatIsDue()
  }

  #sayWhatIsDue(): void {
    const { clock, event, namespace, uidOf } = this.#options
    const nowMs = clock.monotonicMs()
    for (const [name, known] of this.#peers) {
      const { now, told, saidMs } = known
      const isOver = now.state === 'down' && told === 'down' && Math.max(saidMs.up, saidMs.down) + SAY_EVERY_MS <= nowMs
      if (isOver) this.#peers.delete(name) // and with it a BGPPeer that is no more
      if (dueMs(known) > nowMs) continue
      const { state, ...said } = now
      saidMs[state] = nowMs
      known.told = state
      const uid = uidOf?.(name)
      event({ object: { kind: 'BGPPeer', namespace, name }, ...said, ...(uid === undefined ? {} : { uid }) })
    }
    this.#wait()
  }

  /** One timer for all: the earliest. */
  #wait(): void {
    const { clock } = this.#options
    this.#timer?.cancel()
    this.#timer = undefined
    const atMs = Math.min(...[...this.#peers.values()].map(dueMs))
    if (atMs === Number.POSITIVE_INFINITY) return
    this.#timer = clock.after(Math.max(0, atMs - clock.monotonicMs()), () => this.#sayWhatIsDue())
  }
}

/** When the peer has something to say; never, if what is so was said. */
function dueMs({ now, told, saidMs }: Known): number {
  return now.state === told ? Number.POSITIVE_INFINITY : saidMs[now.state] + SAY_EVERY_MS
}
