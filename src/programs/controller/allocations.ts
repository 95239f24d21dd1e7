// SPDX-License-Identifier: Apache-2.0
/**
 * What the verdicts on Services add up to: addresses given, and refusals, each counted when it is made and again every
 * minute while it lasts, so that rate() sees a Service that stays without address. The minutes are worked out when
 * somebody asks: a verdict costs the same among ten Services and among ten thousand, and nothing ticks.
 */
import type { Verdict } from '../../ipam/converge.ts'
import type { Ledger } from '../../ipam/ledger.ts'
import type { RefusalCode } from '../../ipam/refusal.ts'
import type { Clock } from '../../lib/clock.ts'
import { annotation } from '../../model/annotations.ts'
import type { Service } from '../../model/service.ts'

/** Of refusals that last. */
const REPEAT_MS = 60_000

/** `pool` is the one that the Service names, '' where it names none that there is. */
type Cause = Readonly<{ pool: string; reason: RefusalCode }>
type Refused = Cause & Readonly<{ sinceMs: number }>

export class Allocations {
  readonly #clock: Clock
  readonly #refused = new Map<string, Refused>()
  /** By cause: what refusals that ended have counted. */
  readonly #past = new Map<string, number>()
  /** By pool. */
  readonly #given = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes a verdict of `ledger`; `service` is as it was before, with the addresses that it held. */
  onVerdict(service: Service, { lease, refusal }: Verdict, ledger: Pick<Ledger, 'pool'>): void {
    const before = new Set(service.ingress.map(({ ip }) => ip))
    const given = lease?.ips.filter((ip) => !before.has(ip)).length ?? 0
    if (lease && given > 0) this.#given.set(lease.pool, (this.#given.get(lease.pool) ?? 0) + given)
    const known = this.#refused.get(service.key)
    const named = annotation(service, 'address-pool') ?? ''
    const pool = ledger.pool(named) ? named : '' // or everybody who makes up names would make series
    if (refusal && known?.reason === refusal.code && known.pool === pool) return
    this.onGone(service.key)
    if (refusal) this.#refused.set(service.key, { pool, reason: refusal.code, sinceMs: this.#clock.monotonicMs() })
  }

  /** The Service is no longer there, or no longer ours. */
  onGone(key: string): void {
    const refused = this.#refused.get(key)
    if (!refused) return
    this.#refused.delete(key)
    const cause = keyOf(refused)
    this.#past.set(cause, (this.#past.get(cause) ?? 0) + this.#countOf(refused))
  }

  /** Somebody else decides from now on: what lasts counts there. */
  onTermEnd(): void {
    for (const key of this.#refused.keys()) this.onGone(key)
  }

  /** Addresses given to Services from this pool. */
  given(pool: string): number {
    return this.#given.get(pool) ?? 0
  }

  /** How many refusals there were, by cause; `of` answers 0 for a cause that there never was. */
  failures(): { of(cause: Cause): number } {
    const counts = new Map(this.#past)
    for (const refused of this.#refused.values()) {
      const cause = keyOf(refused)
      counts.set(cause, (counts.get(cause) ?? 0) + this.#countOf(refused))
    }
    return { of: (cause) => counts.get(keyOf(cause)) ?? 0 }
  }

  #countOf({ sinceMs }: Refused): number {
    return 1 + Math.floor((this.#clock.monotonicMs() - sinceMs) / REPEAT_MS)
  }
}

/** A pool's name has no slash. */
function keyOf({ pool, reason }: Cause): string {
  return `${pool}/${reason}`
}
