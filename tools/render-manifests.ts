// SPDX-License-Identifier: Apache-2.0
/**
 * Renders deploy/manifests into the one file that `kubectl apply -f` takes. It does the part of kustomize that our
 * kustomizations use, listing files and folders, so that no build needs kubectl; the test beside it asks kubectl's own.
 */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

type Kustomization = Readonly<{ resources: readonly string[] } & Record<string, unknown>>

/** What may stand in a kustomization.yaml of ours. Anything else would be silently missing from the rendered file. */
const KNOWN = new Set(['apiVersion', 'kind', 'resources'])
const BANNER = `# SPDX-License-Identifier: Apache-2.0
# Generated from deploy/manifests by tools/render-manifests.ts: do not edit. Change those and run \`make generate\`.
`

/** All objects of `<root>/deploy/manifests` in the order in which the kustomization lists them, comments and all. */
export function renderManifests(root: string): string {
  return BANNER + resourcesOf(join(root, 'deploy/manifests')).map(renderFile).join('')
}

function resourcesOf(folder: string): string[] {
  const kustomization: Kustomization = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8'))
  const unknown = Object.keys(kustomization).filter((key) => !KNOWN.has(key))
  if (unknown.length > 0) throw new Error(`${folder}: ${unknown.join(', ')} in kustomization.yaml is not rendered`)
  return kustomization.resources.flatMap((resource) => {
    const path = join(folder, resource)
    return statSync(path).isDirectory() ? resourcesOf(path) : [path]
  })
}

function renderFile(path: string): string {
  const text = readFileSync(path, 'utf8').replace(/^# SPDX-.*\n/, '')
  return `---\n${text.endsWith('\n') ? text : `${text}\n`}`
}
