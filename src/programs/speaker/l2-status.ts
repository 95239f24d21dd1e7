// SPDX-License-Identifier: Apache-2.0
/**
 * Which ServiceL2Status objects there should be (metallb-crds: ServiceL2Status): one for each Service, by the node that
 * answers for it. Whoever answers removes those of other nodes and any second one of its own; whoever does not removes
 * only its own, so that two nodes that disagree for a moment do not fight. Pure; l2-statuses.ts carries it out.
 */
import type { KubeObject } from '../../lib/object.ts'

export const NODE_LABEL = 'metallb.io/node'
export const SERVICE_LABEL = 'metallb.io/service-name'
export const NAMESPACE_LABEL = 'metallb.io/service-namespace'

/** One that is there. `status` null: it was made, and its status is not written yet. */
export type L2Status = Readonly<{ name: string; node: string; status: L2Answer | null }>

/** What it says, or is to say; `interfaces` null: on all of them. */
export type L2Answer = Readonly<{ interfaces: readonly string[] | null }>

export type L2Step =
  | Readonly<{ type: 'create' }>
  | Readonly<{ type: 'write'; name: string; answer: L2Answer }>
  | Readonly<{ type: 'delete'; name: string }>

/** `answer` null: this node does not answer. `known` are all of this Service, of any node. */
export function decideL2Status(
  answer: L2Answer | null,
  { node, known }: Readonly<{ node: string; known: readonly L2Status[] }>,
): readonly L2Step[] {
  const own = known.filter((status) => status.node === node).toSorted(bestFirst)
  const remove = (statuses: readonly L2Status[]) => statuses.map(({ name }): L2Step => ({ type: 'delete', name }))
  if (answer === null) return remove(own)
  const [kept, ...doubles] = own
  const others = known.filter((status) => status.node !== node)
  const steps: L2Step[] = []
  if (!kept) steps.push({ type: 'create' })
  else if (!kept.status || !sameInterfaces(kept.status, answer)) steps.push({ type: 'write', name: kept.name, answer })
  return [...steps, ...remove([...doubles, ...others])]
}

/** The Service (`namespace/name`) and what the object says of it; null for one that lacks a label, as nobody made it. */
export function readL2Status(object: KubeObject): Readonly<{ service: string; status: L2Status }> | null {
  const { name, labels } = object.metadata
  const [node, service, namespace] = [labels[NODE_LABEL], labels[SERVICE_LABEL], labels[NAMESPACE_LABEL]]
  if (!node || !service || !namespace) return null
  return { service: `${namespace}/${service}`, status: { name, node, status: readAnswer(object['status']) } }
}

/** What the status subresource is to hold. */
export function l2StatusBody(service: string, { node, answer }: Readonly<{ node: string; answer: L2Answer }>): object {
  const [serviceNamespace, serviceName] = service.split('/')
  const interfaces = answer.interfaces?.map((name) => ({ name })) ?? null
  return { node, serviceName, serviceNamespace, interfaces }
}

function readAnswer(status: unknown): L2Answer | null {
  const fields = new Map<string, unknown>(typeof status === 'object' && status !== null ? Object.entries(status) : [])
  if (!fields.has('node')) return null
  const listed = fields.get('interfaces')
  if (!Array.isArray(listed)) return { interfaces: null }
  return { interfaces: listed.map(nameOf) }
}

/** What is no name is like none of ours, and so is written anew. */
function nameOf(entry: unknown): string {
  const name: unknown = Reflect.get(Object(entry), 'name')
  return typeof name === 'string' ? name : ''
}

/** A list of interfaces has no order. */
function sameInterfaces(a: L2Answer, b: L2Answer): boolean {
  if (a.interfaces === null || b.interfaces === null) return a.interfaces === b.interfaces
  return new Set(a.interfaces).symmetricDifference(new Set(b.interfaces)).size === 0
}

/** Complete ones first, then by name: whatever two looks find, they keep the same one. */
function bestFirst(a: L2Status, b: L2Status): number {
  return Number(b.status !== null) - Number(a.status !== null) || (a.name < b.name ? -1 : 1)
}
