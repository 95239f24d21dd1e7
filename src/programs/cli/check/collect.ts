// SPDX-License-Identifier: Apache-2.0
/** Everything that is wrong with a set of files, each problem once and where it stands. */
import type { Problem } from '../../../lib/problem.ts'
import { comparePaths } from '../../../manifests/paths.ts'
import { draftModel } from '../../../model/load.ts'
import { handles, parseService, type Service } from '../../../model/service.ts'
import type { PathObjects } from '../paths.ts'
import { advertisementWarnings } from './advertisements.ts'
import { deprecationWarnings } from './deprecations.ts'
import { poolWarnings } from './pools.ts'
import { requestWarnings } from './requests.ts'
import { selectorWarnings } from './selectors.ts'
import { serviceFieldWarnings } from './service-fields.ts'
import type { Network, Rule, Subject } from './subject.ts'

const RULES: readonly Rule[] = [
  poolWarnings,
  advertisementWarnings,
  selectorWarnings,
  deprecationWarnings,
  serviceFieldWarnings,
  requestWarnings,
]

/** More problems of one code about one object, or about a file that holds none, help nobody. */
const LISTED = 100

export type CollectOptions = Readonly<{
  /** Where metallb.io objects count. */
  namespace: string
  /** --lb-class: which Services are ours. */
  classes: readonly string[]
  networks: readonly Network[]
}>

/** Problems by file and place. What another file may cure is a warning here, though a cluster would hold it back. */
export function collectProblems(files: PathObjects, options: CollectOptions): readonly Problem[] {
  const objects = files.entries.flatMap(({ object }) => object ?? [])
  const unusable = new Set(files.entries.filter(({ object }) => object === null).map(({ ref }) => ref.kind))
  const draft = draftModel(objects, { namespace: options.namespace })
  const parsed = parseServices(objects)
  const services = parsed.services
    .filter((service) => service.type === 'LoadBalancer' && handles(options.classes, service))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
  const subject: Subject = { draft, objects, services, networks: options.networks, unusable }
  const warnings = RULES.flatMap((rule) => [...rule(subject)])
  const found = [...draft.problems.filter((problem) => !isFollowOn(problem, subject)), ...parsed.problems, ...warnings]
  const located = shortened(found.map(softened)).map((problem) => files.locate(problem))
  return unique([...shortened(files.problems), ...located]).toSorted(byPlace)
}

function parseServices(objects: Subject['objects']): { services: Service[]; problems: Problem[] } {
  const services: Service[] = []
  const problems: Problem[] = []
  for (const object of objects) {
    if (object.kind !== 'Service' || object.apiVersion !== 'v1') continue
    const parsed = parseService(object, { fillDefaults: true })
    if (parsed.ok) services.push(parsed.service)
    else problems.push(...parsed.problems)
  }
  return { services, problems }
}

/** What each code takes for missing. */
const MISSING: Readonly<Record<string, string>> = {
  unknownPool: 'IPAddressPool',
  unknownPeer: 'BGPPeer',
  unknownCommunity: 'Community',
  unknownBfdProfile: 'BFDProfile',
  unknownSecret: 'Secret',
}

/** Whether something only seems to be missing, because the object that it is in cannot be used. */
function isFollowOn({ code }: Problem, { unusable }: Subject): boolean {
  const kind = MISSING[code]
  return kind !== undefined && unusable.has(kind)
}

function softened(problem: Problem): Problem {
  return problem.transient ? { ...problem, severity: 'warning' } : problem
}

/** The first of too many says how many there are. */
function shortened(problems: readonly Problem[]): Problem[] {
  return [
    ...Map.groupBy(problems, (problem) => `${problem.code} ${nameOf(problem)} ${problem.file ?? ''}`).values(),
  ].flatMap((alike) => {
    const [first, ...others] = alike
    if (!first || alike.length <= LISTED) return alike
    const message = `${first.message} (and ${alike.length - LISTED} more of this sort in this ${first.object.kind === '' ? 'file' : 'object'})`
    return [{ ...first, message }, ...others.slice(0, LISTED - 1)]
  })
}

function nameOf({ object: { kind, namespace, name } }: Problem): string {
  return `${kind}/${namespace}/${name}`
}

function unique(problems: readonly Problem[]): Problem[] {
  const byIdentity = new Map(
    problems.map((problem) => {
      const { file, line, column, field, code, message } = problem
      return [JSON.stringify([nameOf(problem), file, line, column, field, code, message]), problem]
    }),
  )
  return [...byIdentity.values()]
}

function byPlace(a: Problem, b: Problem): number {
  return comparePaths(a.file ?? '', b.file ?? '') || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)
}
