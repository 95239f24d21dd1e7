// SPDX-License-Identifier: Apache-2.0
import { hostname } from 'node:os'
import type { Clock } from '../../lib/clock.ts'
import type { Certificate } from './certificate.ts'

const YEAR_MS = 365 * 24 * 3600 * 1000
const HOUR_MS = 3600 * 1000

/**
 * A certificate for /metrics where none is given: Prometheus is told not to verify it, as with MetalLB's. Good for ten
 * years, longer than any process; a clock that is an hour off does not matter.
 */
export async function makeSelfSigned(clock: Clock): Promise<Certificate> {
  const { issueServing, makeAuthority } = await import('../../lib/certificate.ts')
  const nowMs = clock.wallMs()
  const validity = { notBeforeMs: nowMs - HOUR_MS, notAfterMs: nowMs + 10 * YEAR_MS }
  const name = { commonName: 'metrics', organization: 'metallb' }
  const authority = await makeAuthority(name, validity)
  const serving = { name: { commonName: hostname(), organization: 'metallb' }, dnsNames: [hostname(), 'localhost'] }
  const { cert, key } = await issueServing(authority, serving, validity)
  return { cert: cert + authority.cert, key }
}
