// SPDX-License-Identifier: Apache-2.0

import type { Structural } from '../src/manifests/structural.ts'
import { bare, type CrdVersion, isLabelSelector } from './crd.ts'

const SELECTOR = 'LABEL_SELECTOR'

/** The schemas as TypeScript data, so that validation needs no file at run time. */
export function emitSchemas(crds: readonly CrdVersion[], banner: string): string {
  const selector = JSON.stringify(bare(firstSelector(crds)))
  const kinds = Map.groupBy(crds, (crd) => crd.kind)
  const entries = [...kinds].map(([kind, versions]) => {
    return `  ${kind}: {\n${versions.map((crd) => `    ${crd.version}: ${literal(crd.schema)},\n`).join('')}  },\n`
  })
  return `${banner}
import type { Structural } from './structural.ts'

const ${SELECTOR}: Structural = ${selector}

/** Kind → version → schema, of the group metallb.io. */
export const CRD_SCHEMAS: Readonly<Record<string, Readonly<Record<string, Structural>>>> = {
${entries.join('')}}
`
}

function literal(schema: Structural): string {
  const mark = `@${SELECTOR}`
  const text = JSON.stringify(bare(schema), (_key, part: unknown) => (isLabelSelector(part) ? mark : part), 1)
  return text.replaceAll(`"${mark}"`, SELECTOR).replaceAll('\n', '\n    ')
}

function firstSelector(crds: readonly CrdVersion[]): Structural {
  const pending = crds.map((crd) => crd.schema)
  for (const schema of pending) {
    if (isLabelSelector(schema)) return schema
    pending.push(...Object.values(schema.properties ?? {}), ...(schema.items ? [schema.items] : []))
  }
  throw new Error('deploy/crds has no LabelSelector: the CRDs are incomplete')
}
