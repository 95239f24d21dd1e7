// SPDX-License-Identifier: Apache-2.0
/** Loaded only when there is something to make, which is about once a year. */
import { issueServing, makeAuthority } from '../../../lib/certificate.ts'
import { BACKDATED_MS, bundleOf, type Need, type Stored } from './certificate-state.ts'

const DAY_MS = 86_400_000
const AUTHORITY_MS = 3650 * DAY_MS
const SERVING_MS = 365 * DAY_MS
/** As in MetalLB. */
const AUTHORITY = { commonName: 'cert', organization: 'metallb' }

/** The Secret's new content. `host` is the name under which the API server calls. */
export async function makeCertificates(
  stored: Stored,
  need: Exclude<Need, 'nothing'>,
  { nowMs, host }: { nowMs: number; host: string },
): Promise<Stored> {
  const validFor = (ms: number) => ({ notBeforeMs: nowMs - BACKDATED_MS, notAfterMs: nowMs + ms })
  let made = stored
  if (need !== 'serving') {
    const { cert, key } = await makeAuthority(AUTHORITY, validFor(AUTHORITY_MS))
    made = { ...made, 'ca.crt': cert + bundleOf(stored, nowMs), 'ca.key': key }
  }
  if (need === 'authority') return made
  const [signing = ''] = bundleOf(made, nowMs).split(/(?<=-----END CERTIFICATE-----\n)/)
  const request = { name: { ...AUTHORITY, commonName: 'webhook' }, dnsNames: [host, `${host}.cluster.local`] }
  const serving = await issueServing({ cert: signing, key: made['ca.key'] }, request, validFor(SERVING_MS))
  return { ...made, 'tls.crt': serving.cert, 'tls.key': serving.key }
}
