// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { apply, readServices } from './manifests.ts'

const service = (ports: string, type = 'LoadBalancer') =>
  `{kind: Service, metadata: {name: web}, spec: {type: ${type}, ports: ${ports}}}`
const slice = (ports: string, ready: boolean | null, namespace = 'default') =>
  `{kind: EndpointSlice, metadata: {name: web-1, namespace: ${namespace}, labels: {kubernetes.io/service-name: web}},
    ports: ${ports}, endpoints: [{addresses: [10.0.0.1], nodeName: node-1, conditions: {ready: ${ready}}, targetRef: {name: pod}}]}`
const pod = (port: number) => ({ pod: 'pod', node: 'node-1', ip: '10.0.0.1', port })
const NAMED = '[{name: a, port: 80}, {name: b, port: 53, protocol: UDP}]'

const CASES: [string, string[], { protocol: string; port: number; backends: object[] }[] | undefined][] = [
  [
    'the one port needs no name',
    [service('[{port: 80}]'), slice('[{port: 8080}]', true)],
    [{ protocol: 'TCP', port: 80, backends: [pod(8080)] }],
  ],
  [
    'several ports are told apart by their names',
    [service(NAMED), slice('[{name: b, port: 5353}, {name: a, port: 8080}]', null)],
    [
      { protocol: 'TCP', port: 80, backends: [pod(8080)] },
      { protocol: 'UDP', port: 53, backends: [pod(5353)] },
    ],
  ],
  [
    'a Pod that is not ready gets nothing',
    [service('[{port: 80}]'), slice('[{port: 80}]', false)],
    [{ protocol: 'TCP', port: 80, backends: [] }],
  ],
  [
    'a slice of another namespace belongs to another Service',
    [service('[{port: 80}]'), slice('[{port: 80}]', true, 'shop')],
    [{ protocol: 'TCP', port: 80, backends: [] }],
  ],
  ['a Service of another type has no address to forward', [service('[{port: 80}]', 'ClusterIP')], undefined],
  [
    'what is no YAML is left out',
    ['{kind: Service', service('[{port: 80}]')],
    [{ protocol: 'TCP', port: 80, backends: [] }],
  ],
]
for (const [name, documents, ports] of CASES) {
  test(name, (context) => {
    const directory = mkdtempSync(join(tmpdir(), 'lab-manifests-'))
    context.after(() => rmSync(directory, { recursive: true }))
    for (const [index, text] of documents.entries()) writeFileSync(join(directory, `${index}.yaml`), text)
    assert.deepEqual(readServices(directory)[0]?.ports, ports)
  })
}

test('a file is put into the directory under its own name', (context) => {
  const parent = mkdtempSync(join(tmpdir(), 'lab-manifests-'))
  context.after(() => rmSync(parent, { recursive: true }))
  const source = join(parent, 'web.yaml')
  writeFileSync(source, service('[{port: 80}]'))
  const directory = mkdtempSync(join(parent, 'd'))
  apply(source, directory)
  assert.deepEqual(
    readServices(directory).map((found) => found.name),
    ['web'],
  )
})
