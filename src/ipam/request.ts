// SPDX-License-Identifier: Apache-2.0
import { formatIp, type Ip, parseIp } from '../lib/ip.ts'
import { annotation } from '../model/annotations.ts'
import type { Service } from '../model/service.ts'
import { quote } from '../model/wording.ts'
import { type Stack, stackOf } from './family.ts'
import type { Refusal } from './refusal.ts'
import { type Terms, termsOf } from './sharing.ts'

/** Requested addresses in their order; none when the Service leaves the choice to us. */
export type Wanted = Readonly<{ ok: true; ips: readonly Ip[] }> | Readonly<{ ok: false; refusal: Refusal }>

/** What a Service asks for, read once. */
export type Request = Readonly<{
  service: Service
  /** Pool by annotation, '' where any will do. */
  pool: string
  wanted: Wanted
  terms: Terms
  /** Families of the cluster IPs, which the load balancer's addresses must match; null when they make no sense. */
  stack: Stack | null
}>

/** Reads what a Service asks for. A list of addresses that makes no sense is a refusal inside it. */
export function requestOf(service: Service): Request {
  return {
    service,
    pool: annotation(service, 'address-pool') ?? '',
    wanted: wantedIps(service),
    terms: termsOf(service),
    stack: service.headless ? null : stackOf(service.clusterFamilies),
  }
}

function wantedIps(service: Service): Wanted {
  const annotated = annotation(service, 'loadBalancerIPs') ?? ''
  const { loadBalancerIp } = service
  if (annotated !== '' && loadBalancerIp !== '') {
    return no(
      'conflictingRequest',
      'annotation loadBalancerIPs and spec.loadBalancerIP are both set: remove one of them',
    )
  }
  if (annotated !== '') return parseList(annotated.split(','), 'annotation loadBalancerIPs')
  return loadBalancerIp === '' ? { ok: true, ips: [] } : parseList([loadBalancerIp], 'spec.loadBalancerIP')
}

function parseList(texts: readonly string[], where: string): Wanted {
  const ips: Ip[] = []
  for (const text of texts) {
    const ip = parseIp(text.trim())
    if (!ip) return no('invalidRequest', `${quote(text.trim())} in ${where} is not an IP address`)
    ips.push(ip)
  }
  if (ips.length > 2) {
    return no('invalidRequest', `${where} has ${ips.length} addresses: a Service gets one, or one of each family`)
  }
  if (stackOf(ips.map(({ family }) => family)) === null) {
    const two = ips.map(formatIp).join(' and ')
    return no('invalidRequest', `${two} in ${where} are of the same family: ask for one, or for one of each family`)
  }
  return { ok: true, ips }
}

function no(code: 'conflictingRequest' | 'invalidRequest', message: string): Wanted {
  return { ok: false, refusal: { code, message } }
}
