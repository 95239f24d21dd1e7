// SPDX-License-Identifier: Apache-2.0
import { keyOf, type ObjectEvent } from '../../lib/object.ts'

const KINDS: ReadonlySet<string> = new Set(['IPAddressPool', 'ConfigurationState'])

type Status = Readonly<Record<string, unknown>>

/** What the API says about pools and the configuration, so that nothing is written that stands there already. */
export class Statuses {
  readonly #namespace: string
  readonly #told = new Map<string, Status>()
  readonly #sent = new Map<string, Status>()

  /** `namespace` is where those objects count. */
  constructor(namespace: string) {
    this.#namespace = namespace
  }

  /** True when the event is about such an object. */
  take({ type, object: { kind, metadata, status } }: ObjectEvent): boolean {
    if (!KINDS.has(kind) || metadata.namespace !== this.#namespace) return false
    const key = keyOf(kind, this.#namespace, metadata.name)
    // An object that nobody wrote a status to yet says nothing about what is on its way there.
    if (type === 'applied' && !isStatus(status)) return true
    this.#sent.delete(key)
    if (isStatus(status) && type === 'applied') this.#told.set(key, status)
    else this.#told.delete(key)
    return true
  }

  /** Undefined where there is no such object, or nobody wrote its status. */
  get(kind: string, name: string): Status | undefined {
    const key = keyOf(kind, this.#namespace, name)
    return this.#sent.get(key) ?? this.#told.get(key)
  }

  /** It is on its way there. */
  set(kind: string, name: string, status: Status): void {
    this.#sent.set(keyOf(kind, this.#namespace, name), status)
  }

  /** It did not arrive. */
  unset(kind: string, name: string): void {
    this.#sent.delete(keyOf(kind, this.#namespace, name))
  }

  /** What was on its way may not have arrived: what counts is what the API says. */
  dropWrites(): void {
    this.#sent.clear()
  }
}

function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
