// SPDX-License-Identifier: Apache-2.0
/** deploy/manifests as kubectl takes them, both forms of them, on a real API server. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import type { Manifest } from '../../lab/cluster/api-client.ts'
import { type ApiServer, startApiServer } from '../../lab/cluster/api-server.ts'

const FOLDER = join(import.meta.dirname, '../../deploy/manifests')
const RENDERED = join(FOLDER, 'metallb-native.yaml')
let server: ApiServer

before(async () => {
  server = await startApiServer()
})
after(async () => await server.stop())

function kubectl(...args: readonly string[]): string {
  return execFileSync(server.kubectl, ['--kubeconfig', server.kubeconfig, ...args], { encoding: 'utf8' })
}

/** By kind and name: kubectl puts them into an order of its own. */
function objectsOf(text: string): Map<string, Manifest> {
  const objects = parseAllDocuments(text).map((document): Manifest => document.toJS())
  const sorted = objects.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  return new Map(sorted.map((object) => [nameOf(object), object]))
}

function nameOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.name}`
}

test('the rendered file is what kubectl makes of the kustomization', () => {
  assert.deepEqual(objectsOf(readFileSync(RENDERED, 'utf8')), objectsOf(kubectl('kustomize', FOLDER)))
})

test('one `kubectl apply -f` installs everything, without a warning', () => {
  const lines = kubectl('apply', '-f', RENDERED, '--warnings-as-errors').trimEnd().split('\n')
  assert.deepEqual(
    lines.filter((line) => !line.endsWith(' created')),
    [],
  )
  assert.equal(lines.length, objectsOf(readFileSync(RENDERED, 'utf8')).size)
})

test('applying the kustomization over it changes nothing', () => {
  const changed = kubectl('apply', '-k', FOLDER)
    .trimEnd()
    .split('\n')
    .filter((line) => !line.endsWith(' unchanged'))
  assert.deepEqual(changed, [])
})
