// SPDX-License-Identifier: Apache-2.0
/**
 * A Kubernetes cluster as it is run: a control plane, three nodes with kubelets and containers, and a client that is
 * none of them, all on one switch. Made of namespaces in a sandbox (../sandbox.ts), which is also how it ends.
 */
import { mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { ApiServer } from '../cluster/api-server.ts'
import { fieldAt } from '../cluster/field.ts'
import { observedAll } from '../cluster/observe.ts'
import { run } from '../command.ts'
import type { Host, HostPlan } from '../host.ts'
import { Neighbors } from '../neighbors.ts'
import { buildNetwork } from '../network.ts'
import { ClusterNode } from './cluster-node.ts'
import { nodeUser, PROXY, startControlPlane } from './control-plane.ts'
import { imageArchives } from './images.ts'
import { createCgroup, shieldMachine } from './machine.ts'

export type WholeCluster = Readonly<{
  directory: string
  server: ApiServer
  nodes: readonly ClusterNode[]
  client: Host
  /** What the client learns about its link. */
  neighbors: Neighbors
}>

const CONTROL_PLANE = '192.168.1.10'
const NUMBERS = [1, 2, 3]
const READY_MS = 90_000

/** Builds everything; resolves when all nodes are Ready. Only inside a sandbox; `directory` is its own. */
export async function buildWholeCluster(directory: string, tell: (line: string) => void): Promise<WholeCluster> {
  await shieldMachine(directory)
  const names = NUMBERS.map(nameOf)
  const [client, ...hosts] = await buildNetwork([CLIENT, ...NUMBERS.map(nodePlan)])
  if (!client) throw new Error('the network has a client')
  await joinNetwork()
  const archives = await imageArchives(directory)
  const [controlPlane, snapshotter] = [
    await startControlPlane(directory, CONTROL_PLANE, names),
    await bestSnapshotter(directory),
  ]
  const { server, components, kubeconfigOf } = controlPlane
  tell('the API server is ready')
  const proxyConfig = kubeconfigOf(PROXY)
  const nodes = hosts.map((host, index) => {
    const own = join(directory, host.name)
    mkdirSync(own)
    const plan = {
      name: host.name,
      directory: own,
      cgroup: createCgroup(basename(directory), host.name),
      podSubnet: podSubnet(NUMBERS[index] ?? 0),
      snapshotter,
    }
    return new ClusterNode(host, plan, { components, proxyConfig, kubeletConfig: kubeconfigOf(nodeUser(host.name)) })
  })
  for (const node of nodes) await node.startContainers(archives)
  tell(`the images are on all nodes (${snapshotter})`)
  for (const node of nodes) node.startKubelet()
  const neighbors = new Neighbors(client)
  await neighbors.start()
  await observedAll(server.client, '/api/v1/nodes', {
    holds: (found) => found.size === nodes.length && [...found.values()].every(isReady),
    what: 'all nodes are Ready',
    deadlineMs: READY_MS,
  }).catch((error: unknown) => {
    throw new Error(nodes.map((node) => node.describe()).join('\n'), { cause: error })
  })
  return { directory, server, nodes, client, neighbors }
}

export function isReady(node: unknown): boolean {
  const conditions = fieldAt(node, 'status', 'conditions')
  return (
    Array.isArray(conditions) &&
    conditions.some((one) => fieldAt(one, 'type') === 'Ready' && fieldAt(one, 'status') === 'True')
  )
}

/** The control plane is the machine that the switch is in. */
async function joinNetwork(): Promise<void> {
  const routes = NUMBERS.map((number) => `route add ${podSubnet(number)} via ${addressOf(number)}`)
  await run(['ip', '-batch', '-'], [`address add ${CONTROL_PLANE}/24 dev switch`, ...routes].join('\n'))
}

/** A disk that is itself an overlay, as in a container, cannot carry another one. */
async function bestSnapshotter(directory: string): Promise<'overlayfs' | 'native'> {
  const folder = join(directory, 'overlay')
  for (const part of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(folder, part), { recursive: true })
  const layers = `lowerdir=${folder}/lower,upperdir=${folder}/upper,workdir=${folder}/work`
  return await run(['mount', '-t', 'overlay', 'overlay', '-o', layers, `${folder}/merged`]).then(
    () => 'overlayfs',
    () => 'native',
  )
}

const nameOf = (number: number) => `node-${number}`
const addressOf = (number: number) => `192.168.1.${10 + number}`
const podSubnet = (number: number) => `10.244.${number}.0/24`

function nodePlan(number: number): HostPlan {
  const others = NUMBERS.filter((other) => other !== number)
  return {
    name: nameOf(number),
    address: addressOf(number),
    mac: `02:00:00:00:00:${10 + number}`,
    ownAddresses: [],
    routes: [
      // A packet to a cluster IP needs a way out before kube-proxy's rules get to see it.
      { to: 'default', via: CONTROL_PLANE },
      ...others.map((other) => ({ to: podSubnet(other), via: addressOf(other) })),
    ],
    settings: { ip_forward: 1, 'conf/all/send_redirects': 0, 'conf/eth0/send_redirects': 0 },
  }
}

const CLIENT: HostPlan = {
  name: 'client',
  address: '192.168.1.100',
  mac: '02:00:00:00:01:00',
  ownAddresses: [],
  routes: [],
  settings: {
    'conf/eth0/arp_accept': 1, // learn from announcements that nobody asked for
    'neigh/eth0/locktime': 0, // believe the last answer even right after another one
    'neigh/eth0/retrans_time_ms': 100, // three questions take 300 ms, not 3 s
  },
}
