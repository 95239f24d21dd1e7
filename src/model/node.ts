// SPDX-License-Identifier: Apache-2.0
import { type Ip, parseIp } from '../lib/ip.ts'
import { type KubeObject, refOf } from '../lib/object.ts'
import { Flaws, Section } from './read.ts'
import type { Labels } from './selector.ts'

export type Node = Readonly<{
  name: string
  labels: Labels
  /** status.addresses of type InternalIP, in their order. */
  addresses: readonly Ip[]
  /** Condition NetworkUnavailable is True. */
  networkUnavailable: boolean
  /** Carries the label node.kubernetes.io/exclude-from-external-load-balancers, whatever its value. */
  excluded: boolean
  /** It is about to go, so that traffic has to be led elsewhere first. A plain cordon is no sign of that. */
  leaving: 'deleted' | 'shuttingDown' | null
}>

const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers'

/** Of autoscalers, which put them on a node that they empty to delete it; of Karpenter also the one before v1. */
const DELETION_TAINTS: ReadonlySet<string> = new Set([
  'ToBeDeletedByClusterAutoscaler',
  'karpenter.sh/disrupted',
  'karpenter.sh/disruption',
])
/** The cloud says that the machine is off, or on its way there. */
const SHUTDOWN_TAINT = 'node.cloudprovider.kubernetes.io/shutdown'
/** What a kubelet says during its graceful shutdown: in the message, beside other troubles; its manual says the reason. */
const SHUTDOWN_WORDS = 'node is shutting down'

/**
 * Reads a Node. What its status and its taints say in an unknown form counts as not said: the node's labels still
 * matter.
 */
export function parseNode(object: KubeObject): Node {
  const { name, labels } = object.metadata
  const status = new Section(object.status, 'status', new Flaws(refOf(object)))
  const addresses = status.sections('addresses').flatMap((address) => {
    const ip = address.string('type') === 'InternalIP' ? parseIp(address.string('address') ?? '') : undefined
    return ip ? [ip] : []
  })
  const networkUnavailable = status.sections('conditions').some((condition) => {
    return condition.string('type') === 'NetworkUnavailable' && condition.string('status') === 'True'
  })
  const leaving = leavingOf(object, status)
  return { name, labels, addresses, networkUnavailable, excluded: Object.hasOwn(labels, EXCLUDE_LABEL), leaving }
}

function leavingOf(object: KubeObject, status: Section): Node['leaving'] {
  const spec = new Section(object['spec'], 'spec', new Flaws(refOf(object)))
  const taints = spec.sections('taints').map((taint) => taint.string('key') ?? '')
  if (object.metadata.deletionTimestamp !== undefined || taints.some((key) => DELETION_TAINTS.has(key)))
    return 'deleted'
  const saysSo = status.sections('conditions').some((condition) => {
    if (condition.string('type') !== 'Ready' || condition.string('status') !== 'False') return false
    return ['reason', 'message'].some((key) => condition.string(key)?.includes(SHUTDOWN_WORDS))
  })
  return saysSo || taints.includes(SHUTDOWN_TAINT) ? 'shuttingDown' : null
}

/** Whether two sets of node names meet; while no node is known at all they are taken to. */
export function shareNode(a: ReadonlySet<string>, b: ReadonlySet<string>, nodes: ReadonlyMap<string, Node>): boolean {
  return nodes.size === 0 || !a.isDisjointFrom(b)
}
