// SPDX-License-Identifier: Apache-2.0
/** A small cluster as an API server tells of it, the values that may stand in place of others, and the exchange of them. */
import {
  BFD_PROFILES,
  BGP_ADVERTISEMENTS,
  BGP_PEERS,
  COMMUNITIES,
  CONFIG_MAPS,
  CONFIGURATION_STATES,
  ENDPOINT_SLICES,
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  NAMESPACES,
  NODES,
  type Resource,
  SECRETS,
  SERVICE_L2_STATUSES,
  SERVICES,
} from '../../src/kube/resource.ts'
import { NAMESPACE } from '../model/objects.ts'

/** An object as the API server sends it. */
export type Stored = Readonly<{ resource: Resource; raw: unknown }>

const stored = (resource: Resource, name: string, sections: object, labels: object = {}, annotations = {}): Stored => {
  const namespace = resource === SERVICES || resource === ENDPOINT_SLICES ? 'default' : NAMESPACE
  const common = { name, uid: `uid-${name}`, creationTimestamp: '2026-01-01T00:00:00Z', resourceVersion: '1' }
  const metadata = { ...common, labels, annotations, ...(resource.namespaced ? { namespace } : {}) }
  return { resource, raw: { metadata, ...sections } }
}
const selector = { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'c', operator: 'NotIn', values: ['d', 'e'] }] }
const service = (name: string, ip: string, spec: object = {}, annotations: object = {}): Stored =>
  stored(
    SERVICES,
    name,
    {
      spec: {
        type: 'LoadBalancer',
        clusterIP: '10.96.0.1',
        clusterIPs: ['10.96.0.1'],
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        ports: [{ protocol: 'TCP', port: 80 }],
        ...spec,
      },
      status: {
        loadBalancer: { ingress: [{ ip }] },
        conditions: [
          { type: 'metallb.io/AddressAssigned', status: 'True', reason: 'Assigned', message: 'from pool a' },
        ],
      },
    },
    {},
    { 'metallb.io/ip-allocated-from-pool': 'a', ...annotations },
  )
const slice = (name: string): Stored =>
  stored(
    ENDPOINT_SLICES,
    `${name}-1`,
    { endpoints: [{ addresses: ['10.1.0.1'], nodeName: 'n1', conditions: { ready: true, serving: true } }] },
    { 'kubernetes.io/service-name': name },
  )

