// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '..')
const TYPES = 'src/model/resources.generated.ts'
const SCHEMAS = 'src/manifests/crd-schemas.generated.ts'
const NATIVE = 'deploy/manifests/metallb-native.yaml'
const GENERATED = [TYPES, SCHEMAS, NATIVE]

function generate(root: string, ...options: string[]): { status: number | null; output: string } {
  const argv = [join(ROOT, 'tools/generate.ts'), '--root', root, ...options]
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

/** A checkout with nothing but the manifests and what is generated from them. */
function checkout(change: (crd: string) => string): string {
  const root = mkdtempSync(join(tmpdir(), 'metallb-generate-'))
  for (const path of ['deploy/crds', 'deploy/manifests', TYPES, SCHEMAS])
    cpSync(join(ROOT, path), join(root, path), { recursive: true })
  const crd = join(root, 'deploy/crds/bgppeers.metallb.io.yaml')
  writeFileSync(crd, change(readFileSync(crd, 'utf8')))
  return root
}

test('the generated files of this checkout match its CRDs', () => {
  assert.deepEqual(generate(ROOT, '--check'), { status: 0, output: '' })
})

const CHANGES: [name: string, from: string, to: string, stale: string[]][] = [
  ['nothing', 'maximum: 254', 'maximum: 254', []],
  ['a range', 'maximum: 254', 'maximum: 253', [SCHEMAS, NATIVE]],
  ['a description', 'Whether the peer is asked.', 'Whether we ask the peer.', [TYPES, NATIVE]],
  ['a field', 'ttlSecurityHops:', 'gtsmHops:', [TYPES, SCHEMAS, NATIVE]],
  ['a printer column', 'name: Multi Hops', 'name: Hops', [NATIVE]],
]
for (const [name, from, to, stale] of CHANGES) {
  test(`a change of ${name} in a CRD makes ${stale.length} generated files stale, and generating cures that`, () => {
    const root = checkout((crd) => {
      assert.ok(crd.includes(from))
      return crd.replace(from, to)
    })
    try {
      const check = generate(root, '--check')
      assert.equal(check.status, stale.length > 0 ? 1 : 0)
      for (const file of GENERATED) assert.equal(check.output.includes(file), stale.includes(file), check.output)
      assert.equal(generate(root).status, 0)
      assert.deepEqual(generate(root, '--check'), { status: 0, output: '' })
    } finally {
      rmSync(root, { recursive: true })
    }
  })
}

const REFUSED: [name: string, from: string, to: string, message: RegExp][] = [
  ['a keyword that nothing here checks', 'maximum: 254', 'multipleOf: 2', /ttlSecurityHops.*"multipleOf"/],
  ['a default that is no scalar', 'default: 120s', 'default: {}', /restartTime.*scalar defaults/],
]
for (const [name, from, to, message] of REFUSED) {
  test(`${name} is refused`, () => {
    const root = checkout((crd) => crd.replace(from, to))
    try {
      const { status, output } = generate(root)
      assert.equal(status, 1)
      assert.match(output, message)
    } finally {
      rmSync(root, { recursive: true })
    }
  })
}
