// SPDX-License-Identifier: Apache-2.0
/**
 * OPEN (RFC 4271 §4.2, errors §6.2): after the header
 *
 *    version 1 | AS number 2 | hold time 2 | BGP identifier 4 | length 1 | parameters
 *
 * A parameter is type 1, length 1, value. When the first has type 255 (RFC 9072), two bytes of length and then
 * parameters with lengths of two bytes stand behind that 255. A parameter of type 2 holds capabilities (RFC 5492).
 */
import { decodeCapability, encodeCapabilities } from './capabilities.ts'
import { ERROR_CODES, HEADER_BYTES, MESSAGE_TYPES, malformed, withHeader } from './header.ts'
import type { Capability, Malformed, Open } from './message.ts'

const VERSION = 4
const CAPABILITIES = 2
const EXTENDED = 255
/** What type and length take, plain and extended. */
const PARAMETER_HEAD = { plain: 2, extended: 3 } as const
const FIXED_BYTES = 10
const SUBCODES = { unspecific: 0, version: 1, peerAs: 2, identifier: 3, parameter: 4, holdTime: 6 } as const

function complain(subcode: keyof typeof SUBCODES, why: string, data?: Uint8Array): Malformed {
  return malformed({ code: ERROR_CODES.open, subcode: SUBCODES[subcode], ...(data && { data }) }, why)
}

/** Reads a message whose header was checked: at least 29 bytes. */
export function decodeOpen(bytes: Uint8Array): Open | Malformed {
  const body = bytes.subarray(HEADER_BYTES)
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  // The data is the largest version that we speak, in two bytes.
  if (body[0] !== VERSION) return complain('version', `version ${body[0]}`, Uint8Array.of(0, VERSION))
  const [asn, holdSeconds, routerId] = [view.getUint16(1), view.getUint16(3), view.getUint32(5)]
  if (asn === 0) return complain('peerAs', 'AS number 0') // RFC 7607
  if (holdSeconds === 1 || holdSeconds === 2) return complain('holdTime', `hold time ${holdSeconds} s`)
  if (routerId === 0) return complain('identifier', 'BGP identifier 0') // RFC 6286 §2.2
  const capabilities = decodeParameters(body)
  if ('malformed' in capabilities) return capabilities
  if (capabilities.some((found) => found.type === 'fourOctetAs' && found.asn === 0)) {
    return complain('peerAs', 'AS number 0 in its capability') // RFC 7607
  }
  return { type: 'open', asn, holdSeconds, routerId, capabilities: withoutEarlier(capabilities) }
}

/** RFC 4724 §3: all but the last of several graceful restart capabilities are ignored. */
function withoutEarlier(capabilities: readonly Capability[]): Capability[] {
  const last = capabilities.findLast(({ type }) => type === 'gracefulRestart')
  return capabilities.filter((capability) => capability.type !== 'gracefulRestart' || capability === last)
}

function decodeParameters(body: Uint8Array): Capability[] | Malformed {
  const length = body[FIXED_BYTES - 1] ?? 0
  // RFC 9072 §2: the type tells the format; the length only must not be 0.
  if (length === 0 || body[FIXED_BYTES] !== EXTENDED) {
    const parameters = body.subarray(FIXED_BYTES)
    if (parameters.length !== length) return complain('unspecific', 'the parameters do not end with the message')
    return readParameters(parameters, 'plain')
  }
  const parameters = body.subarray(FIXED_BYTES + 3)
  const extended = ((body[FIXED_BYTES + 1] ?? 0) << 8) | (body[FIXED_BYTES + 2] ?? 0)
  if (body.length < FIXED_BYTES + 3 || parameters.length !== extended) {
    return complain('unspecific', 'the extended parameters do not end with the message')
  }
  return readParameters(parameters, 'extended')
}

function readParameters(bytes: Uint8Array, format: keyof typeof PARAMETER_HEAD): Capability[] | Malformed {
  const found: Capability[] = []
  const head = PARAMETER_HEAD[format]
  for (let at = 0; at < bytes.length; ) {
    const [type, high, low] = [bytes[at], bytes[at + 1] ?? 0, bytes[at + 2] ?? 0]
    const start = at + head
    const end = start + (format === 'plain' ? high : (high << 8) | low)
    if (end > bytes.length) return complain('unspecific', 'a parameter past the end')
    if (type !== CAPABILITIES) return complain('parameter', `optional parameter ${type}`)
    const malformation = readCapabilities(bytes.subarray(start, end), found)
    if (malformation !== null) return malformation
    at = end
  }
  return found
}

function readCapabilities(bytes: Uint8Array, found: Capability[]): Malformed | null {
  for (let at = 0; at < bytes.length; ) {
    const [code, length] = [bytes[at] ?? 0, bytes[at + 1] ?? 0]
    const end = at + 2 + length
    if (end > bytes.length) return complain('unspecific', `capability ${code} past the end`)
    const capabilities = decodeCapability(code, bytes.subarray(at + 2, end))
    if (capabilities === null) return complain('unspecific', `capability ${code} with ${length} bytes`)
    found.push(...capabilities)
    at = end
  }
  return null
}

/** All capabilities in one parameter; RFC 9072's format only when they are too long for the other. */
export function encodeOpen({ asn, holdSeconds, routerId, capabilities }: Open): Uint8Array {
  const value = encodeCapabilities(capabilities)
  const head = parametersHead(value.length)
  const body = new Uint8Array(FIXED_BYTES - 1 + head.length + value.length)
  const view = new DataView(body.buffer)
  view.setUint8(0, VERSION)
  view.setUint16(1, asn)
  view.setUint16(3, holdSeconds)
  view.setUint32(5, routerId)
  body.set(head, FIXED_BYTES - 1)
  body.set(value, FIXED_BYTES - 1 + head.length)
  return withHeader(MESSAGE_TYPES.open, body)
}

/** From the length of all parameters to the length of their only one. */
function parametersHead(length: number): readonly number[] {
  if (length === 0) return [0]
  const whole = PARAMETER_HEAD.plain + length
  if (whole < EXTENDED) return [whole, CAPABILITIES, length]
  const extended = PARAMETER_HEAD.extended + length
  return [EXTENDED, EXTENDED, extended >> 8, extended & 0xff, CAPABILITIES, length >> 8, length & 0xff]
}
