// SPDX-License-Identifier: Apache-2.0
/** Says in the log what becomes of sessions with routers: each change, and each new reason of a failure once. */
import type { PeerEvent, Withheld } from '../../bgp/peer-setup.ts'
import type { Log } from '../../lib/log.ts'

export class SessionLog {
  readonly #log: Log
  /** What was said last of each peer that is not up, so that attempts that fail alike are one line. */
  readonly #said = new Map<string, string>()

  constructor(log: Log) {
    this.#log = log
  }

  /** `address` as metrics name the peer. */
  told(event: PeerEvent, address: string): void {
    const about = { peer: address, name: event.peer, protocol: 'bgp' }
    if (event.type === 'up') {
      this.#said.delete(event.peer)
      this.#log.info('session up', { event: 'sessionUp', ...about, local: event.local?.address })
    } else if (event.type === 'down') {
      this.#said.set(event.peer, event.why)
      this.#log.warn(`session down: ${event.why}`, { event: 'sessionDown', ...about, reason: event.why })
    } else if (this.#said.get(event.peer) === event.why) {
      this.#log.debug(`session not up: ${event.why}`, { event: 'sessionFailed', ...about, reason: event.why })
    } else {
      this.#said.set(event.peer, event.why)
      this.#log.warn(`session not up: ${event.why}`, { event: 'sessionFailed', ...about, reason: event.why })
    }
  }

  /** The peer is not dialled. */
  withheld(peer: string, { reason, message }: Withheld): void {
    if (this.#said.get(peer) === message) return
    this.#said.set(peer, message)
    this.#log.info(`BGP peer ${peer} is not dialled: ${message}`, { event: 'sessionWithheld', name: peer, reason })
  }

  /** There is no such peer on this node any more. */
  forget(isThere: (peer: string) => boolean): void {
    for (const peer of this.#said.keys()) if (!isThere(peer)) this.#said.delete(peer)
  }
}
