// SPDX-License-Identifier: Apache-2.0
/** What a refusal of the API server, or the lack of any answer, comes to. */
import type { IncomingHttpHeaders } from 'node:http'
import { KubeFault, type KubeFaultCode, type KubeRequest } from './api.ts'

/** More of a body that nobody reads but for its message is not worth it. */
const MAX_QUOTE_CHARS = 300

const CODES: Readonly<Record<number, KubeFaultCode>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'notFound',
  409: 'conflict',
  410: 'expired',
  429: 'throttled',
}

/** How the request is called in messages. */
export function nameOf({ method, path }: KubeRequest): string {
  return `${method} ${path}`
}

/** The fault of an answer other than 2xx. `body` is a Status object, or whatever somebody between us says. */
export function refusalOf(
  request: KubeRequest,
  { status, headers, body }: Readonly<{ status: number; headers: IncomingHttpHeaders; body: string }>,
): KubeFault {
  const { message, reason, retryAfterSeconds } = readStatus(body)
  const words = message || quote(body) || 'no reason given'
  const code =
    reason === 'AlreadyExists' ? 'alreadyExists' : (CODES[status] ?? (status >= 500 ? 'unavailable' : 'invalid'))
  const retryAfterMs = parseRetryAfter(headers['retry-after']) ?? retryAfterSeconds * 1000
  const kind = { code, status, retryAfterMs: retryAfterMs > 0 ? retryAfterMs : null }
  return new KubeFault(kind, `${nameOf(request)}: ${words} (status ${status})`)
}

/** The fault of an event of type ERROR in a watch, whose object is a Status. */
export function errorEventOf(request: KubeRequest, status: unknown): KubeFault {
  const number: unknown = isFields(status) ? status['code'] : 0
  const code = typeof number === 'number' && number >= 400 ? number : 500
  return refusalOf(request, { status: code, headers: {}, body: JSON.stringify(status) ?? '' })
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection is refused',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'the network does not answer',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be looked up now',
  EPROTO: 'it does not speak TLS',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself and not by an authority that we know',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that we do not know',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an authority that we do not know',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an authority that we do not know',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
}
const CERTIFICATE = /CERT|SIGNATURE/

/** The fault of a connection that could not be made or did not last. `server` is host and port. */
export function failureOf(request: KubeRequest, server: string, thrown: unknown): KubeFault {
  if (thrown instanceof KubeFault) return thrown
  const why = WORDS[errnoOf(thrown)] ?? (thrown instanceof Error ? thrown.message : String(thrown))
  const kind = { code: 'unavailable', status: 0, retryAfterMs: null } as const
  return new KubeFault(kind, `${nameOf(request)}: no answer from ${server}: ${why}`, thrown)
}

/** Whether another authority's certificate might help. */
export function isDistrust(thrown: unknown): boolean {
  return CERTIFICATE.test(errnoOf(thrown))
}

/** Retry-After in seconds or as a date (RFC 9110 §10.2.3); null where it is neither. */
export function parseRetryAfter(text: string | undefined, nowMs: number = Date.now()): number | null {
  if (text === undefined || text === '') return null
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  // Date.parse takes much for a date, "-1" for one in 2001.
  const atMs = text.endsWith(' GMT') ? Date.parse(text) : Number.NaN
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs)
}

type Status = Readonly<{ message: string; reason: string; retryAfterSeconds: number }>

function readStatus(body: string): Status {
  const status = parseOrNull(body)
  const fields = isFields(status) && status['kind'] === 'Status' ? status : {}
  const details: unknown = fields['details']
  const seconds = isFields(details) ? details['retryAfterSeconds'] : 0
  return {
    message: typeof fields['message'] === 'string' ? quote(fields['message']) : '',
    reason: typeof fields['reason'] === 'string' ? fields['reason'] : '',
    retryAfterSeconds: typeof seconds === 'number' ? seconds : 0,
  }
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return null
    throw thrown
  }
}

function quote(text: string): string {
  // oxlint-disable-next-line no-control-regex
  const line = text.replace(/[\u0000-\u0020\u007f-\u009f]+/g, ' ').trim()
  return line.length > MAX_QUOTE_CHARS ? `${line.slice(0, MAX_QUOTE_CHARS)}…` : line
}

function errnoOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
