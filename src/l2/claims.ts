// SPDX-License-Identifier: Apache-2.0
/**
 * Which addresses this node answers for, over all Services. Services may share an address: it stays owned until the
 * last of them lets go, and is answered wherever one of them wants it.
 */

/** An address this node answers for, and where. */
export type Claim = Readonly<{ ip: string; interfaces: 'all' | readonly string[] }>

/** What a change did to an address: what it was answered on before and is now; null: it is not owned. */
export type ClaimChange = Readonly<{ ip: string; before: Claim | null; after: Claim | null }>

/** How many Services want an address everywhere, and on each interface. */
type Wanted = { everywhere: number; interfaces: Map<string, number> }

export class Claims {
  readonly #services = new Map<string, readonly Claim[]>()
  readonly #wanted = new Map<string, Wanted>()

  /** Replaces what a Service claims. Answers the addresses whose ownership or interfaces changed, in no order. */
  set(service: string, claims: readonly Claim[]): ClaimChange[] {
    const old = this.#services.get(service) ?? []
    const before = new Map([...old, ...claims].map(({ ip }) => [ip, this.get(ip)]))
    for (const claim of claims) this.#count(claim, 1)
    for (const claim of old) this.#count(claim, -1)
    if (claims.length > 0) this.#services.set(service, claims)
    else this.#services.delete(service)
    return [...before]
      .map(([ip, was]) => ({ ip, before: was, after: this.get(ip) }))
      .filter((change) => !sameClaim(change.before, change.after))
  }

  /** The address as all its Services together want it, with interfaces in ascending order; null if none does. */
  get(ip: string): Claim | null {
    const wanted = this.#wanted.get(ip)
    if (!wanted) return null
    return { ip, interfaces: wanted.everywhere > 0 ? 'all' : [...wanted.interfaces.keys()].toSorted() }
  }

  *[Symbol.iterator](): Generator<Claim> {
    for (const ip of this.#wanted.keys()) {
      const claim = this.get(ip)
      if (claim) yield claim
    }
  }

  #count({ ip, interfaces }: Claim, by: 1 | -1): void {
    const wanted = this.#wanted.get(ip) ?? { everywhere: 0, interfaces: new Map<string, number>() }
    this.#wanted.set(ip, wanted)
    if (interfaces === 'all') wanted.everywhere += by
    else {
      for (const name of interfaces) {
        const count = (wanted.interfaces.get(name) ?? 0) + by
        if (count > 0) wanted.interfaces.set(name, count)
        else wanted.interfaces.delete(name)
      }
    }
    if (wanted.everywhere === 0 && wanted.interfaces.size === 0) this.#wanted.delete(ip)
  }
}

function sameClaim(a: Claim | null, b: Claim | null): boolean {
  if (!a || !b) return a === b
  return a.interfaces.toString() === b.interfaces.toString() // names hold no comma, and no interface is called "all, …"
}
