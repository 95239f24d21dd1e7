// SPDX-License-Identifier: Apache-2.0
/**
 * Generates from deploy/crds what the code needs of it, TypeScript types and the schemas as data, and from
 * deploy/manifests the one file for those who apply it as a whole.
 * `node tools/generate.ts` writes the files; `--check` writes nothing and exits 1 naming each file that is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readCrds } from './crd.ts'
import { emitSchemas } from './emit-schemas.ts'
import { emitTypes } from './emit-types.ts'
import { renderManifests } from './render-manifests.ts'

const BANNER = `// SPDX-License-Identifier: Apache-2.0
// Generated from deploy/crds by tools/generate.ts: do not edit. Change the CRD and run \`make generate\`.
`

/** Path below `root` → text, of every generated file. */
function generate(root: string): ReadonlyMap<string, string> {
  const crds = readCrds(root)
  return new Map([
    ['src/model/resources.generated.ts', emitTypes(crds, BANNER)],
    ['src/manifests/crd-schemas.generated.ts', emitSchemas(crds, BANNER)],
    ['deploy/manifests/metallb-native.yaml', renderManifests(root)],
  ])
}

function isStale(path: string, text: string): boolean {
  try {
    return readFileSync(path, 'utf8') !== text
  } catch {
    return true
  }
}

const { check, root } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    root: { type: 'string', default: join(import.meta.dirname, '..') },
  },
}).values

for (const [file, text] of generate(root)) {
  if (!isStale(join(root, file), text)) continue
  if (check) {
    console.error(`${file} does not match deploy/: run \`make generate\` and commit the result`)
    process.exitCode = 1
  } else {
    writeFileSync(join(root, file), text)
    console.log(`${file} written`)
  }
}
