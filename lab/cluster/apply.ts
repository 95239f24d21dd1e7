// SPDX-License-Identifier: Apache-2.0
/** Manifests → the API server, as fast as it takes them. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { ApiClient, Manifest } from './api-client.ts'
import { fieldAt } from './field.ts'
import { observed } from './observe.ts'

const CRDS = join(import.meta.dirname, '../../deploy/crds')
const AT_ONCE = 8
/** What others stand in goes first. */
const FIRST = new Set(['Namespace', 'CustomResourceDefinition'])

/** The objects of YAML or JSON text, of a file, or of all files right in a directory; Lists are opened. */
export function readManifests(textOrPath: string): Manifest[] {
  const text = textOrPath.includes('\n') || textOrPath.trimStart().startsWith('{') ? textOrPath : readAll(textOrPath)
  return parseAllDocuments(text, { schema: 'core' }).flatMap((document) => {
    const value: (Manifest & { items?: Manifest[] }) | null = document.toJS()
    return value === null ? [] : (value.items ?? [value])
  })
}

function readAll(path: string): string {
  if (!statSync(path).isDirectory()) return readFileSync(path, 'utf8')
  const names = readdirSync(path).filter((name) => /\.(?:ya?ml|json)$/.test(name) && !name.startsWith('kustomization.'))
  return names.map((name) => `---\n${readFileSync(join(path, name), 'utf8')}\n`).join('')
}

/** Applies objects, or those of `readManifests`: namespaces and CRDs first, then eight at a time. Throws Refused. */
export async function apply(client: ApiClient, manifests: string | readonly Manifest[]): Promise<void> {
  const objects = typeof manifests === 'string' ? readManifests(manifests) : manifests
  for (const object of objects.filter(({ kind }) => FIRST.has(kind))) await client.apply(object)
  const crds = objects.filter(({ kind }) => kind === 'CustomResourceDefinition')
  await Promise.all(crds.map((crd) => established(client, crd.metadata.name)))
  const rest = objects.filter(({ kind }) => !FIRST.has(kind))
  await inParallel(rest, AT_ONCE, async (object) => void (await client.apply(object)))
}

/** Installs our nine CRDs; resolves when they are served. */
export async function applyCrds(client: ApiClient): Promise<void> {
  await apply(client, CRDS)
}

/** Calls `work` for each item, never for more than `width` of them at a time. */
export async function inParallel<T>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]()
  const lane = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value)
  }
  await Promise.all(Array.from({ length: width }, lane))
}

async function established(client: ApiClient, name: string): Promise<void> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions`
  await observed(client, { path, name }, (crd) => hasCondition(crd, 'Established'), `CRD ${name} is established`)
}

function hasCondition(object: Manifest | undefined, type: string): boolean {
  const conditions = fieldAt(object, 'status', 'conditions')
  if (!Array.isArray(conditions)) return false
  return conditions.some((condition) => fieldAt(condition, 'type') === type && fieldAt(condition, 'status') === 'True')
}
