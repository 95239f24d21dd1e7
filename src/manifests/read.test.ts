// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Reading, readManifest } from './read.ts'

function read(text: string, known?: Reading['known'], file = 'a.yaml'): Reading {
  const steps = readManifest(text, { file, namespace: 'metallb-system', ...(known ? { known } : {}) })
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

const keys = ({ entries }: Reading): string[] => entries.map(({ key }) => key)
const service = (metadata: string): string => `apiVersion: v1\nkind: Service\nmetadata: ${metadata}\n`
const pool = (metadata: string): string =>
  `apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata: ${metadata}\nspec: {addresses: [192.0.2.0/24]}\n`

const FOUND: readonly (readonly [string, string, string[]])[] = [
  ['nothing', '', []],
  ['empty documents', `---\n# a\n---\n${service('{name: a}')}---\n---\n`, ['Service/default/a']],
  [
    'a separator with a comment',
    `${service('{name: a}')}--- # b\n${service('{name: b}')}`,
    ['Service/default/a', 'Service/default/b'],
  ],
  [
    'a separator of Windows',
    `${service('{name: a}')}---\r\n${service('{name: b}')}`,
    ['Service/default/a', 'Service/default/b'],
  ],
  ['a YAML directive', `%YAML 1.2\n---\n${service('{name: a}')}`, ['Service/default/a']],
  ['a namespaced object without namespace', service('{name: a}'), ['Service/default/a']],
  ['a namespaced object with its namespace', service('{name: a, namespace: b}'), ['Service/b/a']],
  ['a metallb.io object without namespace', pool('{name: a}'), ['IPAddressPool/metallb-system/a']],
  ['a cluster-scoped object', 'apiVersion: v1\nkind: Node\nmetadata: {name: n1, namespace: x}', ['Node//n1']],
  [
    'a role with colons',
    'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: "system:a"}',
    ['ClusterRole//system:a'],
  ],
  [
    'kind: List',
    `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: a}}\n- apiVersion: v1\n  kind: List\n  items:\n  - {apiVersion: v1, kind: Service, metadata: {name: b}}\n`,
    ['Service/default/a', 'Service/default/b'],
  ],
  ['an empty List', 'apiVersion: v1\nkind: List\nitems: []', []],
  [
    'a list of one kind',
    '{"apiVersion": "v1", "kind": "ServiceList", "items": [{"metadata": {"name": "a"}}]}',
    ['Service/default/a'],
  ],
  ['YAML that starts with a brace', '{apiVersion: v1, kind: Service, metadata: {name: a}}', ['Service/default/a']],
  [
    'a kind that merely ends in List',
    'apiVersion: x.io/v1\nkind: AllowList\nmetadata: {name: a}',
    ['AllowList/default/a'],
  ],
]
for (const [name, text, expected] of FOUND) {
  test(name, () => {
    const reading = read(text)
    assert.deepEqual([keys(reading), reading.problems, reading.broken], [expected, [], false])
  })
}

type Row = readonly [
  name: string,
  text: string,
  found: string[],
  problems: [code: string, field: string, line: number][],
  broken: boolean,
]
const PROBLEMS: readonly Row[] = [
  ['text instead of an object', 'just text', [], [['notAnObject', '', 1]], true],
  ['a list instead of an object', '- a', [], [['notAnObject', '', 1]], true],
  ['no apiVersion', 'kind: Service\nmetadata: {name: a}', [], [['notAnObject', 'apiVersion', 1]], true],
  ['no kind', '\napiVersion: v1\nmetadata: {name: a}', [], [['notAnObject', 'kind', 2]], true],
  ['a kind that is no text', 'apiVersion: v1\nkind: yes\nmetadata: {name: a}', [], [['notAnObject', 'kind', 2]], true],
  ['no metadata', 'apiVersion: v1\nkind: Service', [], [['notAnObject', 'metadata', 1]], true],
  ['no name', service('\n  namespace: x'), [], [['noName', 'metadata.name', 3]], true],
  ['generateName', service('\n  generateName: a-'), [], [['noName', 'metadata.generateName', 4]], true],
  ['a name that is a number', service('\n  name: 7'), [], [['invalidName', 'metadata.name', 4]], true],
  ['a name that is a path', service('\n  name: ../a'), [], [['invalidName', 'metadata.name', 4]], true],
  ['a name that is too long', service(`\n  name: ${'a'.repeat(64)}`), [], [['invalidName', 'metadata.name', 4]], true],
  [
    'a namespace that is a path',
    service('\n  name: a\n  namespace: a/b'),
    [],
    [['invalidName', 'metadata.namespace', 5]],
    true,
  ],
  [
    'a label that is a number',
    service('\n  name: a\n  labels:\n    x: y1\n    z.io/v: 7'),
    [],
    [['invalidMetadata', 'metadata.labels["z.io/v"]', 7]],
    true,
  ],
  [
    'annotations that are a list',
    service('\n  name: a\n  annotations: [x]'),
    [],
    [['invalidMetadata', 'metadata.annotations', 5]],
    true,
  ],
  [
    'an object of the wrong namespace',
    pool('{name: a, namespace: default}'),
    [],
    [['wrongNamespace', 'metadata.namespace', 3]],
    false,
  ],
  [
    'a field of the wrong type',
    pool('{name: a}').replace('[192.0.2.0/24]', '7'),
    ['IPAddressPool/metallb-system/a'],
    [['schema', 'spec.addresses', 4]],
    false,
  ],
  ['a key twice', `${service('{name: a}')}kind: Service\n`, ['Service/default/a'], [['duplicateKey', '', 4]], false],
  [
    'a problem of one document among others',
    `${service('{name: a}')}---\nkind: [\n---\n${service('{name: b}')}`,
    ['Service/default/a', 'Service/default/b'],
    [['notYaml', '', 6]],
    true,
  ],
  [
    'an item of a list',
    '{"kind": "List",\n"items": [\n{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}},\n{"apiVersion": "v1",\n "kind": 7}]}',
    ['Service/default/a'],
    [['notAnObject', 'kind', 5]],
    true,
  ],
]
for (const [name, text, found, problems, broken] of PROBLEMS) {
  test(`${name}: ${problems.map(([code]) => code).join()}`, () => {
    const reading = read(text)
    assert.deepEqual(keys(reading), found)
    assert.deepEqual(
      reading.problems.map(({ code, field, line }) => [code, field, line]),
      problems,
    )
    assert.equal(reading.broken, broken)
    for (const problem of reading.problems) assert.equal(problem.file, 'a.yaml')
  })
}

test('JSON that is wrong is reported as JSON in a .json file, and may be YAML elsewhere', () => {
  const text = '{"apiVersion": "v1",\n"kind": }'
  assert.deepEqual(
    read(text, undefined, 'a.json').problems.map(({ code, line, column }) => [code, line, column]),
    [['notJson', 2, 9]],
  )
  assert.equal(read(text).problems[0]?.code, 'notAnObject')
})

test('a document that did not change is the same object when the file is read again', () => {
  const first = read(`${service('{name: a}')}---\n${service('{name: b}')}`)
  const second = read(`# moved\n---\n${service('{name: a}')}---\n${service('{name: b, labels: {x: z}}')}`, first.known)
  assert.notEqual(second.entries[0]?.place.start, first.entries[0]?.place.start)
  assert.equal(second.entries[0]?.object, first.entries[0]?.object)
  assert.notEqual(second.entries[1]?.object, first.entries[1]?.object)
})

test('problems of a document that did not change follow it to its new lines', () => {
  const first = read(`a: b\n---\n${service('{}')}`)
  const second = read(`\n\n\n---\n${service('{}')}`, first.known)
  assert.deepEqual([first.problems.at(-1)?.line, second.problems.at(-1)?.line], [5, 7])
})

test('100,000 objects in one list, all wrong, are 100,000 problems', () => {
  const text = JSON.stringify({
    apiVersion: 'v1',
    kind: 'ServiceList',
    items: Array.from({ length: 100_000 }, () => ({})),
  })
  assert.equal(read(text).problems.length, 100_000)
})
