// SPDX-License-Identifier: Apache-2.0
/**
 * What a Service may keep of the addresses in its status: rows 1 to 11 of the table in converge.ts. It looks at the
 * ledger and changes nothing, so that a restart can first ask it about every Service.
 */
import { type Ip, parseIp } from '../lib/ip.ts'
import type { Service } from '../model/service.ts'
import { admit, place } from './admit.ts'
import { stackOf } from './family.ts'
import type { Bid, Ledger } from './ledger.ts'
import { noClusterIPs, noPools, notEnoughClusterIPs, quoted, type Refusal, unknownFamily } from './refusal.ts'
import type { Request } from './request.ts'

export type ServiceEvent = Readonly<{ type: 'Normal' | 'Warning'; reason: string; message: string }>

export type Review = Readonly<{
  /** What it keeps; null: whatever it holds is to be cleared. */
  kept: Bid | null
  events: readonly ServiceEvent[]
  /** Whether a missing address may be allocated; if not, `refusal` says why (null: it asks for none). */
  settled: boolean
  refusal: Refusal | null
}>

/** Rows 1 to 11 for one Service. The answer holds until the ledger changes. */
export function review(ledger: Ledger, request: Request): Review {
  const { service, stack, wanted } = request
  if (service.type !== 'LoadBalancer') return clear(null) // row 1
  if (ledger.pools.length === 0) return clear(noPools()) // row 2
  if (service.clusterFamilies.length === 0 && !service.headless) return clear(noClusterIPs()) // row 3
  const clusterIPs = service.headless ? 1 : service.clusterFamilies.length
  if (service.ipFamilyPolicy === 'RequireDualStack' && clusterIPs < 2) {
    const refusal = notEnoughClusterIPs(clusterIPs) // row 5
    return { ...clear(refusal), events: [warning('not enough clusterips', refusal.message)] }
  }
  const { kept, events } = reviewCurrent(ledger, request)
  if (stack === null && hasAddress(service)) {
    return { kept, events, settled: true, refusal: unknownFamily(service.headless) } // row 7, cluster IPs
  }
  if (!wanted.ok) {
    const message = `invalid requested loadbalancer IPs: ${wanted.refusal.message}` // row 10
    return { kept, events: [...events, warning('LoadBalancerFailed', message)], settled: true, refusal: wanted.refusal }
  }
  const stays = kept && (wanted.ips.length === 0 || isSameSet(wanted.ips, kept.ips)) // row 11
  return { kept: stays ? kept : null, events, settled: false, refusal: null }
}

function clear(refusal: Refusal | null): Review {
  return { kept: null, events: [], settled: true, refusal }
}

/** Rows 4 and 6 to 9. */
function reviewCurrent(ledger: Ledger, request: Request): Pick<Review, 'kept' | 'events'> {
  const { service, stack, pool } = request
  if (!hasAddress(service)) return { kept: null, events: [] } // row 6
  const events: ServiceEvent[] = []
  const ips = currentIps(service) // row 4
  const currentStack = ips && stackOf(ips.map(({ family }) => family))
  if (!ips || !currentStack) {
    const texts = service.ingress.map(({ ip }) => ip).filter((ip) => ip !== '')
    events.push(
      warning('nolbIPsIPFamily', `${quoted(texts)} in the status is neither one address nor one of each family`),
    )
  }
  if (stack === null) events.push(warning('noclusterIPsIPFamily', unknownFamily(service.headless).message))
  if (!ips || !currentStack) return { kept: null, events }
  const isPart = stack === 'dual' && service.ipFamilyPolicy === 'PreferDualStack'
  if (stack !== null && stack !== currentStack && !isPart) return { kept: null, events } // row 7
  const placed = place(ledger, request, ips)
  const found = placed.ok ? admit(ledger, request, placed.bid) : placed
  if (!found.ok) {
    const why = `current IP for ${service.key} not allowed by config, will attempt for new IP assignment: ${found.refusal.message}`
    return { kept: null, events: [...events, normal('ClearAssignment', why)] } // row 8
  }
  const isElsewhere = pool !== '' && pool !== found.bid.pool // row 9
  return { kept: isElsewhere && stack !== null ? null : found.bid, events }
}

/** Whether the status holds an address, also an unreadable one; hostname-only entries do not count. */
export function hasAddress({ ingress }: Service): boolean {
  return ingress.some(({ ip }) => ip !== '')
}

/** Null when one of them cannot be read. */
function currentIps({ ingress }: Service): readonly Ip[] | null {
  const ips = ingress.filter(({ ip }) => ip !== '').map(({ ip }) => parseIp(ip))
  return ips.every((ip) => ip !== undefined) ? ips : null
}

/** Neither list has duplicates: each is one address, or one of each family. */
function isSameSet(a: readonly Ip[], b: readonly Ip[]): boolean {
  return (
    a.length === b.length && a.every((ip) => b.some(({ family, bits }) => ip.bits === bits && ip.family === family))
  )
}

/** An event about something the user should look at. */
export function warning(reason: string, message: string): ServiceEvent {
  return { type: 'Warning', reason, message }
}

/** An event about something that went its way. */
export function normal(reason: string, message: string): ServiceEvent {
  return { type: 'Normal', reason, message }
}
