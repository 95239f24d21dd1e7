// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util'
import type { AdmissionRequest, Refusal, Verdict } from '../../../kube/admission-review.ts'
import type { KubeApi } from '../../../kube/api.ts'
import { BGP_PEERS, NODES } from '../../../kube/resource.ts'
import type { KubeObject } from '../../../lib/object.ts'
import type { Problem } from '../../../lib/problem.ts'
import type { BGPPeerSpec } from '../../../model/resources.generated.ts'
import { list } from '../../../model/wording.ts'
import { sentenceOf } from '../../problem-log.ts'
import { type Judgement, judge } from './judge.ts'
import { askFor, listLive } from './live.ts'
import type { Rule } from './rules.ts'

type Context = Readonly<{ api: KubeApi; namespace: string }>

/** Of causes, and of warnings: an answer is for people, and the API server reads no long one. */
const LISTED = 20

const PASS: Judgement = { refusals: [], warnings: [] }
const DISABLE_MP = "disable mp is deprecated and has no effect since it's the default behavior now"

/** Decides one request by its rule. Throws KubeFault when what it depends on cannot be read. */
export async function admit(rule: Rule, request: AdmissionRequest, context: Context): Promise<Verdict> {
  const { operation, object, oldObject } = request
  if (operation === 'DELETE') return verdictOf(oldObject ? await judgeDeletion(rule, oldObject, context) : PASS, [])
  if (object === null || operation === 'CONNECT') return verdictOf(PASS, [])
  if (isUntouched(object, oldObject)) return verdictOf(PASS, [])
  // Where it does not count it may not be made; one that is there already does no harm, and can be changed.
  if (operation === 'UPDATE' && object.metadata.namespace !== context.namespace) return verdictOf(PASS, [])
  return verdictOf(await judgeObject(rule, object, context), disablesMp(object) ? [DISABLE_MP] : [])
}

/** Labels, finalizers and the end of an object are nobody's business, even if the object was never right. */
function isUntouched({ metadata, spec }: KubeObject, oldObject: KubeObject | null): boolean {
  if (oldObject === null) return false
  return 'deletionTimestamp' in metadata || isDeepStrictEqual(spec, oldObject.spec)
}

/**
 * Nodes are many and large, and few objects depend on them: while none is known, all are taken to be shared. So they
 * are read only when that is what an object would be refused for.
 */
async function judgeObject(rule: Rule, object: KubeObject, { api, namespace }: Context): Promise<Judgement> {
  const asking = askFor(api)
  const lists = await Promise.all([rule.resource, ...rule.beside].map((each) => listLive(asking, each, namespace)))
  const existing = lists.flat()
  const judgement = judge(object, existing, namespace)
  if (!judgement.refusals.some(({ code }) => rule.perNode.has(code))) return judgement
  return judge(object, [...existing, ...(await listLive(asking, NODES, ''))], namespace)
}

/** Pools, advertisements and peers in use can be deleted; a profile would take BFD away from sessions silently. */
async function judgeDeletion(rule: Rule, object: KubeObject, { api, namespace }: Context): Promise<Judgement> {
  const { kind, metadata } = object
  if (rule.resource.kind !== 'BFDProfile' || metadata.namespace !== namespace) return PASS
  const peers = await listLive(askFor(api), BGP_PEERS, namespace)
  const users = peers.filter(({ spec }) => ((spec ?? {}) as Partial<BGPPeerSpec>).bfdProfile === metadata.name)
  if (users.length === 0) return PASS
  const names = list(users.map((peer) => peer.metadata.name).toSorted())
  const message = `it cannot be deleted while BGPPeer ${names} uses it (spec.bfdProfile); change that first`
  const ref = { kind, namespace: metadata.namespace, name: metadata.name }
  const common = { severity: 'error', object: ref, transient: false } as const
  return { refusals: [{ ...common, field: 'metadata.name', code: 'bfdProfileInUse', message }], warnings: [] }
}

function disablesMp({ kind, spec }: KubeObject): boolean {
  return kind === 'BGPPeer' && ((spec ?? {}) as Partial<BGPPeerSpec>).disableMP === true
}

function verdictOf({ refusals, warnings }: Judgement, more: readonly string[]): Verdict {
  return { refusal: refusalOf(refusals), warnings: [...more, ...warnings.slice(0, LISTED).map(describe)] }
}

/** One sentence for the first; the rest stand in `causes`, and are counted. */
function refusalOf(problems: readonly Problem[]): Refusal | null {
  const [first, ...others] = problems
  if (!first) return null
  const codes = [...new Set(others.map(({ code }) => code))].join(', ')
  const rest = others.length === 0 ? '' : `; ${others.length} more of the kind ${codes}`
  const causes = problems.slice(0, LISTED).map(({ code, field, message }) => ({ reason: code, field, message }))
  return { message: describe(first) + rest, causes }
}

function describe(problem: Problem): string {
  return `${sentenceOf(problem)} (${problem.code})`
}
