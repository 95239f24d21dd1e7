// SPDX-License-Identifier: Apache-2.0
/** Selectors over Nodes that select nothing. Silent as long as no Node is among the files. */
import type { KubeObject } from '../../../lib/object.ts'
import type { Problem } from '../../../lib/problem.ts'
import { fieldText } from '../../../manifests/schema-problems.ts'
import type { Node } from '../../../model/node.ts'
import { parseSelectors } from '../../../model/parse-selector.ts'
import type { L2AdvertisementSpec, LabelSelector } from '../../../model/resources.generated.ts'
import { selectNodes } from '../../../model/select.ts'
import { alternatives, list } from '../../../model/wording.ts'
import { MUTE, metallbObjects, type Subject, type Words, warning } from './subject.ts'

type Spec = Pick<L2AdvertisementSpec, 'nodeSelectors' | 'preferredNodeSelectors'>
type Path = readonly (string | number)[]
/** Every value that a label has on some Node; `keys` and `sorted` in their order, for sentences. */
type Labels = Readonly<{ keys: readonly string[]; values: ReadonlyMap<string, Values> }>
type Values = Readonly<{ known: ReadonlySet<string>; sorted: readonly string[] }>

/** Warnings about node selectors, by kind and in the order of the files. */
export function* selectorWarnings(subject: Subject): Generator<Problem> {
  const { nodes } = subject.draft.model
  if (nodes.size === 0 || subject.unusable.has('Node')) return
  const labels = labelsOf(nodes)
  for (const kind of ['L2Advertisement', 'BGPAdvertisement', 'BGPPeer']) {
    for (const object of metallbObjects(subject, kind)) {
      const found = [...unknownLabels(object, labels)]
      yield* found.map((words) => warning(object, words))
      if (found.length === 0) yield* emptySelection(object, nodes)
    }
  }
}

function labelsOf(nodes: ReadonlyMap<string, Node>): Labels {
  const all = new Map<string, Set<string>>()
  for (const { labels } of nodes.values()) {
    for (const [key, value] of Object.entries(labels)) {
      const values = all.get(key)
      if (values) values.add(value)
      else all.set(key, new Set([value]))
    }
  }
  const values = new Map([...all].map(([key, known]) => [key, { known, sorted: [...known].toSorted() }]))
  return { keys: [...all.keys()].toSorted(), values }
}

function* unknownLabels({ spec }: KubeObject, labels: Labels): Generator<Words> {
  const { nodeSelectors = [], preferredNodeSelectors = [] } = (spec ?? {}) as Spec
  for (const [index, selector] of nodeSelectors.entries()) {
    yield* unknownIn(selector, ['spec', 'nodeSelectors', index], labels)
  }
  for (const [index, { preference }] of preferredNodeSelectors.entries()) {
    yield* unknownIn(preference, ['spec', 'preferredNodeSelectors', index, 'preference'], labels)
  }
}

function* unknownIn(selector: LabelSelector, path: Path, labels: Labels): Generator<Words> {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    const message = lacking(key, [value], labels)
    if (message) yield { field: fieldText([...path, 'matchLabels', key]), code: 'unknownLabel', message }
  }
  for (const [index, { key, operator, values = [] }] of (selector.matchExpressions ?? []).entries()) {
    const wanted = operator === 'Exists' ? null : operator === 'In' && values.length > 0 ? values : undefined
    const message = wanted === undefined ? null : lacking(key, wanted, labels)
    if (message) yield { field: fieldText([...path, 'matchExpressions', index]), code: 'unknownLabel', message }
  }
}

/** What no Node has; null where one has it. `wanted` null: any value will do. */
function lacking(key: string, wanted: readonly string[] | null, { keys, values }: Labels): string | null {
  const there = values.get(key)
  if (!there) return `no Node has a label ${key}; ${alternatives(key, keys, 'labels')}`
  if (wanted === null || wanted.some((value) => there.known.has(value))) return null
  const [only = ''] = wanted
  if (wanted.length === 1) return `no Node has label ${key}=${only}; ${alternatives(only, there.sorted, 'values')}`
  return `no Node has label ${key} in (${list(wanted)}); the values there are: ${list(there.sorted)}`
}

function* emptySelection(object: KubeObject, nodes: ReadonlyMap<string, Node>): Generator<Problem> {
  const { nodeSelectors = [] } = (object.spec ?? {}) as Spec
  const field = 'spec.nodeSelectors'
  if (nodeSelectors.length === 0 || selectNodes(parseSelectors(nodeSelectors, field, MUTE), nodes).size > 0) return
  const message = `no Node meets all of any one selector here, so this ${object.kind} has no effect; the Nodes there are: ${list([...nodes.keys()])}`
  yield warning(object, { field, code: 'selectsNoNode', message })
}
