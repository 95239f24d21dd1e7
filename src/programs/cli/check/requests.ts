// SPDX-License-Identifier: Apache-2.0
/**
 * Services that ask for what they can never get: each is converged alone, by the controller's own code, in a ledger
 * where nobody else is. What is refused there no freed room will cure.
 */
import { converge } from '../../../ipam/converge.ts'
import { Ledger } from '../../../ipam/ledger.ts'
import type { Refusal } from '../../../ipam/refusal.ts'
import { requestOf } from '../../../ipam/request.ts'
import { type Conflict, Usage } from '../../../ipam/sharing.ts'
import { formatIp } from '../../../lib/ip.ts'
import { type KubeObject, keyOf, keyOfObject } from '../../../lib/object.ts'
import type { Problem } from '../../../lib/problem.ts'
import { fieldText } from '../../../manifests/schema-problems.ts'
import { type AnnotationName, LEGACY_PREFIX, PREFIX } from '../../../model/annotations.ts'
import type { IPAddressPoolSpec } from '../../../model/resources.generated.ts'
import type { Service } from '../../../model/service.ts'
import { list, quote } from '../../../model/wording.ts'
import { metallbObjects, type Subject, warning } from './subject.ts'

/** Warnings about what Services ask for, by key. Of two that ask for one address the later one is blamed. */
export function* requestWarnings(subject: Subject): Generator<Problem> {
  const objects = new Map(subject.objects.map((object) => [keyOfObject(object), object]))
  const ledger = poolsAreKnown(subject) ? new Ledger(subject.draft.model.pools) : null
  const isUncertain = uncertainty(subject)
  const usages = new Map<string, Usage>()
  for (const service of subject.services) {
    const object = objects.get(keyOf('Service', service.namespace, service.name))
    if (!object) continue
    const refusal = refusalOf(service, ledger)
    if (refusal && !isUncertain(refusal, service)) {
      const { code, message } = refusal
      yield warning(object, { field: fieldOf(service, code), code, message })
    }
    if (!refusal) yield* askedTwice(service, object, usages)
  }
}

/** Pools may come from other files; and while one is in error, nobody knows what the Services will find. */
function poolsAreKnown({ draft, unusable }: Subject): boolean {
  const wrong = draft.problems.some(({ severity, object }) => severity === 'error' && object.kind === 'IPAddressPool')
  return draft.model.pools.length > 0 && !wrong && !unusable.has('IPAddressPool')
}

/** Without a ledger only what makes no sense in any cluster is refused. */
function refusalOf(service: Service, ledger: Ledger | null): Refusal | null {
  if (!ledger) {
    const { wanted } = requestOf(service)
    return wanted.ok ? null : wanted.refusal
  }
  const { refusal } = converge(ledger, service)
  ledger.release(service.key)
  return refusal
}

/** Whether the labels of a Namespace that is not among the files may decide otherwise. */
function uncertainty(subject: Subject): (refusal: Refusal, service: Service) => boolean {
  const known = new Set(subject.objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name))
  const byLabels = metallbObjects(subject, 'IPAddressPool').some(({ spec }) => {
    const { serviceAllocation } = (spec ?? {}) as Partial<IPAddressPoolSpec>
    return (serviceAllocation?.namespaceSelectors ?? []).length > 0
  })
  return ({ code }, { namespace }) =>
    byLabels && !known.has(namespace) && (code === 'noAvailablePool' || code === 'poolNotForService')
}

/** Where the Service asks for what it is refused. */
function fieldOf(service: Service, code: Refusal['code']): string {
  switch (code) {
    case 'unknownFamily':
      return 'spec.clusterIP'
    case 'notEnoughClusterIPs':
      return 'spec.ipFamilyPolicy'
    case 'unknownPool':
    case 'poolMismatch':
      return fieldOfAnnotation(service, 'address-pool') ?? ''
    default:
      return fieldOfAddresses(service) ?? fieldOfAnnotation(service, 'address-pool') ?? 'spec.type'
  }
}

function fieldOfAddresses(service: Service): string | undefined {
  return (
    fieldOfAnnotation(service, 'loadBalancerIPs') ?? (service.loadBalancerIp === '' ? undefined : 'spec.loadBalancerIP')
  )
}

function fieldOfAnnotation({ annotations }: Service, name: AnnotationName): string | undefined {
  const key = [PREFIX, LEGACY_PREFIX].map((prefix) => prefix + name).find((known) => Object.hasOwn(annotations, known))
  return key === undefined ? undefined : fieldText(['metadata', 'annotations', key])
}

function* askedTwice(service: Service, object: KubeObject, usages: Map<string, Usage>): Generator<Problem> {
  const { wanted, terms } = requestOf(service)
  if (!wanted.ok) return
  for (const ip of wanted.ips) {
    const address = formatIp(ip)
    const usage = usages.get(address) ?? new Usage()
    usages.set(address, usage)
    const conflict = usage.conflict(service.key, terms)
    if (!conflict) usage.add(service.key, terms)
    else {
      const message = `${address} ${describe(conflict, terms.sharingKey)}`
      yield warning(object, { field: fieldOfAddresses(service) ?? '', code: 'addressAskedTwice', message })
    }
  }
}

function describe(conflict: Conflict, ours: string): string {
  if (conflict.type === 'port') {
    return `is asked for by ${conflict.user} too, with the same port ${conflict.port}; change the port or the address`
  }
  const { users, theirs } = conflict
  const also = `is asked for by ${list(users)} too`
  if (ours === '' || theirs.sharingKey === '') {
    return `${also}; ask for another address, or give all of them one value of ${PREFIX}allow-shared-ip`
  }
  if (ours !== theirs.sharingKey) {
    return `${also}, under the sharing key ${quote(theirs.sharingKey)} and not ${quote(ours)}; make the keys equal`
  }
  return `${also}; to share it, make externalTrafficPolicy Cluster, or Local with one selector, for all of them`
}
