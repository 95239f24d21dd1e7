// SPDX-License-Identifier: Apache-2.0
/** The machine that runs no Pods: etcd, API server, controller-manager and scheduler, in the switch's own namespace. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type ApiServer, startApiServer } from '../cluster/api-server.ts'
import { Child } from '../cluster/child.ts'
import { componentDirectory } from '../cluster/components.ts'
import { newToken, type User, writeKubeconfig } from '../cluster/credentials.ts'

export type ControlPlane = Readonly<{
  server: ApiServer
  /** Where all programs of the cluster are. */
  components: string
  /** Makes the kubeconfig of a user that was named at the start. */
  kubeconfigOf(userName: string): string
}>

const SCHEDULER = 'system:kube-scheduler'
export const PROXY = 'system:kube-proxy'
/** After this long without a sign of life, a Node is NotReady; Kubernetes' own 50 s would only make the demo longer. */
const GRACE_SECONDS = 12

/** Starts everything on `address`; resolves when the API server is ready. */
export async function startControlPlane(
  directory: string,
  address: string,
  nodes: readonly string[],
): Promise<ControlPlane> {
  const components = await componentDirectory('node')
  const own = join(directory, 'control-plane')
  mkdirSync(own)
  const users = [user(SCHEDULER), user(PROXY), ...nodes.map((name) => user(nodeUser(name), 'system:nodes'))]
  const server = await startApiServer({ directory: own, address, users, audit: false, flags: API_FLAGS })
  const kubeconfigOf = (name: string) => {
    const found = users.find((candidate) => candidate.name === name)
    if (!found) throw new Error(`the control plane was started without a user ${name}`)
    const file = join(own, `${name.replaceAll(':', '-')}.kubeconfig`)
    writeKubeconfig(file, { url: server.url, caFile: server.caFile, user: found })
    return file
  }
  const start = (name: string, flags: readonly string[]) =>
    new Child(name, [join(components, name), '--leader-elect=false', ...flags], join(own, `${name}.log`))
  start('kube-controller-manager', [
    `--kubeconfig=${server.kubeconfig}`,
    `--service-account-private-key-file=${server.serviceAccountKeyFile}`,
    `--root-ca-file=${server.caFile}`,
    '--node-monitor-period=1s',
    `--node-monitor-grace-period=${GRACE_SECONDS}s`,
  ])
  start('kube-scheduler', [`--kubeconfig=${kubeconfigOf(SCHEDULER)}`])
  return { server, components, kubeconfigOf }
}

/** What the Node authorizer knows a kubelet by. */
export function nodeUser(name: string): string {
  return `system:node:${name}`
}

/**
 * Unlike the tests' API server this one has real Pods, whose service accounts get real tokens. Webhooks are called at
 * the Pods' own addresses: no kube-proxy runs here.
 */
const API_FLAGS = {
  'authorization-mode': 'Node,RBAC',
  'disable-admission-plugins': '',
  'enable-admission-plugins': 'NodeRestriction',
  'enable-aggregator-routing': 'true',
  'endpoint-reconciler-type': 'lease',
  'kubelet-preferred-address-types': 'InternalIP',
}

function user(name: string, ...groups: readonly string[]): User {
  return { name, groups: [...groups, 'system:authenticated'], token: newToken() }
}
