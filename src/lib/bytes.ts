// SPDX-License-Identifier: Apache-2.0
/** Bytes as text and back, for addresses of links and for frames in tests and logs. */

/** `02:00:00:00:00:01` as six bytes; undefined when the text is no MAC address. */
export function parseMac(text: string): Uint8Array | undefined {
  return /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(text) ? fromHex(text.replaceAll(':', '')) : undefined
}

/** Lower case, with colons, as `ip link` prints it. */
export function formatMac(mac: Uint8Array): string {
  return Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}

/** Reads pairs of hexadecimal digits up to the first that is none; white space is skipped. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))
}

/** Two lower-case digits per byte, nothing between. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** The bytes of an array of numbers, in this machine's order; shares its memory. */
export function bytesOf(array: Uint32Array | Int32Array | BigUint64Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}
