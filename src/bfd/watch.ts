// SPDX-License-Identifier: Apache-2.0
/** The watch of one speaker: its session, and what becomes of it. */
import type { ControlPacket } from './codec.ts'
import { judge, settle, type Verdict } from './loss.ts'
import { LiveSession, type SessionOptions } from './session.ts'
import { detectUs } from './timing.ts'

/** What happened to the speaker by an event, in this order. */
export type Turn = 'silent' | 'restarted' | 'up'

const FAREWELLS = 3

export class Watch {
  readonly live: LiveSession
  /** It may be another process now: the discriminator of the one before, and how long to wait for proof. */
  #doubt: Readonly<{ remoteId: number; patienceUs: number }> | null = null

  constructor(options: SessionOptions) {
    this.live = new LiveSession(options)
  }

  get isUp(): boolean {
    return this.live.session.state === 'Up'
  }

  /** A packet of this session and its bytes without tag. `unproven`: it was not listened to. */
  onPacket(packet: ControlPacket, bytes: Uint8Array): readonly Turn[] | 'unproven' {
    const before = this.live.session
    const verdict = this.#judge(packet)
    // Else whoever repeats old packets could put off the moment at which silence is noticed.
    if (this.#doubt && verdict === 'doubt') return 'unproven'
    if (verdict !== 'doubt') this.#doubt = null
    else this.#doubt = { remoteId: before.remoteId, patienceUs: detectUs(before) }
    this.live.hear(packet, bytes, this.#doubt?.patienceUs ?? Number.POSITIVE_INFINITY)
    const turns: Turn[] = verdict === 'restarted' ? ['restarted'] : []
    const isNew = verdict === 'restarted' || before.state !== 'Up'
    return this.isUp && isNew ? [...turns, 'up'] : turns
  }

  onSilence(): readonly Turn[] {
    const wasThere = this.isUp || this.#doubt !== null
    this.#doubt = null
    this.live.feed({ type: 'detectExpired' })
    return wasThere ? ['silent'] : []
  }

  /** Tells the other side that this is no failure, more than once as nobody answers. */
  close(): void {
    this.live.feed({ type: 'admin', enabled: false })
    for (let told = 1; told < FAREWELLS; told++) this.live.repeat()
    this.live.close()
  }

  #judge(packet: ControlPacket): Verdict {
    const { session } = this.live
    if (this.#doubt) return settle(this.#doubt.remoteId, session, packet)
    return this.isUp ? judge(session, packet) : 'alive'
  }
}
