// SPDX-License-Identifier: Apache-2.0
/**
 * What the API server makes of objects and what `validateStructure` makes of them offline are the same: the verdict, and
 * of a valid one also the object, with its defaults and without unknown fields.
 *
 * The server is asked twice. For the shape it gets the CRDs' schemas under another group, without their CEL rules, whose
 * work offline is the model's, and without status as a subresource, so that status is looked at like the rest. For the
 * files of the project it gets the CRDs as they are.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Manifest } from '../../lab/cluster/api-client.ts'
import { type ApiServer, startApiServer } from '../../lab/cluster/api-server.ts'
import { apply, applyCrds, inParallel, readManifests } from '../../lab/cluster/apply.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { namespace } from '../../lab/cluster/objects.ts'
import type { Problem } from '../../src/lib/problem.ts'
import { inspect } from '../../src/manifests/inspect.ts'
import { loadModel } from '../../src/model/load.ts'
import { type Case, celCases, fieldCases, fileCases } from './schema-corpus.ts'

const CRDS = join(import.meta.dirname, '../../deploy/crds')
const SHAPE = 'shape.metallb.io'
const NAMESPACE = 'metallb-system'
let server: ApiServer

before(async () => {
  server = await startApiServer({ audit: false })
  await apply(server.client, [namespace(), ...readManifests(CRDS).flatMap(shapes)])
  await applyCrds(server.client)
})
after(async () => await server.stop())

/** A CRD for each version of this one, `v1beta1.shape.metallb.io`: one alone needs no conversion. */
function shapes(crd: Manifest): Manifest[] {
  const text = JSON.stringify(crd['spec'], (key, value: unknown) => (LEFT_OUT.has(key) ? undefined : value))
  const spec: { names: { plural: string }; versions: { name: string }[] } = JSON.parse(text)
  return spec.versions.map((version) => {
    const group = `${version.name}.${SHAPE}`
    const alone = { ...spec, group, versions: [{ ...version, served: true, storage: true }] }
    return { ...crd, metadata: { name: `${spec.names.plural}.${group}` }, spec: alone }
  })
}

const LEFT_OUT = new Set(['x-kubernetes-validations', 'subresources', 'conversion'])

type Verdict = Readonly<{ object: unknown } | { refusal: string }>

