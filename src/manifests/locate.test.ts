// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Locator, parseField } from './locate.ts'

const FIELDS: readonly (readonly [string, (string | number)[]])[] = [
  ['', []],
  ['spec', ['spec']],
  ['spec.addresses[1]', ['spec', 'addresses', 1]],
  ['spec.nodeSelectors[0].matchLabels["a.b/c"]', ['spec', 'nodeSelectors', 0, 'matchLabels', 'a.b/c']],
  ['metadata.labels["say \\"x\\""]', ['metadata', 'labels', 'say "x"']],
  ['metadata.annotations[metallb.io/pool]', ['metadata', 'annotations', 'metallb.io/pool']],
]
for (const [field, path] of FIELDS) test(`the field ${field}`, () => assert.deepEqual(parseField(field), path))

const YAML = `first: 1
---
metadata:
  annotations:
    metallb.io/pool: a
spec:
  addresses:
    - 192.0.2.0/24
    - 198.51.100.0/24
  empty:
`
const JSON_TEXT = '{\n\t"spec": {\n\t\t"addresses": ["192.0.2.0/24",\n\t\t\t"198.51.100.0/24"]\n\t}\n}'

const PLACES: readonly (readonly [string, text: string, document: number, field: string, at: string])[] = [
  ['a field', YAML, 1, 'spec', 'spec:'],
  ['an entry of a list', YAML, 1, 'spec.addresses[1]', '198.51'],
  ['an entry that is not there: the list', YAML, 1, 'spec.addresses[2]', 'addresses:'],
  ['a field that is not there: its parent', YAML, 1, 'spec.autoAssign', 'spec:'],
  ['a part of a field without value: the field', YAML, 1, 'spec.empty.x', 'empty:'],
  ['a key with points, in brackets', YAML, 1, 'metadata.annotations["metallb.io/pool"]', 'metallb.io/pool'],
  ['a key with points, without brackets', YAML, 1, 'metadata.annotations.metallb.io/pool', 'metallb.io/pool'],
  ['the document itself', YAML, 1, '', 'metadata:'],
  ['another document', YAML, 0, 'first', 'first'],
  ['a document that is not there: the first line', YAML, 7, 'spec', 'first'],
  ['JSON', JSON_TEXT, 0, 'spec.addresses[1]', '"198.51'],
  ['JSON without that field', JSON_TEXT, 0, 'spec.x', '"spec"'],
]
for (const [name, text, document, field, at] of PLACES) {
  test(`where ${name} stands`, () => {
    assert.equal(new Locator(text).find(document, parseField(field)), text.indexOf(at))
  })
}
