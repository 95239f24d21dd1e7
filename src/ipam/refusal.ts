// SPDX-License-Identifier: Apache-2.0
/**
 * Why a Service gets no address. The code is stable (docs/errors.md explains each); the message keeps the words that
 * MetalLB's users grep for, names both sides, and ends with the smallest change that would help where there is one.
 */
import { type Family, formatIp, type Ip } from '../lib/ip.ts'
import { alternatives, join, list, quote } from '../model/wording.ts'
import type { Stack } from './family.ts'
import type { Conflict, Terms } from './sharing.ts'

export const REFUSAL_CODES = [
  'notConfigured',
  'noPools',
  'noClusterIPs',
  'notEnoughClusterIPs',
  'unknownFamily',
  'conflictingRequest',
  'invalidRequest',
  'familyMismatch',
  'unknownPool',
  'poolMismatch',
  'poolNotForService',
  'poolLacksFamily',
  'poolExhausted',
  'noAvailablePool',
  'autoAssignOff',
  'addressInNoPool',
  'addressesInTwoPools',
  'addressAvoided',
  'addressInUse',
  'sharingKeyMismatch',
  'trafficPolicyMismatch',
  'portInUse',
] as const

export type RefusalCode = (typeof REFUSAL_CODES)[number]
export type Refusal = Readonly<{ code: RefusalCode; message: string }>

export const FAMILY_NAME: Readonly<Record<Family, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' }
const POOL_ANNOTATION = 'annotation metallb.io/address-pool'
const SHARING_ANNOTATION = 'annotation metallb.io/allow-shared-ip'

/** How many addresses of a Service are named; there are two at most, but a status may say anything. */
const MOST_QUOTED = 4

/** `["192.0.2.1" "2001:db8::1"]`: addresses, or what stands in their place, as MetalLB's events quote them. */
export function quoted(ips: readonly (string | Ip)[]): string {
  const shown = ips.slice(0, MOST_QUOTED).map((ip) => quote(typeof ip === 'string' ? ip : formatIp(ip)))
  return `[${[...shown, ...(ips.length > MOST_QUOTED ? ['…'] : [])].join(' ')}]`
}

/** There is no valid configuration, nor was there ever one. */
export function notConfigured(): Refusal {
  const message = 'no configuration is in use, as the one there is has errors: correct the problems'
  return { code: 'notConfigured', message }
}

/** No pool is configured at all. */
export function noPools(): Refusal {
  return { code: 'noPools', message: 'no IPAddressPool is configured: create one' }
}

/** The Service waits for its cluster IP. */
export function noClusterIPs(): Refusal {
  return { code: 'noClusterIPs', message: 'the Service has no cluster IP yet, and its families are not known without' }
}

/** RequireDualStack with `count` cluster IPs. */
export function notEnoughClusterIPs(count: number): Refusal {
  const message = `ipFamilyPolicy RequireDualStack needs a cluster IP of each family, and the Service has ${count}`
  return { code: 'notEnoughClusterIPs', message }
}

/** Cluster IPs that are neither one nor one of each family. */
export function unknownFamily(headless: boolean): Refusal {
  const why = headless ? 'it is headless (clusterIP None)' : 'its cluster IPs are not one, or one of each family'
  return { code: 'unknownFamily', message: `the Service has no IP family that an address could match: ${why}` }
}

/** A policy that two cluster IPs contradict. */
export function singleStackWithTwo(): Refusal {
  const message =
    'ipFamilyPolicy is SingleStack, but the Service has cluster IPs of both families: make it PreferDualStack'
  return { code: 'familyMismatch', message }
}

/** Requested addresses of other families than the cluster IPs, which have `stack`. */
export function familyMismatch(ips: readonly Ip[], stack: Stack): Refusal {
  const needs = stack === 'dual' ? 'an IPv4 and an IPv6 address' : `one ${FAMILY_NAME[stack]} address`
  const message = `requested loadBalancer IP(s) ${quoted(ips)} does not match the ipFamily of the service: ask for ${needs}`
  return { code: 'familyMismatch', message }
}

/** A requested pool that is not among `pools`. */
export function unknownPool(name: string, pools: readonly string[]): Refusal {
  return { code: 'unknownPool', message: `unknown pool ${quote(name)}; ${alternatives(name, pools, 'pools')}` }
}

/** Requested addresses that the requested pool does not hold. */
export function poolMismatch(ips: readonly Ip[], { holds, asked }: { holds: string; asked: string }): Refusal {
  const message = `requested loadBalancer IP(s) ${quoted(ips)} is not compatible with requested address pool ${quote(asked)}: pool ${holds} holds it, ask for one of the two`
  return { code: 'poolMismatch', message }
}

