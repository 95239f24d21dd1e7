// SPDX-License-Identifier: Apache-2.0
/**
 * When Services may share an address: their sharing keys (annotation allow-shared-ip) are equal and not empty, they
 * send traffic to the same backends or spread it over the whole cluster, and no port is wanted twice.
 */
import { annotation } from '../model/annotations.ts'
import type { Service } from '../model/service.ts'

export type Terms = Readonly<{
  /** '' shares with nobody. */
  sharingKey: string
  /**
   * externalTrafficPolicy Local hands traffic only to local Pods, so all sharers must select the same ones: the
   * canonical selector. '' for Cluster, which any node can serve.
   */
  backendKey: string
  /** Both of the above in one string; '' shares with nobody. */
  key: string
  /** `TCP/80`, each once. */
  ports: readonly string[]
}>

/** The terms on which a Service shares its addresses. */
export function termsOf(service: Service): Terms {
  const sharingKey = annotation(service, 'allow-shared-ip') ?? ''
  const backendKey = service.externalTrafficPolicy === 'Local' ? canonical(service.podSelector) : ''
  return {
    sharingKey,
    backendKey,
    key: sharingKey === '' ? '' : JSON.stringify([sharingKey, backendKey]),
    ports: [...new Set(service.ports.map(({ protocol, port }) => `${protocol}/${port}`))],
  }
}

function canonical(selector: Readonly<Record<string, string>>): string {
  return Object.keys(selector)
    .toSorted()
    .map((key) => `${key}=${selector[key]}`)
    .join(',')
}

/** How many users of an address a refusal names. */
const NAMED = 3

export type Conflict =
  | Readonly<{ type: 'key'; users: readonly string[]; theirs: Terms }> // users: the first NAMED of them by key
  | Readonly<{ type: 'port'; port: string; user: string }>

/** Who uses one address. All users have one key, and no two of them one port. */
export class Usage {
  readonly #users = new Map<string, Terms>()
  readonly #portOwners = new Map<string, string>()

  get users(): number {
    return this.#users.size
  }

  /** Why `service` may not use this address beside the others, or null. It never stands in its own way. */
  conflict(service: string, terms: Terms): Conflict | null {
    const theirs = this.#termsOfOthers(service)
    if (theirs === undefined) return null
    if (terms.key === '' || terms.key !== theirs.key) return { type: 'key', users: this.#others(service), theirs }
    for (const port of terms.ports) {
      const user = this.#portOwners.get(port)
      if (user !== undefined && user !== service) return { type: 'port', port, user }
    }
    return null
  }

  /** By key: in the order of their coming the same refusal would be told in other words after a restart. */
  #others(service: string): string[] {
    const others: string[] = []
    for (const user of this.#users.keys()) {
      if (user === service) continue
      const rank = others.findIndex((other) => user < other)
      others.splice(rank < 0 ? others.length : rank, 0, user)
      if (others.length > NAMED) others.pop()
    }
    return others
  }

  /** The terms of any other user: of two users at most one is `service`. */
  #termsOfOthers(service: string): Terms | undefined {
    for (const [user, terms] of this.#users) if (user !== service) return terms
    return undefined
  }

  add(service: string, terms: Terms): void {
    this.#users.set(service, terms)
    for (const port of terms.ports) this.#portOwners.set(port, service)
  }

  remove(service: string): void {
    for (const port of this.#users.get(service)?.ports ?? []) this.#portOwners.delete(port)
    this.#users.delete(service)
  }
}
