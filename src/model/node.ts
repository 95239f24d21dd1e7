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
}>

const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers'

/** Reads a Node. What its status says in an unknown form counts as not said: the node's labels still matter. */
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
  return { name, labels, addresses, networkUnavailable, excluded: Object.hasOwn(labels, EXCLUDE_LABEL) }
}

/** Whether two sets of node names meet; while no node is known at all they are taken to. */
export function shareNode(a: ReadonlySet<string>, b: ReadonlySet<string>, nodes: ReadonlyMap<string, Node>): boolean {
  return nodes.size === 0 || !a.isDisjointFrom(b)
}