/** `why` completes "pool x …", as `mismatchOf` writes it. */
export function poolNotForService(pool: string, why: string, ips: readonly Ip[] = []): Refusal {
  const whose = ips.length > 0 ? `${ips.map(formatIp).join(' and ')} belongs to pool ${pool}, which` : `pool ${pool}`
  return { code: 'poolNotForService', message: `pool ${pool} not compatible for ip assignment: ${whose} ${why}` }
}

/** Pools that could serve this Service lack a family that `stack` needs. */
export function poolLacksFamily(pools: readonly string[], stack: Stack): Refusal {
  const what = stack === 'dual' ? 'both IPv4 and IPv6' : FAMILY_NAME[stack]
  const which = pools.length === 1 ? `pool ${pools[0]} does not have` : `none of the pools ${list(pools)} has`
  return { code: 'poolLacksFamily', message: `no available IPs: ${which} ${what} addresses to hand out` }
}

/** What a full pool says about itself; `only` when the pool has no other family. */
export type Fill = Readonly<{ pool: string; family: Family; only: boolean; assigned: bigint; capacity: bigint }>

/** Pools that could serve this Service are full; `asked` is the requested one, or empty. */
export function poolExhausted(asked: string, fills: readonly Fill[]): Refusal {
  const full = fills.map(({ pool, family, only, assigned, capacity }) => {
    return `pool ${pool} is full${only ? '' : ` in ${FAMILY_NAME[family]}`}: ${assigned} of ${capacity} in use`
  })
  const where = asked === '' ? '' : ` in pool "${asked}"`
  return { code: 'poolExhausted', message: `no available IPs${where}: ${join(full, '; ')}` }
}

/** No pool gives this Service an address of itself; each reason is a sentence about a pool. */
export function noAvailablePool(reasons: readonly string[]): Refusal {
  return {
    code: 'noAvailablePool',
    message: `no available IPs: no pool is for this Service: ${join(reasons, '; ')}`,
  }
}

/** Only pools that must be asked for by name would serve this Service. */
export function autoAssignOff(pools: readonly string[]): Refusal {
  const off = pools.length === 1 ? `pool ${pools[0]} has` : `pools ${list(pools)} have`
  return {
    code: 'autoAssignOff',
    message: `no available IPs: ${off} autoAssign off: name the pool in ${POOL_ANNOTATION}`,
  }
}

/** Addresses of which `homeless` are in no pool. */
export function addressInNoPool(ips: readonly Ip[], homeless: readonly Ip[]): Refusal {
  const message = `${quoted(ips)} is not allowed in config: no pool holds ${homeless.map(formatIp).join(' or ')}`
  return { code: 'addressInNoPool', message }
}

/** Addresses of more than one pool; `pools` names that of each. */
export function addressesInTwoPools(ips: readonly Ip[], pools: readonly string[]): Refusal {
  const where = ips.map((ip, i) => `${formatIp(ip)} belongs to pool ${pools[i]}`).join(', ')
  const message = `${quoted(ips)} is not allowed in config: ${where}, and all addresses of a Service come from one pool`
  return { code: 'addressesInTwoPools', message }
}

/** An address that avoidBuggyIPs keeps back. */
export function addressAvoided(ip: Ip, pool: string): Refusal {
  const message = `${quoted([ip])} is not allowed in config: pool ${pool} has avoidBuggyIPs on, and so hands out no .0 and no .255`
  return { code: 'addressAvoided', message }
}

/** An address that others use already; `service` asks for it under `terms`. */
export function addressTaken(service: string, terms: Terms, { ip, ...conflict }: Conflict & { ip: Ip }): Refusal {
  const address = formatIp(ip)
  if (conflict.type === 'port') {
    const message = `port ${conflict.port} is already in use on "${address}" by ${conflict.user}: change the port, or ask for another address`
    return { code: 'portInUse', message }
  }
  const { users, theirs } = conflict
  const found = `can't change sharing key for "${service}", address also in use by ${users.join(',')}`
  if (terms.sharingKey === '' || theirs.sharingKey === '') {
    return {
      code: 'addressInUse',
      message: `${found}: ${address} is shared only by Services with equal ${SHARING_ANNOTATION}`,
    }
  }
  if (terms.sharingKey !== theirs.sharingKey) {
    const message = `${found}: ${address} is shared under the key ${quote(theirs.sharingKey)}, not ${quote(terms.sharingKey)}`
    return { code: 'sharingKeyMismatch', message }
  }
  const message = `${found}: sharers of ${address} must all have externalTrafficPolicy Cluster, or all Local with one selector`
  return { code: 'trafficPolicyMismatch', message }
}
