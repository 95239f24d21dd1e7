// SPDX-License-Identifier: Apache-2.0
import type { KubeObject } from '../lib/object.ts'
import type { Report } from './report.ts'

const CONFIGURATION_KINDS: ReadonlySet<string> = new Set([
  'IPAddressPool',
  'L2Advertisement',
  'BGPAdvertisement',
  'BGPPeer',
  'BFDProfile',
  'Community',
])
const CORE_KINDS: ReadonlySet<string> = new Set(['Node', 'Namespace', 'Secret', 'ConfigMap'])
const NAMESPACED: ReadonlySet<string> = new Set(['Secret', 'ConfigMap'])

/** The objects that make up a configuration, by kind and within it by name: the order in which conflicts are blamed. */
export type Inventory = Readonly<{
  of(kind: string): readonly KubeObject[]
  named(kind: string, name: string): KubeObject | undefined
}>

/** Sorts out what a configuration is made of; metallb.io objects outside `namespace` are reported and left out. */
export function takeInventory(
  objects: Iterable<KubeObject>,
  { namespace, report }: { namespace: string; report: Report },
): Inventory {
  const kinds = new Map<string, Map<string, KubeObject>>()
  for (const object of objects) {
    if (!isConfiguration(object, namespace)) continue
    const { kind, metadata } = object
    if (CONFIGURATION_KINDS.has(kind) && metadata.namespace !== namespace) {
      reportNamespace(object, namespace, report)
      continue
    }
    const byName = kinds.get(kind)
    if (byName) byName.set(metadata.name, object)
    else kinds.set(kind, new Map([[metadata.name, object]]))
  }
  const sorted = new Map([...kinds].map(([kind, byName]) => [kind, [...byName.values()].toSorted(byObjectName)]))
  return {
    of: (kind) => sorted.get(kind) ?? [],
    named: (kind, name) => kinds.get(kind)?.get(name),
  }
}

/** Whether the object has a say in the configuration, if only as one of metallb.io in the wrong namespace. */
export function isConfiguration({ apiVersion, kind, metadata }: KubeObject, namespace: string): boolean {
  return apiVersion === 'v1'
    ? CORE_KINDS.has(kind) && (!NAMESPACED.has(kind) || metadata.namespace === namespace)
    : apiVersion.startsWith('metallb.io/') && CONFIGURATION_KINDS.has(kind)
}

function reportNamespace({ kind, metadata }: KubeObject, namespace: string, report: Report): void {
  const { name } = metadata
  const message = `${kind} ${name} is in namespace ${metadata.namespace} but only counts in ${namespace}; create it there`
  report.on({ kind, namespace: metadata.namespace, name }).error('wrongNamespace', 'metadata.namespace', message)
}

function byObjectName(a: KubeObject, b: KubeObject): number {
  return a.metadata.name < b.metadata.name ? -1 : 1
}
