// SPDX-License-Identifier: Apache-2.0
/** For tests: a peer that does what UPDATEs say, and notices those that say nothing new. */
import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { type Ip, parseIp } from '../lib/ip.ts'
import { type Cidr, formatCidr, parseCidr } from '../lib/prefix.ts'
import type { Egress } from './attributes.ts'
import { decode } from './codec/codec.ts'
import { type AddressFamily, type Attributes, type Dialect, INITIAL_DIALECT } from './codec/message.ts'
import type { Rib } from './rib.ts'
import type { Route } from './route.ts'

export type Told = Readonly<{ attributes: Attributes; nextHops: readonly Ip[] }>

export const BOTH: Dialect = { ...INITIAL_DIALECT, fourOctetAs: true, families: new Set(['ipv4', 'ipv6']) }

/** A session with an external peer that takes everything. */
export const EGRESS: Egress = {
  asn: 64_500,
  transport: 'ipv4',
  own: { ipv4: ip('192.0.2.1'), ipv6: ip('2001:db8::1'), linkLocal: null },
  dialect: BOTH,
  draining: false,
}

/** A route that says nothing but its prefix, or what else is given. */
export function routeTo(prefix: string, path: Partial<Route> = {}): Route {
  const bare = { localPref: null, communities: [], largeCommunities: [], med: null, prepend: [] }
  return { prefix: cidr(prefix), ...bare, ...path }
}

/** Fails the test when the text is no prefix. */
export function cidr(text: string): Cidr {
  return parseCidr(text) ?? assert.fail(text)
}

/** Fails the test when the text is no address. */
export function ip(text: string): Ip {
  return parseIp(text) ?? assert.fail(text)
}

export class SamplePeer {
  readonly #dialect: Dialect
  /** What it has, by prefix. */
  readonly table = new Map<string, Told>()
  /** What it was told, in words, in order. */
  readonly log: string[] = []
  /** UPDATEs that it could have done without. */
  readonly needless: string[] = []
  /** What it has not heard again although it asked. */
  readonly unheard = new Set<string>()
  /** Families that it asked for again, with what came although it was not new. */
  readonly #repeated = new Map<AddressFamily, Set<string>>()
  bytes = 0
  messages = 0

  constructor(dialect: Dialect = BOTH) {
    this.#dialect = dialect
  }

  /** It has asked for a family again: each route of it may come once more without being new. */
  expectAgain(family: AddressFamily): void {
    this.#repeated.set(family, new Set())
    for (const text of this.table.keys()) if (cidr(text).family === family) this.unheard.add(text)
  }

  apply(bytes: Uint8Array): void {
    assert.ok(bytes.length <= this.#dialect.maxBytes, 'a message as long as was negotiated')
    this.bytes += bytes.length
    this.messages++
    const update = decode(bytes, this.#dialect)
    if ('malformed' in update || update.type !== 'update') return assert.fail(inspect(update))
    assert.equal(update.flaw, null)
    for (const { prefixes } of update.unreach) for (const prefix of prefixes) this.#withdraw(prefix)
    for (const { prefixes, nextHops } of update.reach) {
      for (const prefix of prefixes) this.#announce(prefix, { attributes: update.attributes, nextHops })
    }
    if (update.endOfRib !== null) this.log.push(`end ${update.endOfRib}`)
  }

  #withdraw(prefix: Cidr): void {
    const text = formatCidr(prefix)
    this.log.push(`-${text}`)
    this.unheard.delete(text)
    if (!this.table.delete(text)) this.needless.push(`withdraw ${text}`)
  }

  #announce(prefix: Cidr, told: Told): void {
    const text = formatCidr(prefix)
    this.log.push(`+${text}`)
    const before = this.table.get(text)
    this.table.set(text, told)
    this.unheard.delete(text)
    if (!before || !same(before, told)) return
    const repeated = this.#repeated.get(prefix.family)
    if (repeated && !repeated.has(text)) repeated.add(text)
    else this.needless.push(`announce ${text}`)
  }
}

/** Tells the peer all there is to tell; answers how often there was a pause. */
export function bringUpToDate(rib: Rib, name: string, peer: SamplePeer): number {
  let pauses = 0
  for (const bytes of rib.updates(name)) {
    if (bytes === null) pauses++
    else peer.apply(bytes)
  }
  assert.equal(rib.isPending(name), false)
  return pauses
}

function same(a: Told, b: Told): boolean {
  try {
    assert.deepEqual(a, b)
    return true
  } catch {
    return false
  }
}
