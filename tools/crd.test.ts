// SPDX-License-Identifier: Apache-2.0
/**
 * The CRDs against their contract: users of MetalLB apply the same objects, read the same columns of `kubectl get` and
 * get the same defaults. Written out by hand, so that a change of a CRD has to be made on purpose.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import type { Structural } from '../src/manifests/structural.ts'
import { isLabelSelector, readCrds } from './crd.ts'

const ROOT = join(import.meta.dirname, '..')

/** `path!` is required; then type or format, range, words of an enum, default. `selector`: a LabelSelector. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  'BFDProfile v1beta1': [
    'spec: object',
    'spec.detectMultiplier: int32 2..255',
    'spec.echoInterval: int32 10..60000',
    'spec.echoMode: boolean',
    'spec.minimumTtl: int32 1..254',
    'spec.passiveMode: boolean',
    'spec.receiveInterval: int32 10..60000',
    'spec.strictStart: boolean',
    'spec.transmitInterval: int32 10..60000',
    'status: object',
  ],
  'BGPAdvertisement v1beta1': [
    'spec: object',
    'spec.aggregationLength: int32 1.. = 32',
    'spec.aggregationLengthV6: int32 = 128',
    'spec.asPrepend: object',
    'spec.asPrepend.asn: int64 1..4294967295',
    'spec.asPrepend.count!: int32 1..10',
    'spec.communities: []string',
    'spec.ipAddressPoolSelectors: []selector',
    'spec.ipAddressPools: []string',
    'spec.localPref: int64 0..4294967295',
    'spec.med: int64 0..4294967295',
    'spec.nodeSelectors: []selector',
    'spec.peers: []string',
    'spec.serviceSelectors: []selector',
    'status: object',
  ],
  'BGPPeer v1beta1': [
    'spec: object',
    'spec.bfdProfile: string',
    'spec.ebgpMultiHop: boolean',
    'spec.holdTime: string',
    'spec.keepaliveTime: string',
    'spec.myASN!: int64 0..4294967295',
    'spec.nodeSelectors: []object',
    'spec.nodeSelectors[].matchExpressions: []object',
    'spec.nodeSelectors[].matchExpressions[].key!: string',
    'spec.nodeSelectors[].matchExpressions[].operator!: string',
    'spec.nodeSelectors[].matchExpressions[].values!: []string minItems 1',
    'spec.nodeSelectors[].matchLabels: map',
    'spec.password: string',
    'spec.peerASN!: int64 0..4294967295',
    'spec.peerAddress!: string',
    'spec.peerPort: int32 0..16384',
    'spec.routerID: string',
    'spec.sourceAddress: string',
    'status: object',
  ],
  'BGPPeer v1beta2': [
    'spec: object',
    'spec.bfdProfile: string',
    'spec.connectTime: string',
    'spec.disableMP: boolean = false',
    'spec.dualStackAddressFamily: boolean = false',
    'spec.dynamicASN: string internal|external',
    'spec.ebgpMultiHop: boolean',
    'spec.enableGracefulRestart: boolean',
    'spec.gracefulRestart: object',
    'spec.gracefulRestart.enabled!: boolean',
    'spec.gracefulRestart.restartTime: string = 120s',
    'spec.holdTime: string',
    'spec.interface: string',
    'spec.keepaliveTime: string',
    'spec.localASN: int64 1..4294967295',
    'spec.myASN!: int64 0..4294967295',
    'spec.nodeSelectors: []selector',
    'spec.passive: boolean',
    'spec.password: string',
    'spec.passwordSecret: object',
    'spec.passwordSecret.key: string = password',
    'spec.passwordSecret.name: string',
    'spec.passwordSecret.namespace: string',
    'spec.peerASN: int64 0..4294967295',
    'spec.peerAddress: string',
    'spec.peerPort: int32 1..16384 = 179',
    'spec.routerID: string',
    'spec.sourceAddress: string',
    'spec.ttlSecurityHops: int32 1..254',
    'spec.vrf: string',
    'status: object',
  ],
  'Community v1beta1': [
    'spec: object',
    'spec.communities: []object',
    'spec.communities[].name: string',
    'spec.communities[].value: string',
    'status: object',
  ],
  'ConfigurationState v1beta1': [
    'status: object',
    'status.conditions: []object',
    'status.conditions[].lastTransitionTime!: date-time',
    'status.conditions[].message!: string',
    'status.conditions[].observedGeneration: int64 0..',
    'status.conditions[].reason!: string',
    'status.conditions[].status!: string True|False|Unknown',
    'status.conditions[].type!: string',
    'status.errorSummary: string',
    'status.result: string Valid|Invalid|Unknown',
  ],
  'IPAddressPool v1beta1': [
    'spec!: object',
    'spec.addresses!: []string',
    'spec.autoAssign: boolean = true',
    'spec.avoidBuggyIPs: boolean = false',
    'spec.serviceAllocation: object',
    'spec.serviceAllocation.namespaceSelectors: []selector',
    'spec.serviceAllocation.namespaces: []string',
    'spec.serviceAllocation.priority: int',
    'spec.serviceAllocation.serviceSelectors: []selector',
    'status: object',
    'status.assignedIPv4!: int64',
    'status.assignedIPv6!: int64',
    'status.availableIPv4!: int64',
    'status.availableIPv6!: int64',
  ],
  'L2Advertisement v1beta1': [
    'spec: object',
    'spec.interfaces: []string',
    'spec.ipAddressPoolSelectors: []selector',
    'spec.ipAddressPools: []string',
    'spec.nodeSelectors: []selector',
    'spec.preferredNodeSelectors: []object',
    'spec.preferredNodeSelectors[].preference!: selector',
    'spec.preferredNodeSelectors[].weight!: int32 1..100',
    'spec.serviceSelectors: []selector',
    'status: object',
  ],
  'ServiceBGPStatus v1beta1': [
    'spec: object',
    'status: object',
    'status.node: string',
    'status.peers: []string',
    'status.serviceName: string',
    'status.serviceNamespace: string',
  ],
  'ServiceL2Status v1beta1': [
    'spec: object',
    'status: object',
    'status.interfaces: []object',
    'status.interfaces[].name: string',
    'status.node: string',
    'status.serviceName: string',
    'status.serviceNamespace: string',
  ],
}

function* fieldsOf(schema: Structural, path: string): Generator<string> {
  if (isLabelSelector(schema)) return
  const owner = schema.items ?? schema
  const inner = schema.items ? `${path}[].` : path === '' ? '' : `${path}.`
  for (const [name, field] of Object.entries(isLabelSelector(owner) ? {} : (owner.properties ?? {}))) {
    if (path === '' && ['apiVersion', 'kind', 'metadata'].includes(name)) continue
    const required = owner.required?.includes(name) ? '!' : ''
    yield `${inner}${name}${required}: ${summary(field)}`
    yield* fieldsOf(field, `${inner}${name}`)
  }
}

function summary(field: Structural): string {
  const { minimum, maximum, minItems } = field
  const range = minimum === undefined && maximum === undefined ? '' : ` ${minimum ?? ''}..${maximum ?? ''}`
  const words = field.enum ? ` ${field.enum.join('|')}` : ''
  const items = minItems === undefined ? '' : ` minItems ${minItems}`
  return `${typeOf(field)}${range}${words}${items}${field.default === undefined ? '' : ` = ${field.default}`}`
}

function typeOf(field: Structural): string {
  if (isLabelSelector(field)) return 'selector'
  if (field.items) return `[]${typeOf(field.items)}`
  if (field.additionalProperties) return 'map'
  return field.format ?? (field.type === 'integer' ? 'int' : field.type)
}

test('every kind and version has exactly these fields', () => {
  const crds = readCrds(ROOT)
  const found = crds.map(({ kind, version, schema }) => [`${kind} ${version}`, [...fieldsOf(schema, '')]])
  assert.deepEqual(Object.fromEntries(found), FIELDS)
})

test('every field says what it is', () => {
  const silent: string[] = []
  const visit = (schema: Structural, path: string): void => {
    if (!schema.description && !path.endsWith('metadata') && !path.endsWith('[]')) silent.push(path)
    for (const [name, field] of Object.entries(schema.properties ?? {})) visit(field, `${path}.${name}`)
    if (schema.items) visit(schema.items, `${path}[]`)
  }
  for (const { kind, schema } of readCrds(ROOT)) visit(schema, kind)
  assert.deepEqual(silent, [])
})

type Column = Readonly<{ name: string; jsonPath: string; type: string; priority?: number }>
type Crd = Readonly<{
  metadata: Readonly<{ name: string }>
  spec: Readonly<{
    group: string
    scope: string
    names: Readonly<Record<string, unknown>>
    conversion?: unknown
    versions: readonly Readonly<
      Record<string, unknown> & { name: string; additionalPrinterColumns?: readonly Column[] }
    >[]
  }>
}>

function load(file: string): Crd {
  const crd: Crd = parse(readFileSync(join(ROOT, 'deploy/crds', file), 'utf8'))
  return crd
}

/** `name jsonPath type`, with ` wide` for priority 10: shown by `kubectl get -o wide` only. */
const COLUMNS: [plural: string, versions: string[], columns: string[]][] = [
  [
    'bfdprofiles',
    ['v1beta1'],
    [
      'Passive Mode .spec.passiveMode boolean',
      'Transmit Interval .spec.transmitInterval integer',
      'Receive Interval .spec.receiveInterval integer',
      'Multiplier .spec.detectMultiplier integer',
    ],
  ],
  [
    'bgpadvertisements',
    ['v1beta1'],
    [
      'IPAddressPools .spec.ipAddressPools string',
      'IPAddressPool Selectors .spec.ipAddressPoolSelectors string',
      'Peers .spec.peers string',
      'Node Selectors .spec.nodeSelectors string wide',
    ],
  ],
  [
    'bgppeers',
    ['v1beta1', 'v1beta2'],
    [
      'Address .spec.peerAddress string',
      'ASN .spec.peerASN string',
      'BFD Profile .spec.bfdProfile string',
      'Multi Hops .spec.ebgpMultiHop string',
    ],
  ],
  ['communities', ['v1beta1'], []],
  [
    'configurationstates',
    ['v1beta1'],
    [
      'Result .status.result string',
      'ErrorSummary .status.errorSummary string',
      'Age .metadata.creationTimestamp date',
    ],
  ],
  [
    'ipaddresspools',
    ['v1beta1'],
    [
      'Auto Assign .spec.autoAssign boolean',
      'Avoid Buggy IPs .spec.avoidBuggyIPs boolean',
      'Addresses .spec.addresses string',
    ],
  ],
  [
    'l2advertisements',
    ['v1beta1'],
    [
      'IPAddressPools .spec.ipAddressPools string',
      'IPAddressPool Selectors .spec.ipAddressPoolSelectors string',
      'Interfaces .spec.interfaces string',
      'Node Selectors .spec.nodeSelectors string wide',
    ],
  ],
  [
    'servicebgpstatuses',
    ['v1beta1'],
    [
      'Node .status.node string',
      'Service Name .status.serviceName string',
      'Service Namespace .status.serviceNamespace string',
    ],
  ],
  [
    'servicel2statuses',
    ['v1beta1'],
    [
      'Allocated Node .status.node string',
      'Service Name .status.serviceName string',
      'Service Namespace .status.serviceNamespace string',
    ],
  ],
]
for (const [plural, versions, columns] of COLUMNS) {
  test(`${plural}: names, versions and the columns of kubectl get`, () => {
    const { metadata, spec } = load(`${plural}.metallb.io.yaml`)
    assert.equal(metadata.name, `${plural}.metallb.io`)
    assert.deepEqual([spec.group, spec.scope, spec.names['plural']], ['metallb.io', 'Namespaced', plural])
    assert.deepEqual(Object.keys(spec.names).toSorted(), ['kind', 'listKind', 'plural', 'singular'])
    assert.deepEqual(
      spec.versions.map((version) => version.name),
      versions,
    )
    for (const version of spec.versions) {
      assert.deepEqual([version['served'], version['subresources']], [true, { status: {} }])
      assert.equal(version['storage'], version.name === versions.at(-1))
      assert.deepEqual((version.additionalPrinterColumns ?? []).map(columnText), columns)
    }
  })
}

