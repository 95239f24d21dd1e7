// SPDX-License-Identifier: Apache-2.0
import type { Family } from '../lib/ip.ts'
import type { Labels } from './selector.ts'

export type ServicePort = Readonly<{ protocol: string; port: number }>

/** A Service as far as we read it. Addresses in `ingress` and annotations are still text: they may be anybody's. */
export type Service = Readonly<{
  /** `namespace/name`, MetalLB's key and the order of ties. */
  key: string
  namespace: string
  name: string
  labels: Labels
  annotations: Readonly<Record<string, string>>
  /** Milliseconds since 1970; 0 (oldest) where metadata has no creationTimestamp. */
  createdMs: number
  type: string
  loadBalancerClass: string | null
  ipFamilyPolicy: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack'
  /** spec.ipFamilies as written; the first decides the primary family. */
  ipFamilies: readonly Family[]
  /** Families of spec.clusterIPs in their order, or what the API server would fill in; empty while it has none. */
  clusterFamilies: readonly Family[]
  /** clusterIP is None. */
  headless: boolean
  externalTrafficPolicy: 'Cluster' | 'Local'
  /** spec.selector: which Pods; also part of the sharing rule for externalTrafficPolicy Local. */
  podSelector: Labels
  ports: readonly ServicePort[]
  /** Deprecated spec.loadBalancerIP, '' where unset. */
  loadBalancerIp: string
  healthCheckNodePort: number | null
  /** status.loadBalancer.ingress[]: `ip` '' for a hostname-only entry. */
  ingress: readonly Readonly<{ ip: string }>[]
}>