/** A cluster where all is well. */
export const WORLD: readonly Stored[] = [
  stored(NODES, 'n1', {
    status: {
      addresses: [{ type: 'InternalIP', address: '192.0.2.1' }],
      conditions: [{ type: 'NetworkUnavailable', status: 'False' }],
    },
  }),
  stored(NAMESPACES, 'default', {}, { a: 'b' }),
  stored(SECRETS, 's', { type: 'kubernetes.io/basic-auth', data: { password: 'YQ==' } }),
  stored(CONFIG_MAPS, 'bgpextras', { data: { extras: '' } }),
  stored(IP_ADDRESS_POOLS, 'a', {
    spec: { addresses: ['192.0.2.10-192.0.2.20', '2001:db8::/64'], autoAssign: true, avoidBuggyIPs: false },
    status: { assignedIPv4: 2, availableIPv4: 9, assignedIPv6: 0, availableIPv6: 9223372036854775807n.toString() },
  }),
  stored(IP_ADDRESS_POOLS, 'b', {
    spec: {
      addresses: ['198.51.100.0/24'],
      serviceAllocation: {
        priority: 5,
        namespaces: ['other'],
        namespaceSelectors: [selector],
        serviceSelectors: [selector],
      },
    },
  }),
  stored(L2_ADVERTISEMENTS, 'l', {
    spec: {
      ipAddressPools: ['a'],
      interfaces: ['eth0'],
      nodeSelectors: [{ matchExpressions: [{ key: 'x', operator: 'DoesNotExist' }] }],
      preferredNodeSelectors: [{ weight: 1, preference: selector }],
    },
  }),
  stored(BGP_ADVERTISEMENTS, 'x', {
    spec: {
      ipAddressPoolSelectors: [selector],
      peers: ['p'],
      communities: ['64500:1', 'vip'],
      aggregationLength: 32,
      aggregationLengthV6: 128,
      localPref: 7,
      med: 5,
      asPrepend: { count: 2, asn: 64500 },
      serviceSelectors: [selector],
    },
  }),
  stored(BGP_PEERS, 'p', {
    spec: {
      myASN: 64500,
      peerASN: 64500,
      peerAddress: '192.0.2.254',
      peerPort: 179,
      holdTime: '90s',
      keepaliveTime: '30s',
      connectTime: '5s',
      routerID: '192.0.2.1',
      bfdProfile: 'fast',
      vrf: 'red',
      passwordSecret: { name: 's', key: 'password' },
      gracefulRestart: { enabled: true, restartTime: '60s' },
      nodeSelectors: [selector],
      ttlSecurityHops: 1,
    },
  }),
  stored(BFD_PROFILES, 'fast', { spec: { receiveInterval: 100, transmitInterval: 100, echoMode: false } }),
  stored(COMMUNITIES, 'c', { spec: { communities: [{ name: 'vip', value: 'large:1:2:3' }] } }),
  stored(CONFIGURATION_STATES, 'controller', {
    status: {
      result: 'Valid',
      errorSummary: '',
      conditions: [
        {
          type: 'poolReconcilerValid',
          status: 'True',
          reason: 'Reconciled',
          message: '',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    },
  }),
  stored(
    SERVICE_L2_STATUSES,
    'l2-1',
    { status: { node: 'n1', serviceName: 'web', serviceNamespace: 'default', interfaces: [{ name: 'eth0' }] } },
    { 'metallb.io/node': 'n1', 'metallb.io/service-name': 'web', 'metallb.io/service-namespace': 'default' },
  ),
  service('web', '192.0.2.10'),
  slice('web'),
  service(
    'local',
    '192.0.2.11',
    {
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 30000,
      selector: { app: 'x' },
      loadBalancerIP: '192.0.2.11',
      loadBalancerClass: 'metallb.io/internal',
    },
    { 'metallb.universe.tf/allow-shared-ip': 'k', 'metallb.io/address-pool': 'a' },
  ),
  slice('local'),
]

const DEEP: unknown = JSON.parse(`${'['.repeat(150)}${']'.repeat(150)}`)
const ODD: unknown = JSON.parse(
  '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":null}',
)
/** In place of a value: there is none. */
export const ABSENT = Symbol('absent')
/** What stands in place of a value. */
export const VALUES: readonly (readonly [string, unknown])[] = [
  ['absent', ABSENT],
  ['null', null],
  ['a number', 7],
  ['a negative number', -1],
  ['a huge number', 1e308],
  ['a number beyond int64', 2 ** 64],
  ['a fraction', 0.5],
  ['a text', 'x'],
  ['no text', ''],
  ['a text of 1 MB', 'x'.repeat(2 ** 20)],
  ['a text of 1 MB of digits and colons', '1:'.repeat(2 ** 19)],
  ['a text of 1 MB of durations', '0s'.repeat(2 ** 19)],
  ['true', true],
  ['an empty list', []],
  ['a list of null', [null]],
  ['a list of lists', [[]]],
  ['a list of 10,000 texts', Array.from({ length: 10_000 }, (_, index) => `x${index}`)],
  ['an empty map', {}],
  ['a map of null', { '': null }],
  ['deep nesting', DEEP],
  ['keys of prototypes', ODD],
]

export type Path = readonly (string | number)[]

/** From the root to every value below `spec`, `status`, … and to each part of the metadata but what makes it an object. */
export function* pathsIn(value: unknown, path: Path = []): Generator<Path> {
  if (path.length > 0 && !['metadata', 'metadata.name', 'metadata.namespace'].includes(path.join('.'))) yield path
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value))
    yield* pathsIn(inner, [...path, Array.isArray(value) ? Number(key) : key])
}

/** A copy in which another value, or none, stands at the path. */
export function replaced(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by
  if (Array.isArray(value)) {
    const before: readonly unknown[] = value
    return before.flatMap((item, index) =>
      index !== key ? [item] : rest.length === 0 && by === ABSENT ? [] : [replaced(item, rest, by)],
    )
  }
  const entries = Object.entries(value ?? {}).flatMap(([name, inner]): [string, unknown][] =>
    name !== key ? [[name, inner]] : rest.length === 0 && by === ABSENT ? [] : [[name, replaced(inner, rest, by)]],
  )
  return Object.fromEntries(entries)
}

/** What stands at a path. */
export const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((from, key) => Reflect.get(Object(from), key), value)
/** JSON's word for what it is. */
export const sortOf = (value: unknown): string =>
  Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value
/** `kind/name`. */
export const keyOf = ({ resource, raw }: Stored): string => `${resource.kind}/${String(at(raw, ['metadata', 'name']))}`
