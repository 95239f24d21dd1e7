// SPDX-License-Identifier: Apache-2.0
/** Go's compress/lzw, least significant bit first, literals of 8 bits. */

/** All of `bytes`, compressed. */
export function compress(_bytes: Uint8Array): Uint8Array {
  throw new Error('comes with the next commit')
}

/** What was compressed; null when it is no LZW or more than `maxBytes`. */
export function decompress(_bytes: Uint8Array, _maxBytes: number): Uint8Array | null {
  throw new Error('comes with the next commit')
}
