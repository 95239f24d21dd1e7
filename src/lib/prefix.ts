// SPDX-License-Identifier: Apache-2.0
/** Prefixes and ranges of addresses: CIDR notation (RFC 4632, RFC 4291 §2.3) and arithmetic on both. */
import { type Family, formatIp, type Ip, parseIp, WIDTH } from './ip.ts'

export type Cidr = Readonly<{ family: Family; first: bigint; prefixBits: number }>
/** Both ends are inclusive. */
export type Range = Readonly<{ family: Family; first: bigint; last: bigint }>

/**
 * Parses `address/prefixBits`; host bits are dropped, as Go's net.ParseCIDR does. Undefined also for IPv4-mapped
 * IPv6: whether its prefix counts from bit 0 or from bit 96 is anybody's guess.
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/')
  const ip = slash < 0 ? undefined : parseIp(text.slice(0, slash))
  const length = text.slice(slash + 1)
  if (!ip || !/^\d{1,3}$/.test(length)) return undefined
  if (ip.family === 'ipv4' && text.includes(':')) return undefined
  const prefixBits = Number(length)
  if (prefixBits > WIDTH[ip.family]) return undefined
  return { family: ip.family, first: mask(ip, prefixBits).bits, prefixBits }
}

/** Canonical text, `address/prefixBits`. */
export function formatCidr({ family, first, prefixBits }: Cidr): string {
  return `${formatIp({ family, bits: first })}/${prefixBits}`
}

/** Whether both are the same prefix. */
export function sameCidr(a: Cidr, b: Cidr): boolean {
  return a.first === b.first && a.prefixBits === b.prefixBits && a.family === b.family
}

/** The network address of `ip` under a prefix of `prefixBits`. */
export function mask(ip: Ip, prefixBits: number): Ip {
  const hostBits = BigInt(WIDTH[ip.family] - prefixBits)
  return { family: ip.family, bits: (ip.bits >> hostBits) << hostBits }
}

/** In fe80::/10 (RFC 4291 §2.5.6): an address that means something on its link alone. */
export function isLinkLocal(ip: Ip): boolean {
  return ip.family === 'ipv6' && mask(ip, 10).bits === 0xfe80n << 112n
}

/** First and last address of a prefix. */
export function rangeOf({ family, first, prefixBits }: Cidr): Range {
  return { family, first, last: first + (1n << BigInt(WIDTH[family] - prefixBits)) - 1n }
}

/** The shortest ascending list of prefixes that covers exactly this range. */
export function summarize({ family, first, last }: Range): Cidr[] {
  const prefixes: Cidr[] = []
  for (let at = first; at <= last; ) {
    let hostBits = 0
    while (hostBits < WIDTH[family]) {
      const size = 1n << BigInt(hostBits + 1)
      if (at % size !== 0n || at + size - 1n > last) break
      hostBits++
    }
    prefixes.push({ family, first: at, prefixBits: WIDTH[family] - hostBits })
    at += 1n << BigInt(hostBits)
  }
  return prefixes
}
