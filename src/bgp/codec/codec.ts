// SPDX-License-Identifier: Apache-2.0
import type { Dialect, Malformed, Message } from './message.ts'

/** Reads one whole message, header included, as `Framer` gives it. Any bytes give a value; nothing of it aliases them. */
export function decode(_bytes: Uint8Array, _dialect: Dialect): Message | Malformed {
  throw new Error('not yet written')
}

/** The bytes of a message, header included. Throws when they do not fit in `dialect.maxBytes`: see `update-encode.ts`. */
export function encode(_message: Message, _dialect: Dialect): Uint8Array {
  throw new Error('not yet written')
}
