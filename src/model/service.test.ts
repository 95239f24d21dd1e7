// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../lib/object.ts'
import { annotation, hasAnnotation } from './annotations.ts'
import { handles, parseClasses, parseService, type Service } from './service.ts'

function object(spec: unknown, status: unknown = {}, creationTimestamp?: string): KubeObject {
  const metadata = { name: 'web', namespace: 'default', labels: { app: 'web' }, annotations: { note: 'x' } }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: creationTimestamp ? { ...metadata, creationTimestamp } : metadata,
    spec,
    status,
  }
}

function parsed(spec: unknown, fillDefaults = true): Service {
  const result = parseService(object(spec), { fillDefaults })
  assert.ok(result.ok, JSON.stringify(result))
  return result.service
}

test('a Service as an API server shows it', () => {
  const spec = {
    type: 'LoadBalancer',
    clusterIP: '10.96.0.1',
    clusterIPs: ['10.96.0.1', 'fd00::1'],
    ipFamilies: ['IPv4', 'IPv6'],
    ipFamilyPolicy: 'PreferDualStack',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 30001,
    loadBalancerClass: 'metallb.io/internal',
    loadBalancerIP: '192.0.2.9',
    selector: { app: 'web' },
    ports: [{ name: 'dns', protocol: 'UDP', port: 53, targetPort: 'dns', nodePort: 30002 }],
  }
  const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }, { hostname: 'lb.example.com' }] } }
  assert.deepEqual(parseService(object(spec, status, '2026-01-02T03:04:05Z'), { fillDefaults: false }), {
    ok: true,
    service: {
      key: 'default/web',
      namespace: 'default',
      name: 'web',
      labels: { app: 'web' },
      annotations: { note: 'x' },
      createdMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      type: 'LoadBalancer',
      loadBalancerClass: 'metallb.io/internal',
      ipFamilyPolicy: 'PreferDualStack',
      ipFamilies: ['ipv4', 'ipv6'],
      clusterFamilies: ['ipv4', 'ipv6'],
      headless: false,
      externalTrafficPolicy: 'Local',
      podSelector: { app: 'web' },
      ports: [{ protocol: 'UDP', port: 53 }],
      loadBalancerIp: '192.0.2.9',
      healthCheckNodePort: 30001,
      ingress: [{ ip: '192.0.2.1' }, { ip: '' }],
    },
  })
})

test('a healthCheckNodePort of 0 is none, as for the API server', () => {
  assert.equal(parsed({ healthCheckNodePort: 0 }).healthCheckNodePort, null)
})

test('what is not said has its default', () => {
  const service = parsed(undefined, false)
  assert.deepEqual(
    [service.type, service.externalTrafficPolicy, service.ipFamilyPolicy, service.loadBalancerClass, service.createdMs],
    ['ClusterIP', 'Cluster', 'SingleStack', null, 0],
  )
  assert.deepEqual([service.ports, service.ingress, service.podSelector, service.clusterFamilies], [[], [], {}, []])
  assert.deepEqual(parsed({ ports: [{ port: 80 }] }).ports, [{ protocol: 'TCP', port: 80 }])
  assert.equal(parsed({ selector: null, type: '' }).type, 'ClusterIP')
})

