// SPDX-License-Identifier: Apache-2.0
/** A cluster to measure in: an API server with what we install, a node, a pool, and the bundle's programs as processes. */
import { join } from 'node:path'
import { type ApiServer, startApiServer } from '../../lab/cluster/api-server.ts'
import { apply } from '../../lab/cluster/apply.ts'
import { createNode, metallb, pool } from '../../lab/cluster/objects.ts'
import { ClusterProgram } from '../../lab/cluster/program.ts'
import { scratchDirectory } from '../../lab/cluster/scratch.ts'
import { bundle } from '../../tools/bundle.ts'
import { NODE } from './churn.ts'

const INSTALLED = join(import.meta.dirname, '../../deploy/manifests')
/** 131,072 addresses. */
const RANGE = '198.18.0.0/15'

export type Scene = Readonly<{ server: ApiServer; launcher: string }>

export type ScenePlan = Readonly<{
  /** Nodes by their names, with their addresses. */
  nodes?: Readonly<Record<string, string>>
  /** How the pool is announced; null: not yet. */
  protocol?: 'layer2' | null
}>

/** Builds the bundle and starts the API server with all that `kubectl apply` gives a cluster, but no webhooks. */
export async function makeScene({
  nodes = { [NODE]: '10.0.0.1' },
  protocol = 'layer2',
}: ScenePlan = {}): Promise<Scene> {
  const dist = scratchDirectory('dist')
  await bundle(dist)
  const server = await startApiServer()
  await apply(server.client, join(INSTALLED, 'namespace.yaml'))
  await apply(server.client, join(INSTALLED, '../crds'))
  await apply(server.client, join(INSTALLED, 'rbac.yaml'))
  for (const [name, address] of Object.entries(nodes)) await createNode(server.client, name, { address })
  const announced = protocol === null ? [] : [metallb('L2Advertisement', 'benchmark', {})]
  await apply(server.client, [pool('benchmark', RANGE), ...announced])
  return { server, launcher: join(dist, 'metallb') }
}

/** Starts the controller with the rights of its service account; resolves when it decides. */
export async function startController(scene: Scene, within: readonly string[] = []): Promise<ClusterProgram> {
  const controller = start(scene, within, ['controller', ...flagsOf(scene, 'controller'), '--webhook-mode=disabled'])
  await controller.said('leading')
  return controller
}

/** Starts a node's speaker likewise, with NET_RAW as its one capability; resolves when it announces what it should. */
export async function startSpeaker(
  scene: Scene,
  within: readonly string[] = [],
  { node = NODE, healthPort = 17_473 }: Readonly<{ node?: string; healthPort?: number }> = {},
): Promise<ClusterProgram> {
  const narrow = ['setpriv', '--bounding-set', '-all,+net_raw', '--inh-caps', '-all,+net_raw']
  const flags = [...flagsOf(scene, 'speaker', healthPort), '--node-name', node]
  const speaker = start(scene, [...within, ...narrow], ['speaker', ...flags])
  await speaker.said('ready')
  return speaker
}

function start({ launcher }: Scene, within: readonly string[], args: readonly string[]): ClusterProgram {
  return new ClusterProgram(args, { launcher, within, env: { METALLB_NODE: process.execPath } })
}

/** All run on one machine here, so their ports differ. */
function flagsOf({ server }: Scene, account: 'controller' | 'speaker', healthPort = 17_472): string[] {
  const where = ['--kubeconfig', server.kubeconfigFor(account), '--namespace', 'metallb-system']
  const health = ['--health-probe-port', String(healthPort)]
  return [...where, '--port', '0', ...health, '--run-dir', scratchDirectory(account)]
}
