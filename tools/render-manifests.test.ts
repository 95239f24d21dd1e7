// SPDX-License-Identifier: Apache-2.0
/** deploy/manifests as whoever applies it meets it: complete, in an order that works, of one version. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { renderManifests } from './render-manifests.ts'

const ROOT = join(import.meta.dirname, '..')
const MANIFESTS = join(ROOT, 'deploy/manifests')

type Labels = Readonly<Record<string, string>>
type Container = Readonly<{ name: string; image: string; ports: { name: string; containerPort: number }[] }>
type Workload = Readonly<{
  selector: { matchLabels: Labels }
  template: { metadata: { labels: Labels; annotations: Labels }; spec: { containers: Container[] } }
}>
type Applied = Readonly<{
  kind: string
  metadata: { name: string; namespace?: string; labels?: Labels }
  spec: Workload & { ports?: { name: string; port: number }[] }
}>

const objects = parseAllDocuments(renderManifests(ROOT)).map((document): Applied => document.toJS())
const of = (kind: string, name: string) => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name)
  assert.ok(found, `${kind} ${name}`)
  return found
}

const first = (kind: string) => objects.findIndex((object) => object.kind === kind)
const last = (kind: string) => objects.findLastIndex((object) => object.kind === kind)

test('every file of the folder is in it', () => {
  const { resources }: { resources: string[] } = parse(readFileSync(join(MANIFESTS, 'kustomization.yaml'), 'utf8'))
  const generated = new Set(['kustomization.yaml', 'metallb-native.yaml'])
  const files = readdirSync(MANIFESTS).filter((file) => !generated.has(file))
  assert.deepEqual(resources.filter((resource) => !resource.startsWith('..')).toSorted(), files.toSorted())
})

test('what others need comes before them', () => {
  assert.equal(first('Namespace'), 0)
  for (const needed of [
    'CustomResourceDefinition',
    'ServiceAccount',
    'ClusterRoleBinding',
    'RoleBinding',
    'ConfigMap',
  ]) {
    assert.ok(last(needed) > 0 && last(needed) < first('Deployment'), needed)
  }
  assert.ok(first('Deployment') < first('DaemonSet'))
})

const WORKLOADS: [kind: string, component: string][] = [
  ['Deployment', 'controller'],
  ['DaemonSet', 'speaker'],
]
for (const [kind, component] of WORKLOADS) {
  test(`${kind} ${component} carries the labels of both distributions and selects by those of MetalLB`, () => {
    const { spec, metadata } = of(kind, component)
    const selected = { app: 'metallb', component }
    const both = { ...selected, 'app.kubernetes.io/name': 'metallb', 'app.kubernetes.io/component': component }
    assert.deepEqual([metadata.labels, spec.template.metadata.labels], [both, both])
    assert.deepEqual(spec.selector.matchLabels, selected)
    assert.deepEqual(spec.template.metadata.annotations, {
      'kubectl.kubernetes.io/default-container': component,
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '7472',
    })
  })

  test(`${kind} ${component} runs the image of this version`, () => {
    const { version }: { version: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    const [container] = of(kind, component).spec.template.spec.containers
    assert.deepEqual([container?.name, container?.image.split(':')[1]], [component, `v${version}`])
  })

  test(`Service ${component} leads to its metrics`, () => {
    const ports = of('Service', component).spec.ports?.map(({ name, port }) => [name, port])
    assert.deepEqual(ports, [['monitoring', 7472]])
    const [container] = of(kind, component).spec.template.spec.containers
    assert.equal(container?.ports.find(({ name }) => name === 'monitoring')?.containerPort, 7472)
  })
}
