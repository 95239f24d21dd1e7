// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../lib/object.ts'
import { overlay, rewrite, type Written } from './overlay.ts'

type Annotations = Readonly<Record<string, string | null>>
const ref = { kind: 'Service', namespace: 'default', name: 'web' }
const web = (annotations: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default', labels: {}, annotations },
  status: 'of the file',
})

const CASES: readonly (readonly [
  string,
  Readonly<Record<string, string>>,
  readonly Annotations[],
  kept: Annotations,
  seen: Annotations,
])[] = [
  ['a new annotation', { own: '1' }, [{ ours: 'a' }], { ours: 'a' }, { own: '1', ours: 'a' }],
  ['a later write keeps what it does not name', {}, [{ ours: 'a' }, {}], { ours: 'a' }, { ours: 'a' }],
  ['a changed annotation', {}, [{ ours: 'a' }, { ours: 'b' }], { ours: 'b' }, { ours: 'b' }],
  ['a removed annotation', {}, [{ ours: 'a' }, { ours: null }], {}, {}],
  ['one that the file has is hidden', { ours: 'old' }, [{ ours: null }], { ours: null }, {}],
  ['one that the file has is replaced', { ours: 'old' }, [{ ours: 'new' }], { ours: 'new' }, { ours: 'new' }],
]
for (const [name, own, writes, kept, seen] of CASES) {
  test(name, () => {
    const file = web(own)
    let written: Written | undefined
    for (const annotations of writes) written = rewrite(written, { object: ref, status: { n: 1 }, annotations }, file)
    assert.deepEqual(written?.annotations, kept)
    const object = overlay(file, written)
    assert.deepEqual([object.metadata.annotations, object['status']], [seen, { n: 1 }])
  })
}

test('without a written status the object is the one of the file', () => {
  const file = web({})
  assert.equal(overlay(file, undefined), file)
})
