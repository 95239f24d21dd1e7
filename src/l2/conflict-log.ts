// SPDX-License-Identifier: Apache-2.0
/** Says that another station uses one of our addresses: once a minute for each address, however often it is heard. */
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Conflict } from './responder.ts'

const INTERVAL_MS = 60_000

export class ConflictLog {
  readonly #clock: Clock
  readonly #log: Log
  readonly #saidMs = new Map<string, number>()

  constructor(clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
  }

  report({ ip, mac, link }: Conflict): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - (this.#saidMs.get(ip) ?? Number.NEGATIVE_INFINITY) < INTERVAL_MS) return
    this.#saidMs.set(ip, nowMs)
    this.#log.warn('another station announces an address that this node owns', { ip, mac, interface: link })
  }
}