/** Cluster families: from a file, and in a cluster. */
const FAMILIES: readonly (readonly [string, object, readonly string[], readonly string[]])[] = [
  ['nothing said', {}, ['ipv4'], []],
  ['both required', { ipFamilyPolicy: 'RequireDualStack' }, ['ipv4', 'ipv6'], []],
  ['both preferred', { ipFamilyPolicy: 'PreferDualStack' }, ['ipv4'], []],
  ['families', { ipFamilies: ['IPv6'] }, ['ipv6'], []],
  ['families in their order', { ipFamilies: ['IPv6', 'IPv4'] }, ['ipv6', 'ipv4'], []],
  ['cluster IPs', { clusterIPs: ['fd00::1', '10.0.0.1'] }, ['ipv6', 'ipv4'], ['ipv6', 'ipv4']],
  [
    'one family, both required: the other one comes second',
    { ipFamilies: ['IPv6'], ipFamilyPolicy: 'RequireDualStack' },
    ['ipv6', 'ipv4'],
    [],
  ],
  ['one family, both preferred', { ipFamilies: ['IPv6'], ipFamilyPolicy: 'PreferDualStack' }, ['ipv6'], []],
  [
    'one cluster IP, both required',
    { clusterIPs: ['10.0.0.1'], ipFamilyPolicy: 'RequireDualStack' },
    ['ipv4'],
    ['ipv4'],
  ],
  ['the singular clusterIP', { clusterIP: 'fd00::1' }, ['ipv6'], ['ipv6']],
  [
    'families before cluster IPs',
    { ipFamilies: ['IPv4', 'IPv6'], clusterIPs: ['10.0.0.1'] },
    ['ipv4', 'ipv6'],
    ['ipv4'],
  ],
  ['headless', { clusterIP: 'None', ipFamilies: ['IPv4'] }, [], []],
  ['headless in the plural', { clusterIPs: ['None'] }, [], []],
]
for (const [name, spec, fromFile, inCluster] of FAMILIES) {
  test(`cluster families: ${name}`, () => {
    assert.deepEqual(parsed(spec).clusterFamilies, fromFile)
    assert.deepEqual(parsed(spec, false).clusterFamilies, inCluster)
    assert.equal(parsed(spec).headless, name.startsWith('headless'))
  })
}

test('two families without a policy mean that both are required, as Kubernetes infers it', () => {
  assert.equal(parsed({ ipFamilies: ['IPv4', 'IPv6'] }).ipFamilyPolicy, 'RequireDualStack')
  assert.equal(parsed({ clusterIPs: ['10.0.0.1', 'fd00::1'] }, false).ipFamilyPolicy, 'RequireDualStack')
})

/** Each field with a value of a wrong type, and the field that the problem names. */
const WRONG: readonly (readonly [unknown, unknown, string])[] = [
  ['x', {}, 'spec'],
  [[], {}, 'spec'],
  [{ type: 7 }, {}, 'spec.type'],
  [{ type: 'Loadbalancer' }, {}, 'spec.type'],
  [{ loadBalancerClass: {} }, {}, 'spec.loadBalancerClass'],
  [{ ipFamilyPolicy: 'DualStack' }, {}, 'spec.ipFamilyPolicy'],
  [{ ipFamilies: 'IPv4' }, {}, 'spec.ipFamilies'],
  [{ ipFamilies: ['IPv4', 6] }, {}, 'spec.ipFamilies[1]'],
  [{ ipFamilies: ['constructor'] }, {}, 'spec.ipFamilies[0]'],
  [{ clusterIP: 10 }, {}, 'spec.clusterIP'],
  [{ clusterIP: 'some' }, {}, 'spec.clusterIP'],
  [{ clusterIPs: {} }, {}, 'spec.clusterIPs'],
  [{ clusterIPs: ['10.0.0.1', '10.0.0.256'] }, {}, 'spec.clusterIPs[1]'],
  [{ externalTrafficPolicy: 'local' }, {}, 'spec.externalTrafficPolicy'],
  [{ selector: ['app'] }, {}, 'spec.selector'],
  [{ selector: { app: 1 } }, {}, 'spec.selector'],
  [{ ports: { port: 80 } }, {}, 'spec.ports'],
  [{ ports: [{ port: 80 }, null] }, {}, 'spec.ports[1]'],
  [{ ports: [{ port: '80' }] }, {}, 'spec.ports[0].port'],
  [{ ports: [{ port: 0 }] }, {}, 'spec.ports[0].port'],
  [{ ports: [{ port: 65536 }] }, {}, 'spec.ports[0].port'],
  [{ ports: [{ port: 1.5 }] }, {}, 'spec.ports[0].port'],
  [{ ports: [{}] }, {}, 'spec.ports[0].port'],
  [{ ports: [{ port: 80, protocol: 'HTTP' }] }, {}, 'spec.ports[0].protocol'],
  [{ loadBalancerIP: [] }, {}, 'spec.loadBalancerIP'],
  [{ healthCheckNodePort: 'x' }, {}, 'spec.healthCheckNodePort'],
  [{}, 5, 'status'],
  [{}, { loadBalancer: [] }, 'status.loadBalancer'],
  [{}, { loadBalancer: { ingress: 'x' } }, 'status.loadBalancer.ingress'],
  [{}, { loadBalancer: { ingress: ['192.0.2.1'] } }, 'status.loadBalancer.ingress[0]'],
  [{}, { loadBalancer: { ingress: [{ ip: 1 }] } }, 'status.loadBalancer.ingress[0].ip'],
]
for (const [spec, status, field] of WRONG) {
  test(`unreadable: ${JSON.stringify({ spec, status })}`, () => {
    const result = parseService(object(spec, status), { fillDefaults: true })
    assert.ok(!result.ok)
    assert.deepEqual(
      result.problems.map((problem) => [problem.field, problem.code, problem.severity]),
      [[field, 'schema', 'error']],
    )
    assert.match(result.problems[0]?.message ?? '', /^this is .+, expected .+; correct it$/)
  })
}

