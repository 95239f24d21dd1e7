// SPDX-License-Identifier: Apache-2.0
/** All steps, one after the other: what there is after the last one, and after the one before it. */
import type { PoolCounters } from '../../../ipam/ledger.ts'
import type { Problem } from '../../../lib/problem.ts'
import { CEL_CODES } from '../../../model/codes.ts'
import { loadModel } from '../../../model/load.ts'
import type { Model } from '../../../model/model.ts'
import { alternatives } from '../../../model/wording.ts'
import type { World } from '../../../plan/world.ts'
import { usage } from '../exit.ts'
import type { PathObjects } from '../paths.ts'
import { Announcements } from './announcements.ts'
import type { Deletion, SimulateArguments } from './arguments.ts'
import { Allocator, type Assigned, type Assignment } from './assignment.ts'
import { applied, type Cluster, EMPTY, isFlawed, locate, nodesOf, objectsOf, without } from './cluster.ts'

export type Step = Readonly<{ objects: PathObjects; deletions: readonly Deletion[] }>

export type Settings = Pick<
  SimulateArguments,
  'namespace' | 'classes' | 'speakers' | 'interfaces' | 'ignoreExcludeLabel'
>

/** Services of type LoadBalancer, by namespace and name, and what becomes of each. */
export type Scene = Readonly<{ services: ReadonlyMap<string, Assigned>; announcements: Announcements }>

export type Result = Readonly<{
  problems: readonly Problem[]
  configured: boolean
  /** After the last step. */
  scene: Scene
  /** After the step before; null where there was only one. */
  before: Scene | null
  pools: readonly PoolCounters[]
  ignored: ReadonlyMap<string, number>
}>

/** Pure. Throws a UsageFault where the arguments name what no step has. */
export function simulate(steps: readonly Step[], settings: Settings): Result {
  const allocator = new Allocator(settings.classes)
  const scenes: Scene[] = []
  const nodes = new Set<string>()
  let cluster = EMPTY
  let model: Model | null = null
  let problems: readonly Problem[] = []
  let configured = false
  for (const { objects, deletions } of steps) {
    cluster = deleted(applied(cluster, objects), deletions)
    for (const node of nodesOf(cluster)) nodes.add(node)
    const loaded = loadModel(objectsOf(cluster), settings)
    problems = problemsOf(cluster, loaded.problems)
    configured = loaded.model !== null && !isFlawed(cluster)
    if (configured) model = loaded.model
    scenes.push(sceneOf(cluster, { model, assignment: allocator.step(cluster, model), settings }))
  }
  requireNodes(settings, nodes)
  const scene = scenes.at(-1)
  if (!scene) throw usage('there is no step')
  const before = scenes.at(-2) ?? null
  return { problems, configured, scene, before, pools: allocator.counters(), ignored: cluster.ignored }
}

function deleted(cluster: Cluster, deletions: readonly Deletion[]): Cluster {
  for (const { key, text } of deletions) {
    if (cluster.objects.has(key) || cluster.unreadable.has(key) || cluster.documentProblems.has(key)) continue
    throw usage(
      `--delete ${text}: there is no such object; ${alternatives(key, [...cluster.objects.keys()].toSorted(), 'objects')}`,
    )
  }
  return without(
    cluster,
    deletions.map(({ key }) => key),
  )
}

type Decided = Readonly<{ model: Model | null; assignment: Assignment; settings: Settings }>

function sceneOf(cluster: Cluster, { model, assignment, settings }: Decided): Scene {
  const sorted = [...assignment.values()]
    .filter(({ service }) => service.type === 'LoadBalancer')
    .toSorted((a, b) => compareNames(a.service, b.service))
  const services = new Map(sorted.map((assigned) => [assigned.service.key, assigned]))
  const nodes = model ? [...model.nodes.keys()] : nodesOf(cluster)
  const { speakers: given, interfaces, ignoreExcludeLabel } = settings
  const speakers = given ? nodes.filter((node) => given.includes(node)) : nodes
  const world: World | null = model && { model, speakers: new Set(speakers), interfaces, ignoreExcludeLabel }
  return { services, announcements: new Announcements(cluster, { world, speakers }, sorted) }
}

type Named = Readonly<{ namespace: string; name: string }>

function compareNames(a: Named, b: Named): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1
  return a.name < b.name ? -1 : 1
}

/** By object, field and place, so that the order in which files are named does not matter. */
function problemsOf(cluster: Cluster, ofModel: readonly Problem[]): readonly Problem[] {
  const all = [
    ...[...cluster.documentProblems.values()].flat(),
    ...ofModel.map((problem) =>
      locate(cluster, CEL_CODES.has(problem.code) ? { ...problem, code: 'schema' } : problem),
    ),
  ]
  const keyed = all.map((problem) => ({ problem, key: sortKey(problem) }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return keyed.filter(({ key }, at) => key !== keyed[at - 1]?.key).map(({ problem }) => problem)
}

function sortKey({ object, field, code, message, file = '', line = 0 }: Problem): string {
  const { kind, namespace, name } = object
  return [kind, namespace, name, field, code, file, String(line).padStart(9, '0'), message].join('\0')
}

/** A name that no Node has would change the answer in silence. */
function requireNodes({ speakers, interfaces }: Settings, nodes: ReadonlySet<string>): void {
  const refuse = (flag: string, names: Iterable<string>): void => {
    for (const name of names) {
      if (!nodes.has(name))
        throw usage(`${flag} ${name}: there is no such Node; ${alternatives(name, [...nodes].toSorted(), 'Nodes')}`)
    }
  }
  refuse('--speakers', speakers ?? [])
  refuse('--interfaces', interfaces.keys())
}
