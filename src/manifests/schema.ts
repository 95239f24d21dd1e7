// SPDX-License-Identifier: Apache-2.0
/**
 * What the API server does with a metallb.io object that is written to it, for objects that come from files: prune
 * unknown fields, fill in defaults, check types, ranges and required fields, by the same CRDs. The CEL rules of the CRDs
 * are the model's: it enforces the same ones, whatever the source.
 */

import { nearest } from '../lib/nearest.ts'
import type { KubeObject, ObjectMeta } from '../lib/object.ts'
import type { ObjectRef, Problem } from '../lib/problem.ts'
import { CRD_SCHEMAS } from './crd-schemas.generated.ts'
import { type Mismatch, mismatches } from './mismatches.ts'
import { OBJECT_META } from './object-meta.ts'
import { schemaProblems, unknownProblems } from './schema-problems.ts'
import { conform, isFields, type Path, type Structural, schemaAt, type UnknownField } from './structural.ts'

/** Codes of the problems found here; docs/errors.md explains them. */
export const SCHEMA_CODES = ['schema', 'unknownField', 'unknownKind'] as const

/** Every kind of metallb.io. */
export const METALLB_KINDS: ReadonlySet<string> = new Set(Object.keys(CRD_SCHEMAS))

/** `problems` of a valid object are warnings. */
export type Structure =
  | Readonly<{ ok: true; object: KubeObject; problems: Problem[] }>
  | Readonly<{ ok: false; problems: Problem[] }>

const GROUP = 'metallb.io'

/**
 * Checks the structure of an object of metallb.io and returns a copy with defaults and without unknown fields.
 * Objects of other groups are returned as they are. `ref` is what problems name as their object.
 */
export function validateStructure(object: KubeObject, ref: ObjectRef = refOfUnchecked(object)): Structure {
  const [group, version = ''] = object.apiVersion.split('/', 2)
  if (group !== GROUP) return { ok: true, object, problems: [] }
  const stranger = unknownKind(object.kind, version, ref)
  if (stranger) return { ok: false, problems: [stranger] }

  const schema = schemaOf(object.kind, version)
  const unknown: UnknownField[] = []
  const copy = conform(object, schema, { path: [], onUnknown: (field) => unknown.push(field) })
  const warnings = unknownProblems(unknown, ref, (path) => otherVersion(object.kind, version, path))
  const wrong = [...mismatches(copy, schema)]
  if (isChecked(copy, wrong)) return { ok: true, object: withMetadata(copy), problems: warnings }
  return { ok: false, problems: [...schemaProblems(wrong, ref), ...warnings] }
}

/** As the schema leaves it: a file need not have labels. */
type Checked = Omit<KubeObject, 'metadata'> &
  Readonly<{ apiVersion: string; kind: string; metadata: Partial<ObjectMeta> & Readonly<{ name: string }> }>

/** Where the schema refuses nothing, the value is what the schema says. */
function isChecked(_copy: unknown, wrong: readonly Mismatch[]): _copy is Checked {
  return wrong.length === 0
}

function withMetadata({ metadata, ...sections }: Checked): KubeObject {
  return { ...sections, metadata: { namespace: '', labels: {}, annotations: {}, ...metadata } }
}

function refOfUnchecked({ kind, metadata }: KubeObject): ObjectRef {
  const { namespace, name }: Readonly<Record<string, unknown>> = isFields(metadata) ? metadata : {}
  return { kind: textOf(kind), namespace: textOf(namespace), name: textOf(name) }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '')

function unknownKind(kind: string, version: string, object: ObjectRef): Problem | undefined {
  const problem = (field: string, message: string): Problem => {
    return { severity: 'error', object, field, code: 'unknownKind', message, transient: false }
  }
  const versions = Object.hasOwn(CRD_SCHEMAS, kind) ? Object.keys(CRD_SCHEMAS[kind] ?? {}) : undefined
  if (versions?.includes(version)) return undefined
  if (versions) {
    const right = versions.map((name) => `${GROUP}/${name}`).join(' or ')
    return problem('apiVersion', `${kind} has no version ${GROUP}/${version}; use ${right}`)
  }
  if (kind === 'AddressPool') return problem('kind', ADDRESS_POOL)
  const kinds = Object.keys(CRD_SCHEMAS)
  const meant = nearest(kind, kinds)
  const advice = meant ? `did you mean ${meant}?` : `use one of ${kinds.join(', ')}`
  return problem('kind', `${GROUP} has no kind ${kind.slice(0, 64)}; ${advice}`)
}

const ADDRESS_POOL =
  'AddressPool was replaced by IPAddressPool; move its spec.addresses to an IPAddressPool, ' +
  'and announce that with an L2Advertisement (protocol layer2) or a BGPAdvertisement (protocol bgp)'

/** The CRD's schema with the rules for metadata, which CRDs leave to the API server. */
function schemaOf(kind: string, version: string): Structural {
  const crd: Structural = CRD_SCHEMAS[kind]?.[version] ?? { type: 'object' }
  return {
    ...crd,
    properties: { ...crd.properties, metadata: OBJECT_META },
    required: [...(crd.required ?? []), 'metadata'],
  }
}

function otherVersion(kind: string, version: string, path: Path): string | undefined {
  const others = Object.entries(CRD_SCHEMAS[kind] ?? {}).filter(([name]) => name !== version)
  const match = others.find(([, schema]) => schemaAt(schema, path) !== undefined)
  return match && `${GROUP}/${match[0]}`
}
