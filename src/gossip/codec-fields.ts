// SPDX-License-Identifier: Apache-2.0
/** The fields of a message that was unpacked, by the types that messages have. */
import type { Scalar } from './msgpack.ts'

/** What stands where nothing was sent. */
export const EMPTY = new Uint8Array(0)
/** Protocol and delegate: lowest, highest, spoken. */
const VERSION_COUNT = 6
const TEXT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** One map. What does not fit is read as empty and sets `failed`; a field that is missing or nil is empty or 0. */
export class Fields {
  readonly #fields: ReadonlyMap<string, Scalar>
  failed = false

  constructor(fields: ReadonlyMap<string, Scalar>) {
    this.#fields = fields
  }

  unsigned(name: string, max = 0xffff_ffff): number {
    const value = this.#fields.get(name) ?? this.#absent(name, 0)
    if (typeof value === 'number' && value >= 0 && value <= max) return value
    this.failed = true
    return 0
  }

  port(name: string): number {
    return this.unsigned(name, 0xffff)
  }

  boolean(name: string): boolean {
    const value = this.#fields.get(name) ?? this.#absent(name, false)
    if (typeof value !== 'boolean') this.failed = true
    return value === true
  }

  raw(name: string): Uint8Array {
    const value = this.#fields.get(name) ?? this.#absent(name, EMPTY)
    if (!(value instanceof Uint8Array)) this.failed = true
    else if (value.length > 0) return new Uint8Array(value)
    return EMPTY
  }

  text(name: string): string {
    const value = this.#fields.get(name) ?? this.#absent(name, EMPTY)
    try {
      if (value instanceof Uint8Array) return value.length === 0 ? '' : TEXT.decode(value)
    } catch {
      // No UTF-8.
    }
    this.failed = true
    return ''
  }

  address(name: string): Uint8Array {
    const address = this.raw(name)
    if (address.length !== 0 && address.length !== 4 && address.length !== 16) this.failed = true
    return address
  }

  versions(): Uint8Array {
    const versions = this.raw('Vsn')
    if (versions.length > 0 && versions.length < VERSION_COUNT) this.failed = true
    return versions.length > VERSION_COUNT ? versions.slice(0, VERSION_COUNT) : versions
  }

  /** Undefined stands for a value that no message has, unless the field is not there at all. */
  #absent<T>(name: string, empty: T): T | undefined {
    return this.#fields.get(name) === undefined && this.#fields.has(name) ? undefined : empty
  }
}
