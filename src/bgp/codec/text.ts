// SPDX-License-Identifier: Apache-2.0
/** Text of peers that people read: host names, versions, reasons. UTF-8 that may be anything, with a length in one byte. */

const DECODER = new TextDecoder('utf-8', { ignoreBOM: true })
const ENCODER = new TextEncoder()

/** What is no UTF-8, and what a terminal would act on, becomes U+FFFD. */
export function readText(bytes: Uint8Array): string {
  return DECODER.decode(bytes).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
}

/** One byte of length and the text, cut between characters when it has more than `maxBytes` (at most 255). */
export function writeText(text: string, maxBytes: number): Uint8Array {
  const room = new Uint8Array(maxBytes)
  const { written } = ENCODER.encodeInto(text, room)
  return Uint8Array.of(written, ...room.subarray(0, written))
}
