// SPDX-License-Identifier: Apache-2.0
/** The guide to installing names every right that the manifests grant and no other, and every event there is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { files, read } from './tree.ts'

const GUIDE = read('docs/guides/install.md')

type Rule = Readonly<{
  apiGroups: readonly string[]
  resources: readonly string[]
  verbs: readonly string[]
  resourceNames?: readonly string[]
}>
type Role = Readonly<{ kind: string; metadata: Readonly<{ name: string }>; rules: readonly Rule[] }>

/** The start of a line of the table, up to the reason, which is for people to write. */
function lineOf({ kind, metadata }: Role, { apiGroups, resources, verbs, resourceNames }: Rule): string {
  const who = metadata.name === 'pod-lister' ? 'both' : metadata.name.replace('metallb-system:', '')
  const what = apiGroups.flatMap((group) => resources.map((one) => `\`${group === '' ? one : `${one}.${group}`}\``))
  const named = resourceNames ? ` named \`${resourceNames.join('`, `')}\`` : ''
  return `| ${who} | ${kind === 'Role' ? 'own namespace' : 'cluster'} | ${what.join(', ')}${named} | ${verbs.join(', ')} |`
}

test('its table of rights is what deploy/manifests/rbac.yaml grants', () => {
  const documents = parseAllDocuments(read('deploy/manifests/rbac.yaml')).map((one): Role => one.toJS())
  const roles = documents.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
  const granted = roles.flatMap((role) => role.rules.map((rule) => lineOf(role, rule)))
  const listed = [...GUIDE.matchAll(/^(\| \w+ \| (?:cluster|own namespace) \| .+? \| .+? \|) \S/gm)]
  assert.deepEqual(
    listed.map(([, line = '']) => line),
    granted,
  )
})

const SAID = /(?:normal|warning)\('([^']+)'|type: '(?:Normal|Warning)', reason: '([^']+)'/g

test('its table of events has the reasons that the sources say', () => {
  const sources = files().filter((path) => /^src\/(?:ipam|programs)\/.*\.ts$/.test(path) && !path.endsWith('.test.ts'))
  const said = sources.flatMap((path) => [...read(path).matchAll(SAID)].map(([, one = '', other = '']) => one || other))
  const [, table = ''] = /^\| event \| of \| means \|\n(?:.*\n)((?:\|.*\n)+)/m.exec(GUIDE) ?? []
  const listed = table.split('\n').flatMap((line) => {
    const [, first = ''] = line.split('|')
    return [...first.matchAll(/`([^`]+)`/g)].map(([, reason = '']) => reason)
  })
  assert.deepEqual(
    listed.toSorted((a, b) => a.localeCompare(b)),
    [...new Set(said)].toSorted((a, b) => a.localeCompare(b)),
  )
})
