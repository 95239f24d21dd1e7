// SPDX-License-Identifier: Apache-2.0
/**
 * A fault of the world (a socket, a file, a peer): thrown where it happens and caught only by the loop that owns
 * the thing, which retries, closes or reports. Each folder names its union of codes: `Fault<{ code: 'noCapability' }>`.
 */
export class Fault<K extends { code: string }> extends Error {
  readonly kind: K

  constructor(kind: K, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'Fault'
    this.kind = kind
  }
}

/** The sentence of whatever was thrown, for a log line. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
