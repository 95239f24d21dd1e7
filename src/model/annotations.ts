// SPDX-License-Identifier: Apache-2.0
/** Annotations by which a Service asks for something: MetalLB's current keys and the older ones, still honoured. */
import type { Service } from './service.ts'

export const PREFIX = 'metallb.io/'
export const LEGACY_PREFIX = 'metallb.universe.tf/'

export type AnnotationName = 'address-pool' | 'loadBalancerIPs' | 'allow-shared-ip' | 'healthCheckNodePort'
type Annotated = Pick<Service, 'annotations'>

/** The value under the current key if that is present, even if empty, else under the older one. */
export function annotation({ annotations }: Annotated, name: AnnotationName): string | undefined {
  return own(annotations, PREFIX + name) ?? own(annotations, LEGACY_PREFIX + name)
}

/** Whether either key is present, whatever its value. */
export function hasAnnotation(service: Annotated, name: AnnotationName): boolean {
  return annotation(service, name) !== undefined
}

function own(annotations: Annotated['annotations'], key: string): string | undefined {
  return Object.hasOwn(annotations, key) ? annotations[key] : undefined
}
