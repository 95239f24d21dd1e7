// SPDX-License-Identifier: Apache-2.0
/** The packet that a connection began with. */
export type Syn = Readonly<{
  /** TTL or hop limit that it arrived with. */
  ttl: number
  /** It had a signature of RFC 2385; the kernel has checked it against the key of that moment. */
  isSigned: boolean
}>

const TCP = 6
const OPTION_END = 0
const OPTION_PADDING = 1
const OPTION_MD5 = 19

/** Reads an IP and a TCP header; null for anything else, IPv6 with extension headers included. */
export function readSyn(bytes: Uint8Array): Syn | null {
  const version = (bytes[0] ?? 0) >> 4
  if (version !== 4 && version !== 6) return null
  const ipBytes = version === 4 ? ((bytes[0] ?? 0) & 15) * 4 : 40
  const ttl = bytes[version === 4 ? 8 : 7]
  if (ttl === undefined || ipBytes < 20 || bytes[version === 4 ? 9 : 6] !== TCP) return null
  const tcp = bytes.subarray(ipBytes)
  const tcpBytes = ((tcp[12] ?? 0) >> 4) * 4
  if (tcpBytes < 20 || tcp.length < tcpBytes) return null
  return { ttl, isSigned: hasSignature(tcp.subarray(20, tcpBytes)) }
}

function hasSignature(options: Uint8Array): boolean {
  for (let at = 0; at < options.length; ) {
    const kind = options[at]
    if (kind === OPTION_END) return false
    if (kind === OPTION_PADDING) at++
    else {
      const length = options[at + 1] ?? 0
      if (length < 2) return false
      if (kind === OPTION_MD5) return length === 18
      at += length
    }
  }
  return false
}