test('what is inherited does not count', () => {
  const spec: unknown = JSON.parse('{"__proto__": {"type": "LoadBalancer"}, "selector": {"__proto__": "x"}}')
  assert.equal(parsed(spec).type, 'ClusterIP')
})

/** --lb-class, class of the Service, whether it is ours. */
const CLASSES: readonly (readonly [readonly string[], string | undefined, boolean])[] = [
  [[], undefined, true],
  [[], 'metallb.io/internal', true],
  [[], 'example.com/other', false],
  [[], 'metallb.iox/internal', false],
  [['a'], undefined, false],
  [['a'], 'a', true],
  [['a', 'b'], 'b', true],
  [['a'], 'metallb.io/internal', false],
]
for (const [classes, loadBalancerClass, expected] of CLASSES) {
  test(`--lb-class ${classes.join(',') || 'unset'}, class ${loadBalancerClass ?? 'unset'}: ${expected ? 'ours' : 'not ours'}`, () => {
    assert.equal(handles(classes, parsed({ loadBalancerClass })), expected)
  })
}

const CLASS_LISTS: readonly (readonly [string, string, readonly string[]])[] = [
  ['one', 'a', ['a']],
  ['several', 'a,b', ['a', 'b']],
  ['blanks around commas', ' a , b', ['a', 'b']],
  ['empty is none, as where the flag is not given', '', []],
  ['empty entries do not count', 'a,,', ['a']],
]
for (const [name, text, expected] of CLASS_LISTS) {
  test(`list of --lb-class: ${name}`, () => assert.deepEqual(parseClasses(text), expected))
}

/** Annotations, and the value of address-pool. */
const ANNOTATIONS: readonly (readonly [string, Record<string, string>, string | undefined])[] = [
  ['neither key', {}, undefined],
  ['the current key', { 'metallb.io/address-pool': 'a' }, 'a'],
  ['the older key', { 'metallb.universe.tf/address-pool': 'b' }, 'b'],
  ['both: the current one', { 'metallb.universe.tf/address-pool': 'b', 'metallb.io/address-pool': 'a' }, 'a'],
  ['both, the current one empty', { 'metallb.universe.tf/address-pool': 'b', 'metallb.io/address-pool': '' }, ''],
]
for (const [name, annotations, expected] of ANNOTATIONS) {
  test(`annotation: ${name}`, () => {
    assert.equal(annotation({ annotations }, 'address-pool'), expected)
    assert.equal(hasAnnotation({ annotations }, 'address-pool'), expected !== undefined)
  })
}

test('10,000 Services are read in well under 300 ms', () => {
  const one = object({
    type: 'LoadBalancer',
    clusterIPs: ['10.96.0.1'],
    selector: { app: 'web' },
    ports: [{ port: 80, protocol: 'TCP' }],
  })
  const started = performance.now()
  for (let i = 0; i < 10_000; i++) parseService(one, { fillDefaults: false })
  assert.ok(performance.now() - started < 300)
})
