// SPDX-License-Identifier: Apache-2.0
/**
 * Capabilities of an OPEN (RFC 5492): code, length and value of each. Whatever is not as its RFC says is as if it had
 * not been sent, and kept as `unknown`; but a wrong length of those that decide how all else is read is an error.
 */
import { decodeGracefulRestart, encodeGracefulRestart } from './capability-restart.ts'
import { afiOf, familyOf, UNICAST } from './family.ts'
import type { Capability } from './message.ts'
import { readText, writeText } from './text.ts'

export const CAPABILITY_CODES = {
  multiprotocol: 1,
  routeRefresh: 2,
  extendedNextHop: 5,
  extendedMessage: 6,
  gracefulRestart: 64,
  fourOctetAs: 65,
  enhancedRouteRefresh: 70,
  hostname: 73,
  softwareVersion: 75,
} as const
/** §3 of RFC 8950: AFI, SAFI and the AFI of the next hop, two bytes each. */
const EXTENDED_NEXT_HOP_BYTES = 6
/** draft-walton-bgp-hostname-capability and draft-abraitis-bgp-version-capability. */
const LONGEST_NAME_BYTES = 64

/**
 * The capabilities of one code and value; mostly one, several next hop families, or none that we know. Null: malformed,
 * and nobody may guess.
 */
export function decodeCapability(code: number, value: Uint8Array): Capability[] | null {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  switch (code) {
    case CAPABILITY_CODES.multiprotocol:
      return value.length === 4 ? [multiprotocol(view.getUint16(0), view.getUint8(3))] : null
    case CAPABILITY_CODES.fourOctetAs:
      return value.length === 4 ? [{ type: 'fourOctetAs', asn: view.getUint32(0) }] : null
    default:
      return decodeOptional(code, value) ?? [{ type: 'unknown', code, value: value.slice() }]
  }
}

function multiprotocol(afi: number, safi: number): Capability {
  const family = familyOf(afi, safi)
  return family === null ? { type: 'otherFamily', afi, safi } : { type: 'multiprotocol', family }
}

function decodeOptional(code: number, value: Uint8Array): Capability[] | null {
  const empty = value.length === 0
  switch (code) {
    case CAPABILITY_CODES.routeRefresh:
      return empty ? [{ type: 'routeRefresh' }] : null
    case CAPABILITY_CODES.enhancedRouteRefresh:
      return empty ? [{ type: 'enhancedRouteRefresh' }] : null
    case CAPABILITY_CODES.extendedMessage:
      return empty ? [{ type: 'extendedMessage' }] : null
    case CAPABILITY_CODES.extendedNextHop:
      return decodeExtendedNextHop(value)
    case CAPABILITY_CODES.gracefulRestart:
      return decodeGracefulRestart(value)
    case CAPABILITY_CODES.hostname:
      return decodeHostname(value)
    case CAPABILITY_CODES.softwareVersion:
      return decodeVersion(value)
    default:
      return null
  }
}

function decodeExtendedNextHop(value: Uint8Array): Capability[] | null {
  if (value.length === 0 || value.length % EXTENDED_NEXT_HOP_BYTES !== 0) return null
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  const found: Capability[] = []
  for (let at = 0; at < value.length; at += EXTENDED_NEXT_HOP_BYTES) {
    const family = familyOf(view.getUint16(at), view.getUint16(at + 2))
    const overIpv6 = view.getUint16(at + 4) === afiOf('ipv6')
    if (family !== null && overIpv6) found.push({ type: 'extendedNextHop', family })
  }
  return found
}

function decodeHostname(value: Uint8Array): Capability[] | null {
  const hostEnd = 1 + (value[0] ?? 0)
  const domainEnd = hostEnd + 1 + (value[hostEnd] ?? 0)
  if (domainEnd > value.length) return null
  const host = readText(value.subarray(1, hostEnd))
  return [{ type: 'hostname', host, domain: readText(value.subarray(hostEnd + 1, domainEnd)) }]
}

function decodeVersion(value: Uint8Array): Capability[] | null {
  const length = value[0] ?? 0
  if (length === 0 || length > LONGEST_NAME_BYTES || length >= value.length) return null
  return [{ type: 'softwareVersion', version: readText(value.subarray(1, 1 + length)) }]
}

/** All capabilities one after another, without the parameter around them; next hop families together. */
export function encodeCapabilities(capabilities: readonly Capability[]): Uint8Array {
  const parts: Uint8Array[] = []
  const firstNextHop = capabilities.find(({ type }) => type === 'extendedNextHop')
  for (const capability of capabilities) {
    if (capability.type === 'extendedNextHop' && capability !== firstNextHop) continue
    const [code, value] = encodeCapability(capability, capabilities)
    parts.push(Uint8Array.of(code, value.length), value)
  }
  return Buffer.concat(parts)
}

function encodeCapability(capability: Capability, all: readonly Capability[]): readonly [number, Uint8Array] {
  switch (capability.type) {
    case 'unknown':
      return [capability.code, capability.value]
    case 'multiprotocol':
      return [CAPABILITY_CODES.multiprotocol, Uint8Array.of(0, afiOf(capability.family), 0, UNICAST)]
    case 'otherFamily': {
      const { afi, safi } = capability
      return [CAPABILITY_CODES.multiprotocol, Uint8Array.of(afi >> 8, afi & 0xff, 0, safi)]
    }
    case 'fourOctetAs': {
      const value = new Uint8Array(4)
      new DataView(value.buffer).setUint32(0, capability.asn)
      return [CAPABILITY_CODES.fourOctetAs, value]
    }
    case 'extendedNextHop':
      return [CAPABILITY_CODES.extendedNextHop, encodeExtendedNextHop(all)]
    case 'gracefulRestart':
      return [CAPABILITY_CODES.gracefulRestart, encodeGracefulRestart(capability)]
    case 'hostname': {
      const names = [capability.host, capability.domain].map((name) => writeText(name, LONGEST_NAME_BYTES))
      return [CAPABILITY_CODES.hostname, Buffer.concat(names)]
    }
    case 'softwareVersion':
      return [CAPABILITY_CODES.softwareVersion, writeText(capability.version, LONGEST_NAME_BYTES)]
    default:
      return [CAPABILITY_CODES[capability.type], new Uint8Array(0)]
  }
}

function encodeExtendedNextHop(all: readonly Capability[]): Uint8Array {
  const tuples = all.flatMap((capability) =>
    capability.type === 'extendedNextHop' ? [0, afiOf(capability.family), 0, UNICAST, 0, afiOf('ipv6')] : [],
  )
  return Uint8Array.from(tuples)
}
