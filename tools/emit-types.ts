// SPDX-License-Identifier: Apache-2.0

import type { Structural } from '../src/manifests/structural.ts'
import { type CrdVersion, isLabelSelector } from './crd.ts'

/** One readonly TypeScript type per kind, version and section (spec, status) that has fields. */
export function emitTypes(crds: readonly CrdVersion[], banner: string): string {
  const sections = crds.flatMap((crd) =>
    (['spec', 'status'] as const).flatMap((section) => {
      const schema = crd.schema.properties?.[section]
      return schema?.properties ? [declaration(typeName(crd, section), schema)] : []
    }),
  )
  return `${banner}
/** Selects objects by their labels: matchLabels and matchExpressions all have to hold. Empty: everything. */
export type LabelSelector = Readonly<{
  matchLabels?: Readonly<Record<string, string>>
  matchExpressions?: readonly Readonly<{ key: string; operator: string; values?: readonly string[] }>[]
}>

${sections.join('\n')}`
}

/** The stored version has the plain name; others carry their version: BGPPeerV1Beta1Spec. */
function typeName({ kind, version, storage }: CrdVersion, section: string): string {
  const suffix = storage
    ? ''
    : version.replace(/^v(\d+)(alpha|beta)(\d+)$/, (_, major, stage, minor) => {
        return `V${major}${capital(stage)}${minor}`
      })
  return `${kind}${suffix}${capital(section)}`
}

const capital = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1)

function declaration(name: string, schema: Structural): string {
  return `${doc(schema, '')}export type ${name} = ${typeText(schema, '')}\n`
}

function typeText(schema: Structural, indent: string): string {
  if (isLabelSelector(schema)) return 'LabelSelector'
  switch (schema.type) {
    case 'object':
      return schema.properties ? fieldsText(schema, indent) : mapText(schema, indent)
    case 'array':
      return schema.items ? `readonly ${listed(typeText(schema.items, indent))}[]` : 'readonly unknown[]'
    case 'string':
      return schema.enum?.map((word) => `'${word}'`).join(' | ') ?? 'string'
    case 'integer':
      return 'number'
    case 'boolean':
      return 'boolean'
  }
}

const listed = (item: string) => (item.includes(' | ') && !item.includes('{') ? `(${item})` : item)

function mapText({ additionalProperties }: Structural, indent: string): string {
  const value = additionalProperties ? typeText(additionalProperties, indent) : 'unknown'
  return `Readonly<Record<string, ${value}>>`
}

function fieldsText({ properties = {}, required = [] }: Structural, indent: string): string {
  const inner = `${indent}  `
  const fields = Object.entries(properties).map(([name, field]) => {
    const optional = required.includes(name) ? '' : '?'
    return `${doc(field, inner)}${inner}${name}${optional}: ${typeText(field, inner)}\n`
  })
  return `Readonly<{\n${fields.join('')}${indent}}>`
}

function doc({ description }: Structural, indent: string): string {
  return description ? `${indent}/** ${description.replaceAll('*/', '*\\/')} */\n` : ''
}
