// SPDX-License-Identifier: Apache-2.0
/**
 * From an object as the API server sends it to what controller and speaker read of it. Ten thousand Services with their
 * EndpointSlices are kept in memory, so what nobody reads goes here: managedFields above all, what kubectl remembers of
 * the last apply, and the addresses of Pods.
 *
 * Nothing is judged here: a field of the wrong type is handed on, and the model complains where it has a name for it.
 */
import type { KubeObject, ObjectMeta } from '../lib/object.ts'
import type { Resource } from './resource.ts'
import { Strings } from './strings.ts'

type Fields = Readonly<Record<string, unknown>>
type Sections = (object: Fields, strings: Strings) => Fields

/** kubectl's copy of the whole object, as large as the object itself. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const SERVICE_NAME = 'kubernetes.io/service-name'
const NONE: Readonly<Record<string, string>> = Object.freeze({})

/** What is kept of a kind besides its metadata; of any other kind everything is. */
const SECTIONS: Readonly<Record<string, Sections>> = {
  Service: ({ spec, status }, strings) => ({
    spec: serviceSpec(spec, strings),
    ...kept('status', serviceStatus(status, strings)),
  }),
  EndpointSlice: ({ endpoints }, strings) => ({
    endpoints: each(endpoints, (endpoint) => trimEndpoint(endpoint, strings)),
  }),
  Node: ({ spec, status }) => ({ ...kept('spec', nodeSpec(spec)), status: nodeStatus(status) }),
  Namespace: () => ({}),
  Secret: ({ type, data }) => ({ ...kept('type', type), ...kept('data', data) }),
  ConfigMap: ({ data }) => kept('data', data),
  Pod: ({ spec, status }) => ({ spec: pick(spec, ['nodeName']), status: pick(status, POD_STATUS) }),
  IPAddressPool: ({ spec, status }) => ({ ...kept('spec', spec), ...kept('status', status) }),
  ServiceL2Status: ({ status }) => kept('status', status),
  ServiceBGPStatus: ({ status }) => kept('status', status),
  ConfigurationState: ({ status }) => kept('status', status),
}
/** Other kinds of metallb.io that users write: they have no status. */
const SPEC_ONLY: Sections = ({ spec }) => kept('spec', spec)

/** Kinds whose own annotations are read; of the others they are left out. */
const ANNOTATED: ReadonlySet<string> = new Set(['Service'])
/** Whoever writes events about an object needs its uid. */
const WITHOUT_IDENTITY: ReadonlySet<string> = new Set(['EndpointSlice', 'Namespace'])

const SERVICE_FIELDS = [
  'type',
  'loadBalancerClass',
  'ipFamilyPolicy',
  'ipFamilies',
  'clusterIP',
  'clusterIPs',
  'externalTrafficPolicy',
  'loadBalancerIP',
  'healthCheckNodePort',
]
const POD_STATUS = ['phase', 'podIP', 'podIPs', 'hostIP', 'conditions']
/** Conditions of Nodes that somebody reads; the others change with every heartbeat. */
const NODE_CONDITIONS: ReadonlySet<unknown> = new Set(['Ready', 'NetworkUnavailable'])

/** Trims the objects of one resource. Not for two threads; one per watch. */
export class Trimmer {
  readonly #resource: Resource
  readonly #apiVersion: string
  readonly #sections: Sections
  readonly #strings = new Strings()

  constructor(resource: Resource) {
    const { group, version, kind } = resource
    this.#resource = resource
    this.#apiVersion = group === '' ? version : `${group}/${version}`
    this.#sections = SECTIONS[kind] ?? (group === 'metallb.io' ? SPEC_ONLY : everything)
  }

