// SPDX-License-Identifier: Apache-2.0
/**
 * Who may read: the bearer token is shown to the API server (TokenReview), which also says whether that user may get
 * the path (SubjectAccessReview). Every cluster lets everybody whom it knows get `/api/*`, for discovery, so the documents
 * under /api/v1/ need the right to `/metrics` besides. Decisions count for a short time, so that a scraper costs two requests now and then
 * and a right that was taken away is soon gone here, too.
 */
import { createHash } from 'node:crypto'
import type { KubeApi } from '../../kube/api.ts'
import { reviewAccess, reviewToken } from '../../kube/review.ts'
import type { Clock } from '../../lib/clock.ts'

/** `unauthorized`: nobody knows the token; `forbidden`: it is known and may not; `busy`: too many ask at once. */
export type Decision = 'allowed' | 'unauthorized' | 'forbidden' | 'busy'

/** How long a decision counts. Longer: fewer requests to the API server; a revoked token works for that long. */
const CACHE_MS = 10_000
/** Decisions that are remembered; each is some 200 bytes. Above it the oldest is forgotten. */
const MOST_CACHED = 256
/** Reviews under way. Whoever sends made-up tokens must not make us flood the API server. */
const MOST_AT_ONCE = 16

const METRICS = '/metrics'

type Entry = Readonly<{ decision: Promise<Decision>; untilMs: number }>

export class Gatekeeper {
  readonly #api: KubeApi
  readonly #clock: Clock
  /** By a digest of token and path: no token is kept. The oldest first. */
  readonly #cache = new Map<string, Entry>()
  #reviewing = 0

  constructor(api: KubeApi, clock: Clock) {
    this.#api = api
    this.#clock = clock
  }

  /** Whether whoever sent this Authorization header may get this path. Throws KubeFault when nobody can say. */
  async admit(authorization: string | undefined, path: string): Promise<Decision> {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) return 'unauthorized'
    const key = createHash('sha256').update(`${path}\n${token}`).digest('base64')
    const known = this.#cache.get(key)
    if (known && this.#clock.monotonicMs() < known.untilMs) return known.decision
    if (this.#reviewing >= MOST_AT_ONCE) return 'busy'
    const entry = { decision: this.#review(token, path), untilMs: this.#clock.monotonicMs() + CACHE_MS }
    this.#remember(key, entry)
    try {
      return await entry.decision
    } catch (fault) {
      if (this.#cache.get(key) === entry) this.#cache.delete(key) // no answer is no decision: ask again
      throw fault
    }
  }

  async #review(token: string, path: string): Promise<Decision> {
    this.#reviewing++
    try {
      const user = await reviewToken(this.#api, token)
      if (!user) return 'unauthorized'
      for (const each of new Set([METRICS, path])) {
        if (!(await reviewAccess(this.#api, user, { verb: 'get', path: each }))) return 'forbidden'
      }
      return 'allowed'
    } finally {
      this.#reviewing--
    }
  }

  #remember(key: string, entry: Entry): void {
    this.#cache.delete(key)
    this.#cache.set(key, entry)
    const [oldest] = this.#cache.keys()
    if (this.#cache.size > MOST_CACHED && oldest !== undefined) this.#cache.delete(oldest)
  }
}
