// SPDX-License-Identifier: Apache-2.0
/** Who may dial us, under which conditions. */
import { Fault } from '../lib/fault.ts'
import { type Family, type Ip, WIDTH } from '../lib/ip.ts'
import type { PeerAccess } from '../lib/peer-sockets.ts'
import { type Cidr, formatCidr, mask, parseCidr } from '../lib/prefix.ts'
import { keyOf, parseScoped, type TcpFault } from './tcp-options.ts'

export type Rule = Readonly<{ cidr: Cidr; scope: string | null; key: Uint8Array | null; minTtl: number }>

/** By canonical text, so that two ways to write one prefix are one rule; the later one counts. */
export type Rules = ReadonlyMap<string, Rule>

/** Rules from addresses (`192.0.2.1`, `fe80::1%eth0`) and prefixes. Throws Fault `noAddress` or `badPassword`. */
export function readPeers(peers: ReadonlyMap<string, PeerAccess>): Rules {
  const rules = new Map<string, Rule>()
  for (const [text, { md5, minTtl = 0 }] of peers) {
    const { cidr, scope } = readPlace(text)
    const key = md5 === undefined ? null : keyOf(md5)
    rules.set(`${formatCidr(cidr)}%${scope ?? ''}`, { cidr, scope, key, minTtl })
  }
  return rules
}

function readPlace(text: string): { cidr: Cidr; scope: string | null } {
  if (text.includes('/')) {
    const cidr = parseCidr(text)
    if (!cidr) throw new Fault<TcpFault>({ code: 'noAddress' }, `'${text}' is no prefix`)
    return { cidr, scope: null }
  }
  const { ip, scope } = parseScoped(text)
  return { cidr: { family: ip.family, first: ip.bits, prefixBits: WIDTH[ip.family] }, scope }
}

/** The narrowest rule that an address falls under; the kernel picks keys in the same way. */
export function ruleFor(rules: Rules, address: string): Rule | null {
  const { ip, scope } = parseScoped(address)
  let best: Rule | null = null
  for (const rule of rules.values()) {
    if (best && rule.cidr.prefixBits < best.cidr.prefixBits) continue
    if (covers(rule.cidr, ip) && (rule.scope === null || rule.scope === scope)) best = rule
  }
  return best
}

function covers({ family, first, prefixBits }: Cidr, ip: Ip): boolean {
  return ip.family === family && mask(ip, prefixBits).bits === first
}

/** By the text of the prefix. */
export type Keys = Map<string, Readonly<{ cidr: Cidr; key: Uint8Array }>>

/**
 * The keys that a listening socket of these families has to have. A narrower rule without password takes nothing out of a
 * wider one with: to the kernel the wider key counts.
 */
export function keysOf(rules: Rules, families: readonly Family[]): Keys {
  const keys: Keys = new Map()
  for (const { cidr, key } of rules.values()) {
    if (key && families.includes(cidr.family)) keys.set(formatCidr(cidr), { cidr, key })
  }
  return keys
}
