// SPDX-License-Identifier: Apache-2.0
/**
 * What one established session has told its peer (Adj-RIB-Out, RFC 4271 §3.2), and what it still has to look at. A route
 * counts as told when it was handed out, as what is handed out is sent in that order or the session ends.
 */
import { attributesFor, type Egress, type HeldBack, type Outgoing } from './attributes.ts'
import type { AddressFamily } from './codec/message.ts'
import { Interned } from './rib-intern.ts'
import type { Entry } from './rib-offers.ts'
import type { Path } from './route.ts'

/** Why the prefixes of a round are looked at: all or some; those of `refreshed` are told even when nothing is new. */
export type Round = Readonly<{ all: boolean; some: ReadonlySet<Entry>; refreshed: ReadonlySet<AddressFamily> }>

export class Out {
  #egress: Egress
  /** What comes of each path; gone with the path. */
  #dressed = wardrobe()
  readonly #sent = new Map<Entry, Outgoing>()
  readonly #kept = new Interned<Outgoing>()
  #all = true
  #some = new Set<Entry>()
  #refreshed = new Set<AddressFamily>()
  readonly #endOfRibOwed: Set<AddressFamily>

  constructor(egress: Egress) {
    this.#egress = egress
    this.#endOfRibOwed = new Set(egress.dialect.families)
  }

  get egress(): Egress {
    return this.#egress
  }

  /** The same session with other addresses, or draining: all its routes may have changed. */
  change(egress: Egress): void {
    this.#egress = egress
    this.#dressed = wardrobe()
    this.#all = true
  }

  /** The peer lost what we told about a family, or wants to compare (RFC 2918 §4). */
  refresh(family: AddressFamily): void {
    if (!this.#egress.dialect.families.has(family)) return
    this.#refreshed.add(family)
    this.#all = true
  }

  /** Something about this prefix changed. */
  touch(entry: Entry): void {
    this.#some.add(entry)
  }

  get isAllTouched(): boolean {
    return this.#all
  }

  get touched(): number {
    return this.#some.size
  }

  get owesEndOfRib(): boolean {
    return this.#endOfRibOwed.size > 0
  }

  /** What is to be looked at now; changes from here on are for the next round. */
  begin(): Round {
    const round = { all: this.#all, some: this.#some, refreshed: this.#refreshed }
    this.#all = false
    this.#some = new Set()
    this.#refreshed = new Set()
    return round
  }

  /** The families whose End-of-RIB was not handed out yet. It is now. */
  takeEndOfRib(): AddressFamily[] {
    const owed = [...this.#endOfRibOwed]
    this.#endOfRibOwed.clear()
    return owed
  }

  /** What is sent for the path, or why it is not. */
  dress(path: Path, family: AddressFamily): Outgoing | HeldBack {
    const known = this.#dressed[family].get(path)
    if (known !== undefined) return known
    const outgoing = attributesFor(path, family, this.#egress)
    this.#dressed[family].set(path, outgoing)
    return outgoing
  }

  /** Brings what the peer was told about a prefix up to date; answers what it has to hear, null if it knows already. */
  tell(entry: Entry, path: Path | null, refreshed: ReadonlySet<AddressFamily>): Outgoing | 'withdraw' | null {
    const { family } = entry.prefix
    const before = this.#sent.get(entry)
    const wanted = path && this.dress(path, family)
    const after = typeof wanted === 'string' ? null : wanted
    if (before && before.key === after?.key) return refreshed.has(family) ? before : null
    if (before) this.#kept.release(before)
    if (after) {
      const outgoing = this.#kept.take(after)
      this.#sent.set(entry, outgoing)
      return outgoing
    }
    return this.#sent.delete(entry) ? 'withdraw' : null
  }

  has(entry: Entry): boolean {
    return this.#sent.has(entry)
  }

  get attributeSets(): number {
    return this.#kept.size
  }

  /** What the peer was told, by prefix. */
  get sent(): ReadonlyMap<Entry, Outgoing> {
    return this.#sent
  }
}

function wardrobe(): Readonly<Record<AddressFamily, WeakMap<Path, Outgoing | HeldBack>>> {
  return { ipv4: new WeakMap(), ipv6: new WeakMap() }
}
