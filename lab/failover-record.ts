// SPDX-License-Identifier: Apache-2.0
/** Who claimed which address when, as a station heard it; and what follows from that. Times are of CLOCK_MONOTONIC. */

/** `answer`: to the station's own question. `told`: an announcement that nobody asked for. */
export type HeardClaim = Readonly<{ ip: string; mac: string; kind: 'answer' | 'told'; atMs: number }>

/** From and to when, both in milliseconds of CLOCK_MONOTONIC. */
export type Span = Readonly<{ fromMs: number; toMs: number }>

/** CLOCK_MONOTONIC now, in milliseconds. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** One line of arp-prober; undefined where it is about something else. */
export function parseClaim(line: string): HeardClaim | undefined {
  const [ip = '', mac = '', kind, ns] = line.split(' ')
  if (ns === undefined || (kind !== 'answer' && kind !== 'told')) return undefined
  return { ip, mac, kind, atMs: Number(ns) / 1e6 }
}

export class ClaimsRecord {
  readonly #byAddress = new Map<string, HeardClaim[]>()

  add(claim: HeardClaim): void {
    const claims = this.#byAddress.get(claim.ip)
    if (claims) claims.push(claim)
    else this.#byAddress.set(claim.ip, [claim])
  }

  /** All claims of an address in the order of their arrival, since a moment. */
  of(ip: string, sinceMs = 0): readonly HeardClaim[] {
    const claims = this.#byAddress.get(ip) ?? []
    return claims.slice(claims.findLastIndex(({ atMs }) => atMs < sinceMs) + 1)
  }

  /** Who answered last. */
  latestAnswer(ip: string): HeardClaim | undefined {
    return this.#byAddress.get(ip)?.findLast(isAnswer)
  }

  /** The first answer by another than `mac` since a moment. */
  firstByAnother(ip: string, mac: string, sinceMs: number): HeardClaim | undefined {
    return this.of(ip, sinceMs).find((claim) => isAnswer(claim) && claim.mac !== mac)
  }

  /** The first claim of any kind by another than `mac` since a moment. */
  firstClaimByAnother(ip: string, mac: string, sinceMs: number): HeardClaim | undefined {
    return this.of(ip, sinceMs).find((claim) => claim.mac !== mac)
  }

  /** The longest time without an answer in a span: its ends count as answers, so silence at either end counts. */
  longestSilenceMs(ip: string, { fromMs, toMs }: Span): number {
    let longest = 0
    let lastMs = fromMs
    for (const claim of this.of(ip, fromMs)) {
      if (claim.atMs > toMs) break
      if (!isAnswer(claim)) continue
      longest = Math.max(longest, claim.atMs - lastMs)
      lastMs = claim.atMs
    }
    return Math.max(longest, toMs - lastMs)
  }

  /** The last moment of a span at which somebody claimed the address who is not its owner at the end; null: nobody did. */
  lastDissentMs(ip: string, { fromMs, toMs }: Span): number | null {
    const claims = this.of(ip, fromMs).filter(({ atMs }) => atMs <= toMs)
    const owner = claims.findLast(isAnswer)?.mac
    return claims.findLast(({ mac }) => mac !== owner)?.atMs ?? null
  }

  /** How long in a span two stations claimed the address, each of them within `windowMs` of the other's claim. */
  doublyOwnedMs(ip: string, { fromMs, toMs }: Span, windowMs: number): number {
    let total = 0
    let before: HeardClaim | undefined
    for (const claim of this.of(ip, fromMs)) {
      if (claim.atMs > toMs) break
      const apartMs = before && before.mac !== claim.mac ? claim.atMs - before.atMs : windowMs
      if (apartMs < windowMs) total += apartMs
      before = claim
    }
    return total
  }

  /** MAC addresses of all who claimed the address in a span. */
  claimants(ip: string, { fromMs, toMs }: Span): ReadonlySet<string> {
    return new Set(
      this.of(ip, fromMs)
        .filter(({ atMs }) => atMs <= toMs)
        .map(({ mac }) => mac),
    )
  }
}

function isAnswer({ kind }: HeardClaim): boolean {
  return kind === 'answer'
}
