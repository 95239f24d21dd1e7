// SPDX-License-Identifier: Apache-2.0
/** Two nodes, a client and an API server on one switch; speakers with the rights and variables of their Pods. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest } from '../../lab/cluster/api-client.ts'
import { type ApiServer, startApiServer } from '../../lab/cluster/api-server.ts'
import { apply, applyCrds } from '../../lab/cluster/apply.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { createNode, endpointSlice, metallb, namespace, pool, service } from '../../lab/cluster/objects.ts'
import { observedAll } from '../../lab/cluster/observe.ts'
import { ClusterProgram } from '../../lab/cluster/program.ts'
import { scratchDirectory } from '../../lab/cluster/scratch.ts'
import type { Host, HostPlan } from '../../lab/host.ts'
import { buildNetwork } from '../../lab/network.ts'
import { rankingOf } from '../../src/plan/election.ts'
import { ip } from '../lab/wire-namespace.ts'
import { watches } from './guide-speakers.ts'

const RBAC = join(import.meta.dirname, '../../deploy/manifests/rbac.yaml')
const STATUSES = '/apis/metallb.io/v1beta1/namespaces/metallb-system/servicel2statuses'
export const LABELS = 'app=metallb,component=speaker'
export const NODES = ['node-1', 'node-2'] as const
export type NodeName = (typeof NODES)[number]

const hostPlan = (name: string, last: number): HostPlan => ({
  name,
  address: `192.168.1.${last}`,
  mac: `02:00:00:00:00:${last.toString(16).padStart(2, '0')}`,
  ownAddresses: [],
  routes: [],
  settings: {},
})
const PLANS = { 'node-1': hostPlan('node-1', 11), 'node-2': hostPlan('node-2', 12), client: hostPlan('client', 200) }
const SERVER = '192.168.1.1'

export class RingScene {
  readonly server: ApiServer
  readonly client: Host
  readonly #key = scratchDirectory('secret')
  readonly #speakers = new Map<NodeName, ClusterProgram>()
  readonly #runDirectories = new Map(NODES.map((node) => [node, scratchDirectory(`run-${node}`)]))

  /** `open` makes one. */
  constructor(server: ApiServer, client: Host) {
    this.server = server
    this.client = client
    writeFileSync(join(this.#key, 'secretkey'), 'a-secret-of-22-letters')
  }

  /** All but Services and speakers. The Nodes' addresses are those of another network, which only Pods know better. */
  static async open(): Promise<RingScene> {
    ip('link', 'set', 'lo', 'up')
    const [client] = await buildNetwork([PLANS.client, PLANS['node-1'], PLANS['node-2']])
    assert.ok(client)
    ip('address', 'add', `${SERVER}/24`, 'dev', 'switch')
    const server = await startApiServer({ address: SERVER })
    await applyCrds(server.client)
    await apply(server.client, [namespace()])
    await apply(server.client, readFileSync(RBAC, 'utf8'))
    await apply(server.client, [pool('lan', '192.0.2.0/24'), metallb('L2Advertisement', 'lan', {})])
    for (const [at, node] of NODES.entries()) {
      await createNode(server.client, node, { address: `10.9.9.${at + 1}` })
      const pod = podOf(node)
      const podIP = PLANS[node].address
      await server.client.create(pod)
      await server.client.patchStatus(pod, { phase: 'Running', podIP, podIPs: [{ ip: podIP }] })
    }
    return new RingScene(server, client)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#speakers.values()].map((speaker) => speaker.kill()))
    await this.server.stop()
  }

  /** From now on the Nodes have the addresses at which their speakers are. */
  async correctNodes(): Promise<void> {
    for (const node of NODES) {
      const addresses = [{ type: 'InternalIP', address: PLANS[node].address }]
      const object = await this.server.client.get(`/api/v1/nodes/${node}`)
      await this.server.client.patchStatus({ ...object, apiVersion: 'v1', kind: 'Node' }, { addresses })
    }
  }

  /** Starts a node's speaker as its DaemonSet would; it has said that it is ready. */
  async start(node: NodeName): Promise<ClusterProgram> {
    const place = ['--kubeconfig', this.server.kubeconfigFor('speaker'), '--run-dir', this.runDirectory(node)]
    const env = {
      METALLB_NODE_NAME: node,
      METALLB_NAMESPACE: 'metallb-system',
      METALLB_POD_NAME: podOf(node).metadata.name,
      METALLB_ML_BIND_ADDR: PLANS[node].address,
      METALLB_ML_LABELS: LABELS,
      METALLB_ML_SECRET_KEY_PATH: this.#key,
    }
    const within = ['ip', 'netns', 'exec', node]
    const speaker = new ClusterProgram(['speaker', ...place], { env, within })
    this.#speakers.set(node, speaker)
    await speaker.said('ready')
    return speaker
  }

  /** Resolves when both speakers that run now watch each other. */
  async watching(): Promise<void> {
    await Promise.all([this.on('node-1').said(watches('node-2')), this.on('node-2').said(watches('node-1'))])
  }

  on(node: NodeName): ClusterProgram {
    const speaker = this.#speakers.get(node)
    assert.ok(speaker, `there was no speaker on ${node}`)
    return speaker
  }

  macOf(node: NodeName): string {
    return PLANS[node].mac
  }

  runDirectory(node: NodeName): string {
    return this.#runDirectories.get(node) ?? ''
  }

  /** A Service as a controller leaves it, whose address is the first of the pool that a node answers for while it can. */
  async serve(name: string, node: NodeName): Promise<string> {
    const { client } = this.server
    const all = Array.from({ length: 200 }, (_, at) => `192.0.2.${at + 1}`)
    const address = all.find((each) => rankingOf({ candidates: NODES, ads: [], ip: each })[0] === node)
    assert.ok(address)
    await apply(client, [service(name), endpointSlice(name, NODES)])
    await client.patchStatus(service(name), { loadBalancer: { ingress: [{ ip: address }] } })
    return address
  }

  /** Resolves when there is one ServiceL2Status of a Service, and it names the node. */
  async statusNames(name: string, node: NodeName): Promise<void> {
    await observedAll(this.server.client, `${STATUSES}?labelSelector=metallb.io/service-name%3D${name}`, {
      holds: (all) => [...all.values()].map((one) => String(fieldAt(one, 'status', 'node'))).join() === node,
      what: `the one ServiceL2Status of ${name} names ${node}`,
    })
  }
}

function podOf(node: string): Manifest {
  const labels = { app: 'metallb', component: 'speaker' }
  const metadata = { name: `speaker-of-${node}`, namespace: 'metallb-system', labels }
  const spec = { nodeName: node, containers: [{ name: 'speaker', image: 'none' }] }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec }
}
