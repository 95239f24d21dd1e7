// SPDX-License-Identifier: Apache-2.0
/** What this node was last decided to do for each Service, so that the log tells changes only, and others can read it. */
import type { Log } from '../../lib/log.ts'
import type { SilenceReason } from '../../plan/silence.ts'

/** What was decided, of either protocol. */
export type Outcome =
  | Readonly<{ announce: true; ips: readonly string[] }>
  | Readonly<{ announce: false; reason: SilenceReason; message: string; owner?: string | null | undefined }>

export const PROTOCOLS = ['layer2', 'bgp'] as const
export type Protocol = (typeof PROTOCOLS)[number]

/** `ips` is empty where nothing is announced; `why` then says why, and `owner` who announces it instead. */
export type Words = Readonly<{
  text: string
  ips: readonly string[]
  why: Readonly<Record<string, string>>
  owner?: string | undefined
}>

export class Decisions {
  readonly #node: string
  readonly #protocol: Protocol
  readonly #log: Log
  readonly #said = new Map<string, Words>()

  constructor({ node, log }: Readonly<{ node: string; log: Log }>, protocol: Protocol) {
    this.#node = node
    this.#protocol = protocol
    this.#log = log
  }

  all(): Iterable<readonly [string, Words]> {
    return this.#said
  }

  /** Services that one of these nodes answers for. */
  *ownedBy(nodes: ReadonlySet<string>): Generator<string> {
    for (const [key, { owner }] of this.#said) if (owner !== undefined && nodes.has(owner)) yield key
  }

  /** How many Services this node announces. */
  announced(): number {
    let count = 0
    for (const { ips } of this.#said.values()) if (ips.length > 0) count++
    return count
  }

  /** Null: the Service is gone, or nobody wants it announced by this protocol. */
  decided(key: string, outcome: Outcome | null): void {
    const before = this.#said.get(key)
    if (!before && outcome === null) return
    const now = wordsFor(outcome)
    if (outcome === null) this.#said.delete(key)
    else this.#said.set(key, now)
    if (before?.text === now.text) return
    const protocol = this.#protocol
    const about = { service: key, protocol }
    if (now.ips.length > 0) {
      const leads = protocol === 'layer2' ? `leader for ${now.ips.join(', ')}` : now.ips.join(', ')
      const msg = `announcing from node "${this.#node}" with protocol "${protocol}": ${leads}`
      this.#log.info(msg, { event: 'serviceAnnounced', service: key, ips: now.ips, protocol })
    } else if (before && before.ips.length > 0) {
      this.#log.info('withdrawn', { event: 'serviceWithdrawn', ...about, ips: before.ips, ...now.why })
    } else if (outcome) {
      this.#log.debug('not announcing', { ...about, ...now.why })
    }
  }
}

function wordsFor(outcome: Outcome | null): Words {
  if (outcome === null) return { text: 'serviceDeleted', ips: [], why: { reason: 'serviceDeleted' } }
  if (!outcome.announce) {
    const { reason, message, owner } = outcome
    return { text: reason, ips: [], why: { reason, message }, owner: owner ?? undefined }
  }
  return { text: outcome.ips.join(), ips: outcome.ips, why: {} }
}
