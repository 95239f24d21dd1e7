// SPDX-License-Identifier: Apache-2.0
/**
 * What the objects have in common by which a node says what it does for a Service, ServiceL2Status and ServiceBGPStatus
 * (metallb-crds): three labels, by which they are found, and a status that is written after they were made. Pure;
 * service-statuses.ts carries it out.
 */
import type { Resource } from '../../kube/resource.ts'
import type { KubeObject } from '../../lib/object.ts'
import { type Fields, fieldsOf } from '../../lib/unchecked.ts'

export const NODE_LABEL = 'metallb.io/node'
export const SERVICE_LABEL = 'metallb.io/service-name'
export const NAMESPACE_LABEL = 'metallb.io/service-namespace'

/** One of these kinds, whose objects say an `Answer`. */
export type StatusForm<Answer> = Readonly<{
  resource: Resource
  generateName: string
  /** Fields of the status beside the node and the Service. */
  fields(answer: Answer): Fields
  read(fields: Fields): Answer
  same(a: Answer, b: Answer): boolean
}>

/** One that is there. `status` null: it was made, and its status is not written yet. */
export type ServiceStatus<Answer> = Readonly<{ name: string; node: string; status: Answer | null }>

export type StatusStep<Answer> =
  | Readonly<{ type: 'create' }>
  | Readonly<{ type: 'write'; name: string; answer: Answer }>
  | Readonly<{ type: 'delete'; name: string }>

/** What is known of one Service: whose node we are, and objects of any node. */
export type Situation<Answer> = Readonly<{
  form: Pick<StatusForm<Answer>, 'same'>
  node: string
  known: readonly ServiceStatus<Answer>[]
}>

/**
 * What is to be done, first things first, so that there is one object that says the answer, or none where it is null.
 * Whoever has an answer removes what is known of other nodes and any second one of its own; whoever has none removes
 * only its own, so that two nodes that disagree for a moment do not fight.
 */
export function decideStatus<Answer>(
  answer: Answer | null,
  { form, node, known }: Situation<Answer>,
): readonly StatusStep<Answer>[] {
  const own = known.filter((status) => status.node === node).toSorted(bestFirst)
  if (answer === null) return own.map(remove)
  const [kept, ...doubles] = own
  const others = known.filter((status) => status.node !== node)
  const steps: StatusStep<Answer>[] = []
  if (!kept) steps.push({ type: 'create' })
  else if (kept.status === null || !form.same(kept.status, answer)) {
    steps.push({ type: 'write', name: kept.name, answer })
  }
  return [...steps, ...[...doubles, ...others].map(remove)]
}

/** The Service (`namespace/name`) and what the object says of it; null for one that lacks a label, as nobody made it. */
export function readStatus<Answer>(
  form: Pick<StatusForm<Answer>, 'read'>,
  object: KubeObject,
): Readonly<{ service: string; status: ServiceStatus<Answer> }> | null {
  const { name, labels } = object.metadata
  const [node, service, namespace] = [labels[NODE_LABEL], labels[SERVICE_LABEL], labels[NAMESPACE_LABEL]]
  if (!node || !service || !namespace) return null
  const fields = fieldsOf(object['status'])
  const status = Object.hasOwn(fields, 'node') ? form.read(fields) : null
  return { service: `${namespace}/${service}`, status: { name, node, status } }
}

/** What the status subresource is to hold. */
export function statusBody<Answer>(
  form: Pick<StatusForm<Answer>, 'fields'>,
  service: string,
  { node, answer }: Readonly<{ node: string; answer: Answer }>,
): Fields {
  const [serviceNamespace, serviceName] = service.split('/')
  return { node, serviceName, serviceNamespace, ...form.fields(answer) }
}

/** Neither list has an order. */
export function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return new Set(a).symmetricDifference(new Set(b)).size === 0
}

function remove({ name }: ServiceStatus<unknown>): StatusStep<never> {
  return { type: 'delete', name }
}

/** Complete ones first, then by name: whatever two looks find, they keep the same one. */
function bestFirst(a: ServiceStatus<unknown>, b: ServiceStatus<unknown>): number {
  return Number(b.status !== null) - Number(a.status !== null) || (a.name < b.name ? -1 : 1)
}
