// SPDX-License-Identifier: Apache-2.0
import { type Family, otherFamily, parseIp } from '../lib/ip.ts'
import { type KubeObject, refOf } from '../lib/object.ts'
import type { Problem } from '../lib/problem.ts'
import { PREFIX } from './annotations.ts'
import { Flaws, Section } from './read.ts'
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

export type ParsedService = { ok: true; service: Service } | { ok: false; problems: Problem[] }

const TYPES = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const
const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const
const TRAFFIC_POLICIES = ['Cluster', 'Local'] as const
const POLICIES = ['SingleStack', 'PreferDualStack', 'RequireDualStack'] as const

/**
 * Reads a Service. `fillDefaults`: it comes from a file, so what an API server would add is added here (cluster IPs of
 * its families); otherwise a Service without cluster IPs simply has none yet.
 */
export function parseService(object: KubeObject, { fillDefaults }: { fillDefaults: boolean }): ParsedService {
  const { metadata } = object
  const flaws = new Flaws(refOf(object))
  const spec = new Section(object.spec, 'spec', flaws)
  const status = new Section(object.status, 'status', flaws)
  const ports = spec.sections('ports').map((port) => {
    return { protocol: port.oneOf('protocol', PROTOCOLS) ?? 'TCP', port: port.requiredPort('port') }
  })
  const service: Service = {
    key: `${metadata.namespace}/${metadata.name}`,
    namespace: metadata.namespace,
    name: metadata.name,
    labels: metadata.labels,
    annotations: metadata.annotations,
    createdMs: Date.parse(metadata.creationTimestamp ?? '') || 0,
    type: spec.oneOf('type', TYPES) ?? 'ClusterIP',
    loadBalancerClass: spec.string('loadBalancerClass') ?? null,
    ...readFamilies(spec, fillDefaults),
    externalTrafficPolicy: spec.oneOf('externalTrafficPolicy', TRAFFIC_POLICIES) ?? 'Cluster',
    podSelector: spec.labels('selector'),
    ports,
    loadBalancerIp: spec.string('loadBalancerIP') ?? '',
    healthCheckNodePort: spec.optionalPort('healthCheckNodePort'),
    ingress: status
      .section('loadBalancer')
      .sections('ingress')
      .map((entry) => ({ ip: entry.string('ip') ?? '' })),
  }
  return flaws.problems.length === 0 ? { ok: true, service } : { ok: false, problems: flaws.problems }
}

/** The classes of `--lb-class a,b`; none where it is empty, which is how charts say that it is not given. */
export function parseClasses(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

/**
 * Whether this Service is ours to handle. `classes` are those of --lb-class; without any, no class and every class
 * under metallb.io/ is ours.
 */
export function handles(classes: readonly string[], { loadBalancerClass }: Service): boolean {
  if (classes.length > 0) return loadBalancerClass !== null && classes.includes(loadBalancerClass)
  return loadBalancerClass === null || loadBalancerClass.startsWith(PREFIX)
}

type Families = Pick<Service, 'ipFamilyPolicy' | 'ipFamilies' | 'clusterFamilies' | 'headless'>

function readFamilies(spec: Section, fillDefaults: boolean): Families {
  const ipFamilies = spec.strings('ipFamilies').flatMap((word, index) => {
    const family = word === 'IPv4' ? 'ipv4' : word === 'IPv6' ? 'ipv6' : undefined
    if (!family) spec.refuse(`ipFamilies[${index}]`, 'IPv4 or IPv6', word)
    return family ?? []
  })
  const { clusterFamilies, headless } = readClusterIps(spec)
  const dual = ipFamilies.length > 1 || clusterFamilies.length > 1
  const ipFamilyPolicy = spec.oneOf('ipFamilyPolicy', POLICIES) ?? (dual ? 'RequireDualStack' : 'SingleStack')
  if (headless || !fillDefaults) return { ipFamilyPolicy, ipFamilies, clusterFamilies, headless }
  const given = [ipFamilies, clusterFamilies].find((families) => families.length > 0) ?? ['ipv4']
  const [only] = given
  const lacksSecond = ipFamilyPolicy === 'RequireDualStack' && clusterFamilies.length === 0 && given.length === 1
  const filled: readonly Family[] = lacksSecond && only ? [only, otherFamily(only)] : given
  return { ipFamilyPolicy, ipFamilies, clusterFamilies: filled, headless }
}

function readClusterIps(spec: Section): Pick<Service, 'clusterFamilies' | 'headless'> {
  const first = spec.string('clusterIP') ?? ''
  const listed = spec.strings('clusterIPs')
  const texts = listed.length > 0 ? listed : first === '' ? [] : [first]
  if (texts[0] === 'None') return { clusterFamilies: [], headless: true }
  const clusterFamilies = texts.flatMap((text, index) => {
    const ip = parseIp(text)
    const key = listed.length > 0 ? `clusterIPs[${index}]` : 'clusterIP'
    if (!ip) spec.refuse(key, 'an IP address or None', text)
    return ip ? [ip.family] : []
  })
  return { clusterFamilies, headless: false }
}
