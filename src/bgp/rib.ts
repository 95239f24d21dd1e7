// SPDX-License-Identifier: Apache-2.0
/**
 * What every peer is to be told, and what it was told (RFC 4271 §3.2): Services hand in all that they want announced,
 * sessions take out the difference. A prefix that several Services offer is one route, which says what all of them say.
 */
import assert from 'node:assert/strict'
import type { Cidr } from '../lib/prefix.ts'
import type { Egress, HeldBack, Outgoing } from './attributes.ts'
import type { AddressFamily } from './codec/message.ts'
import { Batch } from './pack.ts'
import { type Entry, Offers, type PeerRoute, pathFor } from './rib-offers.ts'
import { Out } from './rib-out.ts'

/** A route as a peer was told it. */
export type SentRoute = Readonly<{ prefix: Cidr; outgoing: Outgoing }>
/** A route that a peer should have and does not get. */
export type HeldRoute = Readonly<{ prefix: Cidr; why: HeldBack }>

/**
 * Routes that the peer was told, prefixes that are to be looked at for it (all there are, at first), and how many
 * different attributes its routes have.
 */
export type Counts = Readonly<{ sent: number; pending: number; attributeSets: number }>

/** Prefixes looked at between two pauses: well below a millisecond, and seldom enough that pausing costs nothing. */
const SLICE_PREFIXES = 256

export class Rib {
  readonly #offers = new Offers()
  readonly #outs = new Map<string, Out>()
  readonly #busy = new Set<Out>()
  /** Rounds that go over prefixes just now. */
  #looking = 0
  /** What may be forgotten once no round goes over prefixes: one that came back as another entry would be met twice. */
  readonly #leaving = new Set<Entry>()
  readonly #slicePrefixes: number
  #planned = false

  constructor({ slicePrefixes = SLICE_PREFIXES }: Readonly<{ slicePrefixes?: number }> = {}) {
    this.#slicePrefixes = slicePrefixes
  }

  /** Replaces what a Service wants announced; nothing: it is gone. */
  set(service: string, routes: readonly PeerRoute[]): void {
    const touched = this.#offers.set(service, routes)
    for (const { entry, offer } of touched) {
      for (const peer of offer.peers) this.#outs.get(peer)?.touch(entry)
    }
    for (const { entry } of touched) this.#forgetIfGone(entry)
  }

  /** All Services were planned once: from now on what was sent is all there is (RFC 4724 §4.1). */
  setPlanned(): void {
    this.#planned = true
  }

  /** A session is up: its peer knows nothing. */
  establish(peer: string, egress: Egress): void {
    this.close(peer)
    this.#outs.set(peer, new Out(egress))
  }

  /** A session that stays up sends otherwise: with other addresses, or draining. Without a session nothing happens. */
  change(peer: string, egress: Partial<Pick<Egress, 'own' | 'draining'>>): void {
    const out = this.#outs.get(peer)
    out?.change({ ...out.egress, ...egress })
  }

  /** The peer asks for all routes of a family again. */
  refresh(peer: string, family: AddressFamily): void {
    this.#outs.get(peer)?.refresh(family)
  }

  /** A session is down: its peer has nothing of us, or keeps it without us. */
  close(peer: string): void {
    const out = this.#outs.get(peer)
    if (!out) return
    this.#outs.delete(peer)
    for (const entry of out.sent.keys()) this.#forgetIfGone(entry)
  }

  /** Whether `updates` may have something for this peer. */
  isPending(peer: string): boolean {
    const out = this.#outs.get(peer)
    return out !== undefined && (out.isAllTouched || out.touched > 0 || (this.#planned && out.owesEndOfRib))
  }

  /**
   * The UPDATEs, as bytes, that bring the peer up to date; null is a pause. What is handed out has to be sent in this
   * order, and asked for to the end before the next call, or the session has to end. Ends at once when the session did.
   */
  *updates(peer: string): Generator<Uint8Array | null, void> {
    const out = this.#outs.get(peer)
    if (!out) return
    assert(!this.#busy.has(out), 'one round of UPDATEs at a time')
    this.#busy.add(out)
    try {
      const batch = yield* this.#look(peer, out)
      for (const bytes of batch.pack(out.egress.dialect)) {
        if (this.#outs.get(peer) !== out) return
        yield bytes
      }
    } finally {
      this.#busy.delete(out)
    }
  }

  /** Figures of one peer's session; all 0 without one. */
  counts(peer: string): Counts {
    const out = this.#outs.get(peer)
    if (!out) return { sent: 0, pending: 0, attributeSets: 0 }
    const pending = out.isAllTouched ? this.#offers.size : out.touched
    return { sent: out.sent.size, pending, attributeSets: out.attributeSets }
  }

  /** What the peer was told. */
  *sent(peer: string): Generator<SentRoute> {
    for (const [{ prefix }, outgoing] of this.#outs.get(peer)?.sent ?? []) yield { prefix, outgoing }
  }

  /** What the peer should be told and is not, whatever is on its way. The cost is that of all prefixes. */
  *held(peer: string): Generator<HeldRoute> {
    const out = this.#outs.get(peer)
    for (const entry of this.#offers.entries()) {
      const path = pathFor(entry, peer)
      if (!path) continue
      const why = out ? out.dress(path, entry.prefix.family) : 'notEstablished'
      if (typeof why === 'string') yield { prefix: entry.prefix, why }
    }
  }

  *#look(peer: string, out: Out): Generator<null, Batch> {
    this.#looking++
    try {
      return yield* this.#lookAtAll(peer, out)
    } finally {
      this.#looking--
      this.#forgetLeaving()
    }
  }

  *#lookAtAll(peer: string, out: Out): Generator<null, Batch> {
    const batch = new Batch()
    const planned = this.#planned
    const { all, some, refreshed } = out.begin()
    let looked = 0
    for (const entry of all ? this.#offers.entries() : some) {
      const news = out.tell(entry, pathFor(entry, peer), refreshed)
      if (news === 'withdraw') batch.withdraw(entry.prefix)
      else if (news) batch.announce(entry.prefix, news)
      this.#forgetIfGone(entry)
      if (++looked % this.#slicePrefixes !== 0) continue
      yield null
      if (this.#outs.get(peer) !== out) return new Batch()
    }
    if (planned) for (const family of out.takeEndOfRib()) batch.end(family)
    return batch
  }

  /** A prefix stays until nobody offers it, every peer heard that it is gone, and no round goes over prefixes. */
  #forgetIfGone(entry: Entry): void {
    if (entry.offers.length > 0) return
    for (const out of this.#outs.values()) if (out.has(entry)) return
    if (this.#looking > 0) this.#leaving.add(entry)
    else this.#offers.forget(entry)
  }

  #forgetLeaving(): void {
    if (this.#looking > 0) return
    for (const entry of this.#leaving) this.#forgetIfGone(entry)
    this.#leaving.clear()
  }
}
