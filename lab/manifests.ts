// SPDX-License-Identifier: Apache-2.0
/** The directory of manifests that the programs of a run read, and what of it the lab itself needs to know. */
import { copyFileSync, globSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { readText } from './read-text.ts'

export type Backend = Readonly<{ pod: string; node: string; ip: string; port: number }>
export type ServicePort = Readonly<{ protocol: string; port: number; backends: readonly Backend[] }>
/** A Service of type LoadBalancer with the ready Pods behind each port. */
export type LabService = Readonly<{ namespace: string; name: string; ports: readonly ServicePort[] }>

type Port = { name?: string; protocol?: string; port: number }
type Endpoint = { addresses: string[]; nodeName: string; conditions?: { ready?: boolean }; targetRef: { name: string } }
type Manifest = {
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string> }
  spec?: { type?: string; ports?: Port[] }
  ports?: Port[]
  endpoints?: Endpoint[]
}

const EMPTY: Manifest = { kind: '', metadata: { name: '' } }
const SERVICE_LABEL = 'kubernetes.io/service-name'

/** Puts a copy of the file into the directory, at once and whole, as `kubectl apply -f` would. */
export function apply(file: string, directory: string): void {
  const incoming = `${directory}.incoming`
  copyFileSync(file, incoming)
  renameSync(incoming, join(directory, basename(file)))
}

export function remove(name: string, directory: string): void {
  rmSync(join(directory, name))
}

/** All LoadBalancer Services of these directories. Documents that are not YAML are left out: the programs report them. */
export function readServices(...directories: readonly string[]): LabService[] {
  const manifests = directories.flatMap(readManifests)
  return manifests
    .filter(({ kind, spec }) => kind === 'Service' && spec?.type === 'LoadBalancer')
    .map(({ metadata, spec }) => {
      const slices = manifests.filter((slice) => belongsTo(slice, metadata))
      const ports = (spec?.ports ?? []).map(({ name, protocol = 'TCP', port }) => ({
        protocol,
        port,
        backends: slices.flatMap((slice) => backendsOf(slice, name)),
      }))
      return { namespace: namespaceOf(metadata), name: metadata.name, ports }
    })
}

function readManifests(directory: string): Manifest[] {
  const files = globSync('*.yaml', { cwd: directory }).toSorted()
  return files.flatMap((file) => {
    const documents = parseAllDocuments(readText(join(directory, file)) ?? '')
    return documents.filter(({ errors }) => errors.length === 0).map((document): Manifest => document.toJS() ?? EMPTY)
  })
}

function belongsTo(slice: Manifest, service: Manifest['metadata']): boolean {
  const owner = slice.metadata.labels?.[SERVICE_LABEL]
  return (
    slice.kind === 'EndpointSlice' && owner === service.name && namespaceOf(slice.metadata) === namespaceOf(service)
  )
}

/** A port of a Service and of its slices are the same when they have the same name; a single one needs none. */
function backendsOf(slice: Manifest, portName = ''): Backend[] {
  const port = slice.ports?.find(({ name = '' }) => name === portName)?.port
  if (port === undefined) return []
  const ready = (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false)
  return ready.flatMap(({ addresses, nodeName, targetRef }) =>
    addresses.map((ip) => ({ pod: targetRef.name, node: nodeName, ip, port })),
  )
}

function namespaceOf({ namespace = 'default' }: Manifest['metadata']): string {
  return namespace
}
