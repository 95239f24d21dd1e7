// SPDX-License-Identifier: Apache-2.0
/**
 * Somebody else claims an address of ours (RFC 5227 §2.4 calls it a conflict). This finds out whether it is one, and
 * never makes anybody send: two stations that defend one address flood a network.
 *
 * A claim counts when the same station makes it again more than 2 s later, all while we own the address: after a
 * fail-over the former owner may still be heard for a moment. Members of our ring are such owners, and never count.
 */
import type { Conflict } from './responder.ts'

/** Not ours or of a member; heard, and too early or said lately; to be told now. */
export type Verdict = 'ignored' | 'noted' | 'report'

/** A station that claims an address of ours; times are those that came with `seen`. */
export type ActiveConflict = Conflict & Readonly<{ sinceMs: number; lastMs: number; count: number }>

type Pair = { conflict: Conflict; sinceMs: number; lastMs: number; count: number; reportedMs: number }

const LASTS_MS = 2000
const REPORT_EVERY_MS = 60_000
const ACTIVE_MS = 60_000
/** Pairs of address and station that are remembered, whatever strangers send: some 300 kB. */
const MOST_PAIRS = 1024

export class Sentinel {
  readonly #isMember: (mac: string) => boolean
  /** Since when an address is ours. */
  readonly #ownedMs = new Map<string, number>()
  readonly #counts = new Map<string, number>()
  /** The one that was heard least lately is first. */
  readonly #pairs = new Map<string, Pair>()

  constructor(options: Readonly<{ isMember(mac: string): boolean }>) {
    this.#isMember = (mac) => options.isMember(mac)
  }

  /** The address, in canonical text, is ours from now on; no news if it was already. */
  owned(ip: string, nowMs: number): void {
    if (!this.#ownedMs.has(ip)) this.#ownedMs.set(ip, nowMs)
  }

  /** It is no longer: what was counted is forgotten. */
  given(ip: string): void {
    this.#ownedMs.delete(ip)
    this.#counts.delete(ip)
  }

  /** A frame in which a station claims an address. `report` at most once a minute for each address and station. */
  seen(conflict: Conflict, nowMs: number): Verdict {
    const { ip, mac } = conflict
    const ownedMs = this.#ownedMs.get(ip)
    if (ownedMs === undefined || this.#isMember(mac)) return 'ignored'
    const pair = this.#note(conflict, { ownedMs, nowMs })
    if (nowMs - pair.sinceMs <= LASTS_MS) return 'noted'
    pair.count++
    this.#counts.set(ip, (this.#counts.get(ip) ?? 0) + 1)
    if (nowMs - pair.reportedMs < REPORT_EVERY_MS) return 'noted'
    pair.reportedMs = nowMs
    return 'report'
  }

  #note(conflict: Conflict, { ownedMs, nowMs }: { ownedMs: number; nowMs: number }): Pair {
    const key = `${conflict.ip} ${conflict.mac}`
    const known = this.#pairs.get(key)
    this.#pairs.delete(key)
    // What was heard before the address was ours (again) says nothing about now.
    const since =
      known && known.sinceMs >= ownedMs ? known : { sinceMs: nowMs, count: 0, reportedMs: Number.NEGATIVE_INFINITY }
    const pair: Pair = { ...since, conflict, lastMs: nowMs }
    this.#pairs.set(key, pair)
    const [oldest = key] = this.#pairs.size > MOST_PAIRS ? this.#pairs.keys() : []
    if (oldest !== key) this.#pairs.delete(oldest)
    return pair
  }

  /** Conflicts that were heard within the last minute, the latest last. */
  *active(nowMs: number): Generator<ActiveConflict> {
    for (const { conflict, sinceMs, lastMs, count } of this.#pairs.values()) {
      const ownedMs = this.#ownedMs.get(conflict.ip)
      if (ownedMs === undefined || sinceMs < ownedMs || count === 0 || nowMs - lastMs > ACTIVE_MS) continue
      yield { ...conflict, sinceMs, lastMs, count }
    }
  }

  /** For each address of ours the frames of others that counted, 0 where there was none, since it is ours. */
  *counts(): Generator<[ip: string, frames: number]> {
    for (const ip of this.#ownedMs.keys()) yield [ip, this.#counts.get(ip) ?? 0]
  }
}
