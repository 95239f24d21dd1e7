// SPDX-License-Identifier: Apache-2.0
/**
 * What the Secret of the webhooks holds, and what it lacks:
 *
 *   ca.crt   authorities: first the one that signs, then older ones that callers still trust
 *   ca.key   key of the first
 *   tls.crt  what the server shows, signed by one of them; tls.key is its key
 *
 * An authority that is made anew signs nothing at first: callers have to have heard of it before they meet a server that
 * shows its signature. Meanwhile the old one vouches for the server, and stays in the bundle until it runs out.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'

export const SECRET_KEYS = ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'] as const
/** PEM by key; '' where there is none. */
export type Stored = Readonly<Record<(typeof SECRET_KEYS)[number], string>>

/**
 * `serving`: a server certificate by the authority that is there. `authority`: another authority beside it.
 * `everything`: both, nothing that is there can be used.
 */
export type Need = 'nothing' | 'serving' | 'authority' | 'everything'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** As long as those that we make; Go refuses less than 1024. */
const LEAST_RSA_BITS = 2048
/** As in MetalLB: made anew with this much time left. */
export const REFRESH_MS = 90 * DAY_MS
/** Certificates begin this much before they are made: clocks of a cluster differ. */
export const BACKDATED_MS = HOUR_MS
/** Until every API server has surely heard of a new authority. */
const KNOWN_AFTER_MS = HOUR_MS

export type Usable = Readonly<{
  identity: Readonly<{ cert: string; key: string }>
  /** PEM of the authority that signed it. */
  issuer: string
}>

/** What the server can show to callers that ask for `host`; null: nothing. */
export function usableOf(stored: Stored, { nowMs, host }: { nowMs: number; host: string }): Usable | null {
  const cert = readCertificate(stored['tls.crt'])
  const key = readKey(stored['tls.key'])
  if (!cert || !key || !cert.checkPrivateKey(key) || !isValidAt(cert, nowMs)) return null
  if (cert.checkHost(host, { subject: 'never' }) === undefined) return null
  const issuer = authoritiesOf(stored, nowMs).find((authority) => cert.verify(authority.publicKey))
  if (!issuer) return null
  return { identity: { cert: stored['tls.crt'], key: stored['tls.key'] }, issuer: issuer.toString() }
}

/** What has to be made. */
export function needOf(stored: Stored, at: { nowMs: number; host: string }): Need {
  const { nowMs } = at
  const [authority] = authoritiesOf(stored, nowMs)
  const key = readKey(stored['ca.key'])
  const signs = authority !== undefined && key !== null && canSign(key) && authority.checkPrivateKey(key)
  const usable = usableOf(stored, at)
  if (!signs) return usable ? 'authority' : 'everything'
  if (isEnding(authority, nowMs)) return usable ? 'authority' : 'everything'
  const serving = usable && readCertificate(usable.identity.cert)
  if (!serving) return 'serving'
  if (!isEnding(serving, nowMs)) return 'nothing'
  const isKnown = nowMs - authority.validFromDate.getTime() >= BACKDATED_MS + KNOWN_AFTER_MS
  const isLate = serving.validToDate.getTime() - nowMs < DAY_MS
  return isKnown || isLate || serving.verify(authority.publicKey) ? 'serving' : 'nothing'
}

/** PEM of all authorities that callers should trust now: those that have not run out. */
export function bundleOf(stored: Stored, nowMs: number): string {
  return authoritiesOf(stored, nowMs)
    .map((authority) => authority.toString())
    .join('')
}

/** Whether a bundle has this very certificate. */
export function bundleHas(bundle: string, certificate: string): boolean {
  return splitPem(bundle).some((pem) => normal(pem) === normal(certificate))
}

function authoritiesOf(stored: Stored, nowMs: number): X509Certificate[] {
  return splitPem(stored['ca.crt']).flatMap((pem) => {
    const authority = readCertificate(pem)
    return authority?.ca && isValidAt(authority, nowMs) ? [authority] : []
  })
}

function splitPem(text: string): readonly string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
}

const normal = (pem: string) => pem.replaceAll(/\s/g, '')

/** Whether certificate.ts signs with it, and callers believe it; an authority of another sort only vouches for what it has. */
function canSign({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= LEAST_RSA_BITS
}

function isValidAt({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean {
  return validFromDate.getTime() <= nowMs && nowMs < validToDate.getTime()
}

function isEnding({ validToDate }: X509Certificate, nowMs: number): boolean {
  return validToDate.getTime() - nowMs < REFRESH_MS
}

/** Null for one whose key cannot be read, too: Node looks at that only when it is asked for it. */
function readCertificate(pem: string): X509Certificate | null {
  try {
    const certificate = pem === '' ? null : new X509Certificate(pem)
    return certificate?.publicKey ? certificate : null
  } catch {
    return null
  }
}

function readKey(pem: string): KeyObject | null {
  try {
    return pem === '' ? null : createPrivateKey(pem)
  } catch {
    return null
  }
}
