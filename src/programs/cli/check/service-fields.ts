// SPDX-License-Identifier: Apache-2.0
/**
 * Services that Kubernetes itself would refuse, by the rules of its API reference. Only what a manifest by itself can
 * break, and only for Services of type LoadBalancer; types and enumerations are checked where the Service is parsed.
 */
import { parseIp } from '../../../lib/ip.ts'
import { parseCidr } from '../../../lib/prefix.ts'
import type { Problem } from '../../../lib/problem.ts'
import { isFields } from '../../../manifests/structural.ts'
import { type FieldFlaw, type Fields, nodePortFlaw, show, unknownFields } from './field-flaws.ts'
import { portFlaws } from './service-ports.ts'
import { type Subject, warning } from './subject.ts'

const SERVICE_SPEC =
  'allocateLoadBalancerNodePorts clusterIP clusterIPs externalIPs externalName externalTrafficPolicy healthCheckNodePort internalTrafficPolicy ipFamilies ipFamilyPolicy loadBalancerClass loadBalancerIP loadBalancerSourceRanges ports publishNotReadyAddresses selector sessionAffinity sessionAffinityConfig trafficDistribution type'.split(
    ' ',
  )

/** Warnings about fields of Services, in the order of the files. */
export function* serviceFieldWarnings({ objects }: Subject): Generator<Problem> {
  for (const object of objects) {
    const { kind, apiVersion, spec } = object
    if (kind !== 'Service' || apiVersion !== 'v1' || !isFields(spec) || spec['type'] !== 'LoadBalancer') continue
    for (const { field, message, unknown } of flawsOf(spec)) {
      yield warning(object, { field, message, code: unknown ? 'unknownField' : 'refusedByKubernetes' })
    }
  }
}

function* flawsOf(spec: Fields): Generator<FieldFlaw> {
  yield* unknownFields(spec, ['spec'], SERVICE_SPEC)
  yield* portFlaws(spec)
  yield* trafficFlaws(spec)
  yield* familyFlaws(spec)
  yield* addressFlaws(spec)
}

function* trafficFlaws(spec: Fields): Generator<FieldFlaw> {
  const { healthCheckNodePort } = spec
  if (typeof healthCheckNodePort === 'number' && healthCheckNodePort !== 0) {
    const field = 'spec.healthCheckNodePort'
    if (spec['externalTrafficPolicy'] !== 'Local') {
      const message =
        'Kubernetes takes healthCheckNodePort only with externalTrafficPolicy Local; set that, or use the annotation metallb.io/healthCheckNodePort'
      yield { field, message }
    }
    const flaw = nodePortFlaw(healthCheckNodePort)
    if (flaw !== null) yield { field, message: flaw }
  }
  yield* wordFlaw(spec, 'internalTrafficPolicy', ['Cluster', 'Local'])
  yield* wordFlaw(spec, 'sessionAffinity', ['None', 'ClientIP'])
}

function* wordFlaw(spec: Fields, name: string, words: readonly string[]): Generator<FieldFlaw> {
  const value = spec[name]
  if (value === undefined || value === null || words.some((word) => word === value)) return
  yield { field: `spec.${name}`, message: `${show(value)} is no ${name}; write ${words.join(' or ')}` }
}

function* familyFlaws(spec: Fields): Generator<FieldFlaw> {
  const { ipFamilies, ipFamilyPolicy, clusterIP, clusterIPs } = spec
  if (clusterIP === 'None' || (Array.isArray(clusterIPs) && clusterIPs[0] === 'None')) {
    const field = clusterIP === 'None' ? 'spec.clusterIP' : 'spec.clusterIPs[0]'
    yield { field, message: 'a Service of type LoadBalancer cannot be headless; remove clusterIP None' }
  }
  if (Array.isArray(clusterIPs) && typeof clusterIP === 'string' && clusterIP !== '' && clusterIPs[0] !== clusterIP) {
    yield { field: 'spec.clusterIPs[0]', message: 'the first of clusterIPs must be clusterIP; make them equal' }
  }
  if (!Array.isArray(ipFamilies)) return
  if (ipFamilies.length > 2) yield { field: 'spec.ipFamilies', message: 'there are two families; list each once' }
  if (ipFamilies.length === 2 && ipFamilies[0] === ipFamilies[1]) {
    yield { field: 'spec.ipFamilies[1]', message: `${show(ipFamilies[1])} stands twice; list each family once` }
  }
  if (ipFamilies.length === 2 && (ipFamilyPolicy ?? 'SingleStack') === 'SingleStack') {
    const field = ipFamilyPolicy === undefined ? 'spec.ipFamilies' : 'spec.ipFamilyPolicy'
    yield { field, message: 'two ipFamilies need ipFamilyPolicy PreferDualStack or RequireDualStack; set it' }
  }
}

function* addressFlaws({ loadBalancerSourceRanges, externalIPs }: Fields): Generator<FieldFlaw> {
  for (const [index, range] of items(loadBalancerSourceRanges)) {
    if (typeof range === 'string' && parseCidr(range.trim())) continue
    const message = `${show(range)} is no prefix; write one such as 192.0.2.0/24`
    yield { field: `spec.loadBalancerSourceRanges[${index}]`, message }
  }
  for (const [index, ip] of items(externalIPs)) {
    if (typeof ip === 'string' && parseIp(ip)) continue
    yield { field: `spec.externalIPs[${index}]`, message: `${show(ip)} is no IP address; correct or remove it` }
  }
}

function items(value: unknown): Iterable<[number, unknown]> {
  return Array.isArray(value) ? value.entries() : []
}
