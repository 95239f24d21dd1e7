// SPDX-License-Identifier: Apache-2.0
/** Changes of many routes as few UPDATEs: those with the same attributes share messages that are filled to the limit. */
import type { Cidr } from '../lib/prefix.ts'
import type { Outgoing } from './attributes.ts'
import { encode } from './codec/codec.ts'
import type { AddressFamily, Dialect } from './codec/message.ts'
import { reachUpdates, unreachUpdates } from './codec/update-encode.ts'

/** What one peer is to be told now. A prefix comes at most once. */
export class Batch {
  /** By `key`, as two that say the same may be two objects. */
  readonly #announced = new Map<string, { readonly outgoing: Outgoing; readonly prefixes: Cidr[] }>()
  readonly #withdrawn: Readonly<Record<AddressFamily, Cidr[]>> = { ipv4: [], ipv6: [] }
  readonly #ended: AddressFamily[] = []

  announce(prefix: Cidr, outgoing: Outgoing): void {
    const group = this.#announced.get(outgoing.key)
    if (group) group.prefixes.push(prefix)
    else this.#announced.set(outgoing.key, { outgoing, prefixes: [prefix] })
  }

  withdraw(prefix: Cidr): void {
    this.#withdrawn[prefix.family].push(prefix)
  }

  /** With this batch the peer has all there is of the family (RFC 4724 §2). */
  end(family: AddressFamily): void {
    this.#ended.push(family)
  }

  /**
   * The bytes, message by message. What is new comes before what goes, so that an address whose aggregate changes always
   * has a route; End-of-RIB is last.
   */
  *pack(dialect: Dialect): Generator<Uint8Array> {
    for (const { outgoing, prefixes } of this.#announced.values()) {
      const { family, nextHops, attributes } = outgoing
      yield* reachUpdates({ family, nextHops, prefixes }, attributes, dialect)
    }
    for (const family of ['ipv4', 'ipv6'] as const) {
      const prefixes = this.#withdrawn[family]
      if (prefixes.length > 0) yield* unreachUpdates({ family, prefixes }, dialect)
    }
    for (const family of this.#ended) {
      yield encode({ type: 'update', reach: [], unreach: [], attributes: {}, endOfRib: family, flaw: null }, dialect)
    }
  }
}
