// SPDX-License-Identifier: Apache-2.0
/** What this node was last decided to do for each Service, so that the log tells changes only, and others can read it. */
import type { Log } from '../../lib/log.ts'
import type { L2Plan } from '../../plan/l2.ts'

/** `ips` is empty where nothing is announced; `why` then says why, and `owner` who announces it instead. */
export type Words = Readonly<{
  text: string
  ips: readonly string[]
  why: Readonly<Record<string, string>>
  owner?: string | undefined
}>

export class Decisions {
  readonly #node: string
  readonly #log: Log
  readonly #said = new Map<string, Words>()

  constructor(node: string, log: Log) {
    this.#node = node
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

  /** Null: the Service is gone. */
  decided(key: string, plan: L2Plan | null): void {
    const before = this.#said.get(key)
    const now = wordsFor(plan)
    if (plan === null) this.#said.delete(key)
    else this.#said.set(key, now)
    if (before?.text === now.text) return
    const about = { service: key, protocol: 'layer2' }
    if (now.ips.length > 0) {
      const msg = `announcing from node "${this.#node}" with protocol "layer2": leader for ${now.ips.join(', ')}`
      this.#log.info(msg, { event: 'serviceAnnounced', service: key, ips: now.ips, protocol: 'layer2' })
    } else if (before && before.ips.length > 0) {
      this.#log.info('withdrawn', { event: 'serviceWithdrawn', ...about, ips: before.ips, ...now.why })
    } else if (plan) {
      this.#log.debug('not announcing', { ...about, ...now.why })
    }
  }
}

function wordsFor(plan: L2Plan | null): Words {
  if (plan === null) return { text: 'serviceDeleted', ips: [], why: { reason: 'serviceDeleted' } }
  if (!plan.announce) {
    const { reason, message, owner } = plan
    return { text: reason, ips: [], why: { reason, message }, owner }
  }
  const ips = plan.claims.map(({ ip }) => ip)
  return { text: ips.join(), ips, why: {} }
}
