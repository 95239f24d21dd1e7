// SPDX-License-Identifier: Apache-2.0
import { parseIp } from '../../lib/ip.ts'
import type { KubeObject } from '../../lib/object.ts'
import { parseService, type Service } from '../../model/service.ts'
import { holdingOf } from './holding.ts'

/**
 * In place of a Service that cannot be read and never could since the start: what it holds, and nothing that it asks
 * for, so that nobody else is given its addresses while a typing error waits to be corrected. Null where it holds none.
 */
export function standInFor(object: KubeObject): Service | null {
  const ips = holdingOf(object).ips.map((text) => parseIp(text))
  if (ips.length === 0) return null
  const annotations = Object.entries(object.metadata.annotations).filter(([key]) => key.endsWith('/allow-shared-ip'))
  const { spec } = object
  const loadBalancerClass =
    typeof spec === 'object' && spec !== null && 'loadBalancerClass' in spec ? spec.loadBalancerClass : undefined
  const ipFamilies = ips.map((ip) => (ip?.family === 'ipv6' ? 'IPv6' : 'IPv4'))
  const parsed = parseService(
    {
      ...object,
      metadata: { ...object.metadata, annotations: Object.fromEntries(annotations) },
      spec: { type: 'LoadBalancer', loadBalancerClass, ipFamilies },
    },
    { fillDefaults: true },
  )
  return parsed.ok ? parsed.service : null
}