function columnText({ name, jsonPath, type, priority }: Column): string {
  return `${name} ${jsonPath} ${type}${priority === 10 ? ' wide' : ''}`
}

test('there is one file per kind, all of them listed for kustomize, and nothing else', () => {
  const kinds = COLUMNS.map(([plural]) => `${plural}.metallb.io.yaml`)
  assert.deepEqual(readdirSync(join(ROOT, 'deploy/crds')), [...kinds, 'kustomization.yaml'].toSorted())
  const { resources }: { resources: string[] } = parse(
    readFileSync(join(ROOT, 'deploy/crds/kustomization.yaml'), 'utf8'),
  )
  assert.deepEqual(resources, kinds)
})

test('BGPPeer v1beta1 is deprecated in words and converted by the webhook', () => {
  const { spec } = load('bgppeers.metallb.io.yaml')
  const old = spec.versions.find((version) => version.name === 'v1beta1')
  assert.deepEqual(
    [old?.['deprecated'], old?.['deprecationWarning']],
    [true, 'v1beta1 is deprecated, please use v1beta2'],
  )
  assert.deepEqual(spec.conversion, {
    strategy: 'Webhook',
    webhook: {
      clientConfig: { service: { name: 'metallb-webhook-service', namespace: 'metallb-system', path: '/convert' } },
      conversionReviewVersions: ['v1beta1', 'v1beta2'],
    },
  })
})

const AGGREGATION =
  'serviceSelectors and aggregationLength are mutually exclusive, can only be used together with default aggregationLength (32) and aggregationLengthV6 (128)'
const CEL: [plural: string, messages: string[]][] = [
  ['bgpadvertisements', [AGGREGATION]],
  [
    'bgppeers',
    [
      'connect time should be between 1 seconds to 65535',
      'connect time should contain a whole number of seconds',
      'restart time should be between 1 seconds to 4095',
    ],
  ],
  ['servicebgpstatuses', ['Value is immutable', 'Value is immutable', 'Value is immutable']],
  ['servicel2statuses', ['Value is immutable', 'Value is immutable', 'Value is immutable']],
]
test('the CEL rules are these, and none makes enableGracefulRestart immutable', () => {
  const found = COLUMNS.map(([plural]): [string, string[]] => {
    const text = readFileSync(join(ROOT, 'deploy/crds', `${plural}.metallb.io.yaml`), 'utf8')
    const messages: string[] = []
    parse(text, (key, value: unknown) => {
      if (key === 'message' && typeof value === 'string') messages.push(value)
      return value
    })
    return [plural, messages]
  })
  assert.deepEqual(
    found.filter(([, messages]) => messages.length > 0),
    CEL,
  )
})