async function askServer({ object }: Case, asShape: boolean): Promise<Verdict> {
  const [own, version = ''] = String(object['apiVersion']).split('/')
  const group = asShape ? `${version}.${SHAPE}` : own
  const plural = `${String(object['kind']).toLowerCase()}s`.replace(/(ity|us)s$/, (_, end) => PLURALS[end] ?? '')
  const path = `/apis/${group}/${version}/namespaces/${NAMESPACE}/${plural}`
  const body = { ...object, apiVersion: `${group}/${version}` }
  const answer = await server.client.send('POST', `${path}?dryRun=All`, { body })
  if (answer.status === 201) return { object: sections(answer.body) }
  assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status} ${JSON.stringify(answer.body)}`)
  return { refusal: JSON.stringify(fieldAt(answer.body, 'message') ?? answer.status) }
}

const PLURALS: Readonly<Record<string, string>> = { ity: 'ities', us: 'uses' }

function askOurs({ object }: Case): Verdict {
  const { finds, complaints } = inspect(object, { namespace: NAMESPACE })
  const errors = complaints.filter(({ problem }) => problem.severity === 'error')
  const refusal = errors.map(({ problem }) => `${problem.field}: ${problem.message}`).join('; ')
  return errors.length > 0 ? { refusal } : { object: sections(finds[0]?.object) }
}

const sections = (object: unknown) => ({ spec: fieldAt(object, 'spec'), status: fieldAt(object, 'status') })

/** Where the two differ, in words. */
async function difference(one: Case): Promise<string | undefined> {
  const [theirs, ours] = [await askServer(one, true), askOurs(one)]
  if ('refusal' in theirs && 'refusal' in ours) return undefined
  if ('refusal' in theirs) return `${one.name}: only the server refuses it: ${theirs.refusal}`
  if ('refusal' in ours) return `${one.name}: only we refuse it: ${ours.refusal}`
  const [left, right] = [sorted(theirs.object), sorted(ours.object)]
  return left === right ? undefined : `${one.name}: the server makes ${left} of it, we make ${right}`
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

/** Those that differ in a way that is not listed here, and the ways listed here in which none differs. */
async function unexpected(cases: readonly Case[], expected: readonly RegExp[]): Promise<string[]> {
  const found: string[] = []
  await inParallel(cases, 8, async (one) => {
    const words = await difference(one)
    if (words !== undefined) found.push(words)
  })
  const idle = expected.filter((pattern) => !found.some((words) => pattern.test(words)))
  const strange = found.filter((words) => !expected.some((pattern) => pattern.test(words)))
  return [...strange, ...idle.map((pattern) => `nothing is like ${pattern}`)]
}

/** Up to 1.35 the server stores what MetalLB, which reads 32 bits, then fails to read. */
const LARGE = /^BGPAdvertisement v1beta1 spec\.aggregationLength(?:V6)?: -?\d{10,}: only we refuse it/
const ON_PURPOSE: readonly RegExp[] = [
  // The server takes a list for a time. Only programs write this status.
  /^ConfigurationState v1beta1 status\.conditions\.0\.lastTransitionTime: \[.*\]: only we refuse it/,
  // Conditions of one type twice: nobody reads this status from a file.
  /^ConfigurationState v1beta1 status\.conditions: .* only the server refuses it: .* Duplicate value/,
]

test('each field of each kind, right and wrong', async (context) => {
  const cases = fieldCases()
  context.diagnostic(`${cases.length} objects`)
  const minor = Number(fieldAt(await server.client.get('/version'), 'minor'))
  assert.deepEqual(await unexpected(cases, minor < 36 ? [LARGE, ...ON_PURPOSE] : ON_PURPOSE), [])
})

test('the objects of our files', async (context) => {
  const cases = fileCases()
  context.diagnostic(`${cases.length} objects`)
  assert.deepEqual(await unexpected(cases, []), [])
})

/** Of the problems that the model finds, those that the server knows, too, by the CRDs' CEL rules. */
function isOfCel({ code, field }: Problem): boolean {
  if (code === 'invalidDuration') return field === 'spec.connectTime' || field === 'spec.gracefulRestart.restartTime'
  return code === 'invalidConnectTime' || code === 'invalidRestartTime' || code === 'selectorsWithAggregation'
}

test('the CEL rules refuse what the model refuses by the same rules, and nothing else', async (context) => {
  // An old version of a kind needs a webhook that converts it, which is another test's.
  const cases = [...celCases(), ...fileCases()].filter(({ object }) => !isOldPeer(object))
  context.diagnostic(`${cases.length} objects`)
  const wrong: string[] = []
  let refused = 0
  await inParallel(cases, 8, async (one) => {
    const [theirs, ours] = [await askServer(one, false), celVerdict(one)]
    const verdict = 'refusal' in theirs ? theirs.refusal : 'accepted'
    if (verdict !== 'accepted') refused++
    const agreed = ours === 'otherwise' || (verdict === 'accepted') === (ours === 'accepted')
    if (!agreed) wrong.push(`${one.name} ${JSON.stringify(one.object['spec'])}: the server: ${verdict}; we: ${ours}`)
  })
  assert.deepEqual(wrong, [])
  assert.ok(refused > 30, `the server refused only ${refused}`)
})

function isOldPeer({ kind, apiVersion }: Case['object']): boolean {
  return kind === 'BGPPeer' && apiVersion === 'metallb.io/v1beta1'
}

/** `otherwise`: wrong by its shape, which the other tests compare. */
function celVerdict({ object }: Case): string {
  const { finds, complaints } = inspect(object, { namespace: NAMESPACE })
  const sound = finds.flatMap((find) => find.object ?? [])
  if (complaints.some(({ problem }) => problem.severity === 'error')) return 'otherwise'
  const problems = loadModel(sound, { namespace: NAMESPACE }).problems.filter(isOfCel)
  return problems.map(({ code, field }) => `${code} ${field}`).join(', ') || 'accepted'
}
