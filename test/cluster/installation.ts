// SPDX-License-Identifier: Apache-2.0
/**
 * What `kubectl apply -k deploy/manifests` makes of a cluster, played without kubelets: the objects, a node that is this
 * network namespace, and the programs as processes with the arguments and variables that their Pods would give them.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest } from '../../lab/cluster/api-client.ts'
import { type ApiServer, startApiServer } from '../../lab/cluster/api-server.ts'
import { apply, readManifests } from '../../lab/cluster/apply.ts'
import { serviceAccount, type User } from '../../lab/cluster/credentials.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { createNode } from '../../lab/cluster/objects.ts'
import { observed } from '../../lab/cluster/observe.ts'
import { ClusterProgram } from '../../lab/cluster/program.ts'
import { scratchDirectory } from '../../lab/cluster/scratch.ts'
import { ip, makeWire } from '../lab/wire-namespace.ts'

export const NODE = 'node-1'
const ADDRESS = '10.0.0.1'
const INSTALLED = join(import.meta.dirname, '../../deploy/manifests/metallb-native.yaml')

/** All objects of the installation. */
export const installed: readonly Manifest[] = readManifests(INSTALLED)

/** Wires this namespace up as the node, starts the API server and applies the installation. */
export async function install(others: readonly User[] = []): Promise<ApiServer> {
  ip('link', 'set', 'lo', 'up')
  makeWire('eth0', 'far')
  ip('address', 'add', `${ADDRESS}/24`, 'dev', 'eth0')
  const users = [serviceAccount('controller'), serviceAccount('speaker'), ...others]
  // There is no kube-proxy: the API server calls the webhooks at the Service's endpoint itself.
  const server = await startApiServer({ users, flags: { 'enable-aggregator-routing': 'true' } })
  await apply(server.client, installed)
  await apply(server.client, [webhookEndpoint])
  await createNode(server.client, NODE, { address: ADDRESS })
  return server
}

const webhookEndpoint: Manifest = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: 'metallb-webhook-service',
    namespace: 'metallb-system',
    labels: { 'kubernetes.io/service-name': 'metallb-webhook-service' },
  },
  addressType: 'IPv4',
  ports: [{ name: 'webhook', protocol: 'TCP', port: 9443 }],
  endpoints: [{ addresses: [ADDRESS], conditions: { ready: true } }],
}

/** One Pod of the installation; ports differ where two Pods have the same network here. */
export type PodPlan = Readonly<{
  program: 'controller' | 'speaker'
  name: string
  port: number
  args?: readonly string[]
  /** Whether its environment lacks the name of the Pod, as in manifests of old. */
  isUnnamed?: boolean
}>

/** Creates the Pod's object and starts its process with the rights of its service account. */
export async function startPod(
  server: ApiServer,
  { program, name, port, args = [], isUnnamed = false }: PodPlan,
): Promise<ClusterProgram> {
  const labels = { app: 'metallb', component: program }
  const spec = { nodeName: NODE, serviceAccountName: program, containers: [{ name: program, image: 'none' }] }
  const metadata = { name, namespace: 'metallb-system', labels, ownerReferences: await ownersOf(program, server) }
  const pod: Manifest = { apiVersion: 'v1', kind: 'Pod', metadata, spec }
  await server.client.create(pod)
  await server.client.patchStatus(pod, { phase: 'Running', podIP: ADDRESS, podIPs: [{ ip: ADDRESS }] })
  const flags = ['--kubeconfig', server.kubeconfigFor(program), '--run-dir', scratchDirectory(name)]
  // Metrics by HTTPS, whose readers are asked for their token.
  const ports = ['--port', String(port), '--metrics-secure', '--health-probe-port', String(port + 1000)]
  const podName = isUnnamed ? '' : name
  const env = {
    METALLB_NAMESPACE: 'metallb-system',
    METALLB_POD_NAME: podName,
    ...(await variablesOf(program, server)),
  }
  return new ClusterProgram([program, ...flags, ...ports, ...args], { env })
}

/** Whose Pod it would be. */
async function ownersOf(program: PodPlan['program'], { client }: ApiServer): Promise<object[]> {
  if (program === 'controller') return []
  const path = '/apis/apps/v1/namespaces/metallb-system/daemonsets'
  const owner = await observed(client, { path, name: 'speaker' }, (one) => one !== undefined, 'the DaemonSet is there')
  const uid = fieldAt(owner, 'metadata', 'uid')
  return [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'speaker', uid, controller: true }]
}

async function variablesOf(program: PodPlan['program'], server: ApiServer): Promise<Record<string, string>> {
  if (program === 'controller') return { METALLB_ML_SECRET_NAME: 'memberlist', METALLB_DEPLOYMENT: 'controller' }
  return {
    METALLB_NODE_NAME: NODE,
    METALLB_HOST: ADDRESS,
    METALLB_ML_BIND_ADDR: ADDRESS,
    METALLB_ML_LABELS: 'app=metallb,component=speaker',
    METALLB_ML_SECRET_KEY_PATH: await mountedKey(server),
  }
}

/** A directory with what the controller put into the Secret, as a kubelet mounts it. */
async function mountedKey({ client }: ApiServer): Promise<string> {
  const place = { path: '/api/v1/namespaces/metallb-system/secrets', name: 'memberlist' }
  const secret = await observed(client, place, (object) => object !== undefined, 'the Secret of the ring is there')
  const directory = scratchDirectory('secret')
  writeFileSync(join(directory, 'secretkey'), Buffer.from(String(fieldAt(secret, 'data', 'secretkey')), 'base64'))
  return directory
}
