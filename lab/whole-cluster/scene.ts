// SPDX-License-Identifier: Apache-2.0
/** What the story asks of the cluster and of the client, with the patience that a busy machine needs. */
import { join } from 'node:path'
import type { Manifest } from '../cluster/api-client.ts'
import { fieldAt } from '../cluster/field.ts'
import { observedAll, type Place } from '../cluster/observe.ts'
import { run } from '../command.ts'
import { notObserved, until } from '../wait.ts'
import type { Visitor } from './visitor.ts'
import type { WholeCluster } from './whole-cluster.ts'

export type Scene = WholeCluster & Readonly<{ visitor: Visitor }>

export const PATIENCE_MS = 60_000
const DEPLOY = join(import.meta.dirname, '../../deploy/manifests')
const MANIFESTS = join(import.meta.dirname, 'manifests')
const NAMESPACE = 'metallb-system'

/** As an administrator types it. Throws a CommandFault with what kubectl says. */
export async function kubectl({ server }: WholeCluster, ...args: readonly string[]): Promise<string> {
  return await run([server.kubectl, '--kubeconfig', server.kubeconfig, ...args])
}

/** `kubectl apply -k deploy/manifests`. */
export async function install(scene: Scene): Promise<void> {
  await kubectl(scene, 'apply', '-k', DEPLOY)
}

/** `kubectl apply -f` of a file beside the story. */
export async function applyFile(scene: Scene, file: string): Promise<void> {
  await kubectl(scene, 'apply', '-f', join(MANIFESTS, file))
}

/** The object of a place, once `holds` is true of it; throws NotObserved with `what` and the object as it is. */
export async function seen(
  { server }: WholeCluster,
  { path, name }: Place,
  holds: (object: Manifest | undefined) => boolean,
  what: string,
): Promise<Manifest | undefined> {
  const only = `${path}?fieldSelector=metadata.name=${name}`
  const expectation = {
    holds: (all: ReadonlyMap<string, Manifest>) => holds(all.get(name)),
    what,
    deadlineMs: PATIENCE_MS,
  }
  return (await observedAll(server.client, only, expectation)).get(name)
}

/** Resolves when so many Pods of a workload of ours are ready. */
export async function ready(
  scene: Scene,
  kind: 'deployments' | 'daemonsets',
  name: string,
  count: number,
): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${name === 'web' ? 'default' : NAMESPACE}/${kind}`
  const field = kind === 'deployments' ? 'readyReplicas' : 'numberReady'
  const isReady = (workload: unknown) => fieldAt(workload, 'status', field) === count
  await seen(scene, { path, name }, isReady, `${count} Pods of ${name} are ready`)
}

const ipOf = (service: unknown) => fieldAt(service, 'status', 'loadBalancer', 'ingress', 0, 'ip')

/** The address in a Service's status, once it is there. */
export async function addressOf(scene: Scene, name: string): Promise<string> {
  const place = { path: '/api/v1/namespaces/default/services', name }
  const service = await seen(scene, place, (found) => ipOf(found) !== undefined, `${name} has an address`)
  return String(ipOf(service))
}

/** The controller that holds the Lease: the name of its Pod. */
export async function leader(scene: Scene, isNew: (holder: string) => boolean = () => true): Promise<string> {
  return await until(
    async () => {
      const { items } = await scene.server.client.list(`/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`)
      const identity = fieldAt(items[0], 'spec', 'holderIdentity')
      const [holder = ''] = typeof identity === 'string' ? identity.split('_') : []
      return holder !== '' && isNew(holder) ? holder : undefined
    },
    () => 'no controller has taken the Lease',
    PATIENCE_MS,
  )
}

/** The node that tells the client of an address, without being asked, after `mark`. */
export async function announcerOf({ neighbors, nodes }: Scene, ip: string, mark: number): Promise<string> {
  const { mac } = await until(
    () => neighbors.announcement(ip, mark),
    () => `nobody announced ${ip} to the client`,
    PATIENCE_MS,
  )
  return nameOf({ nodes }, mac)
}

/** The node whose network card answers the client's question for an address. */
export async function answererOf({ neighbors, nodes }: Scene, ip: string, patienceMs = PATIENCE_MS): Promise<string> {
  const answer = await until(
    async () => (await neighbors.ask(ip)) ?? undefined,
    () => `the client asked who has ${ip}, and no node answered`,
    patienceMs,
  )
  return nameOf({ nodes }, answer.mac)
}

/** The node with a MAC address; throws NotObserved where there is none. */
function nameOf({ nodes }: Pick<Scene, 'nodes'>, mac: string): string {
  const node = nodes.find(({ host }) => host.plan.mac === mac)
  if (!node) throw notObserved(`${mac} answers, which is no node of the cluster`)
  return node.name
}

/** The Pod of a DaemonSet on a node: its name, once `accepts` says yes to the object. */
export async function speakerOn(scene: Scene, node: string, accepts: (pod: unknown) => boolean): Promise<string> {
  const query = `labelSelector=component=speaker&fieldSelector=spec.nodeName=${node}`
  return await until(
    async () => {
      const { items } = await scene.server.client.list(`/api/v1/namespaces/${NAMESPACE}/pods?${query}`)
      return items.find((pod) => accepts(pod))?.metadata.name
    },
    () => `there is no such speaker on ${node}`,
    PATIENCE_MS,
  )
}

export function isPodReady(pod: unknown): boolean {
  const conditions = fieldAt(pod, 'status', 'conditions')
  return (
    Array.isArray(conditions) &&
    conditions.some((one) => fieldAt(one, 'type') === 'Ready' && fieldAt(one, 'status') === 'True')
  )
}