  /** What is kept of it; null where it has no name, so that it is no object of an API server. */
  trim(object: unknown): KubeObject | null {
    const metadata = isFields(object) && isFields(object['metadata']) ? this.#metadata(object['metadata']) : null
    if (!isFields(object) || !metadata) return null
    const { kind } = this.#resource
    return { apiVersion: this.#apiVersion, kind, metadata, ...this.#sections(object, this.#strings) }
  }

  /** An object that is gone, and of which only this is known any more. */
  ghost(namespace: string, name: string): KubeObject {
    const { kind } = this.#resource
    return { apiVersion: this.#apiVersion, kind, metadata: { name, namespace, labels: NONE, annotations: NONE } }
  }

  #metadata(metadata: Fields): ObjectMeta | null {
    const { name, namespace, resourceVersion, creationTimestamp, deletionTimestamp, uid } = metadata
    if (typeof name !== 'string' || name === '') return null
    const { kind } = this.#resource
    const common = {
      name,
      namespace: typeof namespace === 'string' ? this.#strings.share(namespace) : '',
      labels: this.#labels(metadata['labels']),
      annotations: ANNOTATED.has(kind) ? this.#texts(metadata['annotations'], LAST_APPLIED) : NONE,
      resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : '',
      ...(typeof deletionTimestamp === 'string' && { deletionTimestamp }),
    }
    if (WITHOUT_IDENTITY.has(kind) || typeof uid !== 'string' || typeof creationTimestamp !== 'string') return common
    return { ...common, uid, creationTimestamp }
  }

  #labels(labels: unknown): ObjectMeta['labels'] {
    if (this.#resource.kind !== 'EndpointSlice') return this.#texts(labels)
    const service = isFields(labels) && Object.hasOwn(labels, SERVICE_NAME) ? labels[SERVICE_NAME] : undefined
    return typeof service === 'string' ? { [SERVICE_NAME]: service } : NONE
  }

  /** Only texts: nothing else can stand there, whatever somebody sends. */
  #texts(map: unknown, without = ''): Readonly<Record<string, string>> {
    if (!isFields(map)) return NONE
    const entries = Object.entries(map).flatMap(([key, value]): [string, string][] =>
      typeof value === 'string' && key !== without ? [[key, this.#strings.share(value)]] : [],
    )
    // fromEntries makes own properties of any name, `__proto__` included.
    return entries.length === 0 ? NONE : Object.fromEntries(entries)
  }
}

function everything(object: Fields): Fields {
  const { apiVersion: _, kind: __, metadata: ___, ...sections } = object
  return sections
}

function serviceSpec(spec: unknown, strings: Strings): unknown {
  if (!isFields(spec)) return spec
  const fields: Record<string, unknown> = {}
  for (const key of SERVICE_FIELDS) if (spec[key] !== undefined) fields[key] = strings.share(spec[key])
  if (spec['selector'] !== undefined) fields['selector'] = sharedTexts(spec['selector'], strings)
  if (spec['ports'] !== undefined) fields['ports'] = each(spec['ports'], (port) => pick(port, ['protocol', 'port']))
  return fields
}

/**
 * Where an endpoint is and whether it can serve. That it has an address counts, which one does not: Pods come and go,
 * and what we keep stays the same.
 */
function trimEndpoint(endpoint: unknown, strings: Strings): unknown {
  if (!isFields(endpoint)) return endpoint
  const { nodeName, conditions, addresses } = endpoint
  const hasAddress = Array.isArray(addresses) && addresses.length > 0
  return {
    ...kept('nodeName', strings.share(nodeName)),
    ...kept('conditions', sharedConditions(conditions)),
    addresses: hasAddress ? SOME_ADDRESS : [],
  }
}

const SOME_ADDRESS: readonly string[] = Object.freeze([''])
const CONDITIONS = new Map<string, Fields>()

/** Ready, serving or not: 27 cases at most, each kept once. */
function sharedConditions(conditions: unknown): unknown {
  if (!isFields(conditions)) return conditions
  const { ready, serving, terminating } = conditions
  const values = [ready, serving, terminating]
  if (!values.every((value) => value === undefined || typeof value === 'boolean')) return conditions
  const key = values.join()
  const known = CONDITIONS.get(key)
  if (known) return known
  const fresh = Object.freeze({
    ...kept('ready', ready),
    ...kept('serving', serving),
    ...kept('terminating', terminating),
  })
  CONDITIONS.set(key, fresh)
  return fresh
}

/** The names of taints, if there are any. */
function nodeSpec(spec: unknown): unknown {
  if (!isFields(spec)) return spec
  const { taints } = spec
  return taints === undefined ? undefined : { taints: each(taints, (taint) => pick(taint, ['key'])) }
}

/** With the reason only where a node is not ready. */
function nodeCondition(condition: unknown): unknown {
  const isUnready = isFields(condition) && condition['type'] === 'Ready' && condition['status'] === 'False'
  return pick(condition, isUnready ? ['type', 'status', 'reason', 'message'] : ['type', 'status'])
}

function nodeStatus(status: unknown): unknown {
  if (!isFields(status)) return status
  const { addresses, conditions } = status
  const read = Array.isArray(conditions)
    ? conditions.filter((condition) => !isFields(condition) || NODE_CONDITIONS.has(condition['type']))
    : conditions
  // The one by which the cluster reaches the node; an address of the wrong form is the model's to see.
  const inner = Array.isArray(addresses)
    ? addresses.filter((address) => !isFields(address) || address['type'] === 'InternalIP')
    : addresses
  return {
    ...kept(
      'addresses',
      each(inner, (address) => pick(address, ['type', 'address'])),
    ),
    ...kept('conditions', each(read, nodeCondition)),
  }
}

/** All of it: conditions of others are written back with ours. */
function serviceStatus(status: unknown, strings: Strings): unknown {
  if (!isFields(status) || status['conditions'] === undefined) return status
  return { ...status, conditions: each(status['conditions'], (condition) => sharedTexts(condition, strings)) }
}

/** The same map with one copy of each text that others have, too. */
function sharedTexts(map: unknown, strings: Strings): unknown {
  if (!isFields(map)) return map
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, strings.share(value)]))
}

function pick(value: unknown, keys: readonly string[]): unknown {
  if (!isFields(value)) return value
  return Object.fromEntries(keys.flatMap((key) => (value[key] === undefined ? [] : [[key, value[key]]])))
}

function each(value: unknown, trim: (item: unknown) => unknown): unknown {
  return Array.isArray(value) ? value.map(trim) : value
}

function kept(key: string, value: unknown): Fields {
  return value === undefined ? {} : { [key]: value }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
