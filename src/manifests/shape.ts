// SPDX-License-Identifier: Apache-2.0
/** What every Kubernetes object must have before anything else is asked of it: apiVersion, kind and metadata. */
import type { KubeObject, ObjectMeta } from '../lib/object.ts'
import type { ObjectRef } from '../lib/problem.ts'
import type { ManifestCode } from './codes.ts'
import { isClusterScoped, isMetallb } from './kinds.ts'
import { isFields } from './structural.ts'
import { quoted } from './text.ts'

export type Misshapen = Readonly<{ object: ObjectRef; field: string; code: ManifestCode; message: string }>
export type Shaped = Readonly<{ ok: true; object: KubeObject }> | Readonly<{ ok: false; flaw: Misshapen }>

type Fields = Readonly<Record<string, unknown>>

/** `namespace`: where metallb.io objects live that name no namespace. */
export function toObject(value: unknown, namespace: string): Shaped {
  if (!isFields(value)) return nothing('', `this document is ${nameOfType(value)}; expected a Kubernetes object`)
  const { apiVersion, kind, metadata } = value
  if (!isText(apiVersion)) return nothing('apiVersion', `${lacking('apiVersion', value)} for example \`v1\``)
  if (!isText(kind)) return nothing('kind', `${lacking('kind', value)} for example \`Service\``)
  if (!isFields(metadata)) return nothing('metadata', `${lacking('metadata', value)} the name of this ${kind} in it`)
  const place = placeOf({ apiVersion, kind, metadata }, namespace)
  if (!place.ok) return place
  const rest = textsOf(place.ref, metadata)
  if (!rest.ok) return rest
  // The schema of a metallb.io object judges the rest of its metadata; elsewhere nobody reads it (managedFields is big).
  const unread = isMetallb(apiVersion) ? metadata : {}
  const meta: ObjectMeta = { ...unread, name: place.ref.name, namespace: place.ref.namespace, ...rest.meta }
  return { ok: true, object: { ...value, apiVersion, kind, metadata: meta } }
}

function nothing(field: string, message: string): Shaped {
  return { ok: false, flaw: { object: { kind: '', namespace: '', name: '' }, field, code: 'notAnObject', message } }
}

function lacking(field: string, value: Fields): string {
  const found = value[field]
  if (found === undefined || found === null || found === '') return `${field} is missing; expected`
  return `${field} is ${JSON.stringify(found).slice(0, 80)}; expected`
}

function nameOfType(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'string' ? 'text' : `a ${typeof value}`
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

type Head = Readonly<{ apiVersion: string; kind: string; metadata: Fields }>
type Refused = Readonly<{ ok: false; flaw: Misshapen }>

function placeOf({ apiVersion, kind, metadata }: Head, ours: string): { ok: true; ref: ObjectRef } | Refused {
  const clusterScoped = isClusterScoped(apiVersion, kind)
  const fallback = isMetallb(apiVersion) ? ours : 'default'
  const namespace = clusterScoped ? '' : (metadata['namespace'] ?? fallback)
  const name = metadata['name'] ?? ''
  const ref = { kind, namespace: shown(namespace), name: shown(name) }
  const refuse = (field: string, code: ManifestCode, message: string): Refused => {
    return { ok: false, flaw: { object: ref, field: `metadata.${field}`, code, message } }
  }
  if (name === '' && isText(metadata['generateName']))
    return refuse('generateName', 'noName', `generateName makes a new ${kind} at each reading; give it a metadata.name`)
  if (name === '') return refuse('name', 'noName', `this ${kind} has no metadata.name`)
  if (!isText(name) || !isName(name, { apiVersion, kind })) return refuse('name', 'invalidName', badName(name, kind))
  if (!clusterScoped && (!isText(namespace) || !DNS_LABEL.test(namespace)))
    return refuse('namespace', 'invalidName', badName(namespace, 'Namespace'))
  return { ok: true, ref: { kind, namespace: ref.namespace, name } }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

// RFC 1123 labels as Kubernetes checks them; a subdomain is labels joined by points.
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/
const DNS_SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/

/** Groups whose objects we read, and write files about; all of their kinds are named by DNS rules. */
const DNS_NAMED = new Set(['v1', 'discovery.k8s.io/v1'])

/** Elsewhere names only have to fit into a URL's path (RBAC uses colons, for example). */
function isName(name: string, { apiVersion, kind }: { apiVersion: string; kind: string }): boolean {
  if (kind === 'Service') return DNS_LABEL.test(name)
  if (isMetallb(apiVersion) || DNS_NAMED.has(apiVersion)) return name.length <= 253 && DNS_SUBDOMAIN.test(name)
  return name.length <= 253 && name !== '.' && name !== '..' && !/[/%]/.test(name)
}

function badName(name: unknown, kind: string): string {
  const quote = typeof name === 'number' || typeof name === 'boolean' ? '; put it in quotes to make it text' : ''
  const found = JSON.stringify(typeof name === 'string' ? name.slice(0, 80) : name).slice(0, 82)
  return `${found} is no name for a ${kind}: expected lower case letters, digits and hyphens${quote}`
}

type Texts = Omit<ObjectMeta, 'name' | 'namespace'>

function textsOf(object: ObjectRef, metadata: Fields): { ok: true; meta: Texts } | Refused {
  for (const field of ['labels', 'annotations']) {
    const map = metadata[field] ?? {}
    if (!isFields(map))
      return invalid(object, field, `metadata.${field} is ${nameOfType(map)}; expected keys with text`)
    const wrong = Object.entries(map).find(([, value]) => typeof value !== 'string')
    if (!wrong) continue
    const [key, value] = wrong
    const message = `metadata.${field} ${quoted(key)} is ${JSON.stringify(value)?.slice(0, 80)}; expected text, so put it in quotes`
    return invalid(object, `${field}[${JSON.stringify(key)}]`, message)
  }
  return {
    ok: true,
    meta: {
      labels: texts(metadata['labels']),
      annotations: texts(metadata['annotations']),
      ...(isText(metadata['creationTimestamp']) && { creationTimestamp: metadata['creationTimestamp'] }),
      ...(isText(metadata['deletionTimestamp']) && { deletionTimestamp: metadata['deletionTimestamp'] }),
      ...(isText(metadata['uid']) && { uid: metadata['uid'] }),
      ...(isText(metadata['resourceVersion']) && { resourceVersion: metadata['resourceVersion'] }),
    },
  }
}

function invalid(object: ObjectRef, field: string, message: string): Refused {
  return { ok: false, flaw: { object, field: `metadata.${field}`, code: 'invalidMetadata', message } }
}

function texts(map: unknown): Readonly<Record<string, string>> {
  if (!isFields(map)) return {}
  return Object.fromEntries(
    Object.entries(map).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
