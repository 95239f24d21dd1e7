// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryObjects } from '../../../test/sim/memory-objects.ts'
import { SimReflex } from '../../../test/sim/neighbor-reflex.ts'
import { SimLinks } from '../../../test/sim/wire.ts'
import { Responder } from '../../l2/responder.ts'
import { systemClock } from '../../lib/clock.ts'
import { createLog } from '../../lib/log.ts'
import type { Link } from '../../lib/net.ts'
import type { KubeObject } from '../../lib/object.ts'
import { supervise } from '../../lib/supervise.ts'
import { Speaker } from './speaker.ts'

const object = (apiVersion: string, kind: string, name: string, rest: object): KubeObject => {
  const namespace = kind === 'Node' ? '' : apiVersion.startsWith('metallb.io') ? 'metallb-system' : 'default'
  return { apiVersion, kind, metadata: { name, namespace, labels: {}, annotations: {} }, ...rest }
}
const node = (name: string, labels: Record<string, string> = {}): KubeObject => {
  const bare = object('v1', 'Node', name, {})
  return { ...bare, metadata: { ...bare.metadata, labels } }
}
const slice = (...nodeNames: readonly string[]): KubeObject => {
  const bare = object('discovery.k8s.io/v1', 'EndpointSlice', 'web-1', {
    endpoints: nodeNames.map((nodeName) => ({ addresses: ['10.0.0.1'], nodeName, conditions: { ready: true } })),
  })
  return { ...bare, metadata: { ...bare.metadata, labels: { 'kubernetes.io/service-name': 'web' } } }
}
const POOL = object('metallb.io/v1beta1', 'IPAddressPool', 'a', { spec: { addresses: ['10.20.30.0/24'] } })
const ADVERTISEMENT = object('metallb.io/v1beta1', 'L2Advertisement', 'a', { spec: {} })
const service = (ip: string, spec: object = {}): KubeObject =>
  object('v1', 'Service', 'web', {
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
    status: { loadBalancer: { ingress: [{ ip }] } },
  })

/** 10.20.30.1 belongs to iris2 and 10.20.30.2 to iris1, by MetalLB's election. */
const WORLD = [POOL, ADVERTISEMENT, node('iris1'), node('iris2'), slice('iris1')]
const LINK: Link = {
  index: 2,
  name: 'eth0',
  mac: '02:00:00:00:00:01',
  up: true,
  carrier: true,
  broadcast: true,
  noArp: false,
  multicast: true,
  hasMaster: false,
  master: null,
  linkLocal: null,
  addresses: [],
}

async function rig(name: string, ...objects: readonly KubeObject[]) {
  const api = new MemoryObjects()
  api.apply(...objects)
  const reflex = new SimReflex()
  const lines: string[] = []
  const log = createLog('info', (line) => lines.push(line))
  const responder = new Responder({
    reflex,
    links: new SimLinks([LINK]),
    clock: systemClock,
    log,
    excludeInterfaces: [],
    onSuspended: () => supervise('replan', speaker.replan()),
    onConflict: () => {},
  })
  const options = {
    namespace: 'metallb-system',
    node: name,
    classes: [],
    ignoreExcludeLabel: false,
    fillDefaults: true,
  }
  const speaker = new Speaker({ source: api.open(), responder, log, ...options })
  await speaker.start()
  const owned = async () => {
    for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate)
    return reflex.counters().addresses.map(({ ip }) => Number(ip.split('.')[3]))
  }
  return { api, reflex, speaker, lines, owned }
}

test('the owner answers and the other node does not', async () => {
  for (const [name, expected] of [
    ['iris2', [1]],
    ['iris1', []],
  ] as const) {
    const { speaker, owned } = await rig(name, ...WORLD, service('10.20.30.1'))
    assert.deepEqual(await owned(), expected, name)
    await speaker.stop()
  }
})

const smallerPool = (api: MemoryObjects) => api.apply({ ...POOL, spec: { addresses: ['10.20.31.0/24'] } })

const CHANGES: [string, (api: MemoryObjects) => void, readonly number[]][] = [
  ['nothing', () => {}, [1]],
  ['the Service is deleted', (api) => api.delete('Service', 'default', 'web'), []],
  ['the Service gets another address, which is the other node’s', (api) => api.apply(service('10.20.30.2')), []],
  ['its last endpoint goes', (api) => api.apply(slice()), []],
  ['its EndpointSlice is deleted', (api) => api.delete('EndpointSlice', 'default', 'web-1'), []],
  [
    'traffic has to stay on the endpoint’s node',
    (api) => api.apply(service('10.20.30.1', { externalTrafficPolicy: 'Local' })),
    [],
  ],
  [
    'this node gets the exclude label',
    (api) => api.apply(node('iris2', { 'node.kubernetes.io/exclude-from-external-load-balancers': '' })),
    [],
  ],
  ['this node is deleted', (api) => api.delete('Node', '', 'iris2'), []],
  ['the advertisement is deleted', (api) => api.delete('L2Advertisement', 'metallb-system', 'a'), []],
  [
    'the pool becomes invalid: the last valid configuration stays',
    (api) => api.apply({ ...POOL, spec: { addresses: ['nonsense'] } }),
    [1],
  ],
  ['no pool holds the address any more: it stays until the controller moves the Service', smallerPool, [1]],
  [
    'its pool is deleted: it stays until the controller moves the Service',
    (api) => api.delete('IPAddressPool', 'metallb-system', 'a'),
    [1],
  ],
  [
    'no pool holds the address any more, and the Service is moved',
    (api) => (smallerPool(api), api.apply(service('10.20.31.9'))),
    [9],
  ],
  [
    'no pool holds the address any more, and it is taken from the Service',
    (api) => (smallerPool(api), api.apply(service(''))),
    [],
  ],
  [
    'no pool holds the address any more, and the last endpoint goes',
    (api) => (smallerPool(api), api.apply(slice())),
    [],
  ],
  ['it becomes another class’s', (api) => api.apply(service('10.20.30.1', { loadBalancerClass: 'example.com/x' })), []],
  [
    'the Service cannot be read any more: what was understood stays',
    (api) => api.apply(service('10.20.30.1', { type: 7 })),
    [1],
  ],
]
for (const [name, change, expected] of CHANGES) {
  test(`this node owns the address, then: ${name}`, async () => {
    const { api, speaker, owned } = await rig('iris2', ...WORLD, service('10.20.30.1'))
    change(api)
    assert.deepEqual(await owned(), expected)
    await speaker.stop()
  })
}

test('a reflex that was paused speaks again when everything was planned anew, and only for what is still owned', async () => {
  const { api, reflex, speaker, owned } = await rig('iris2', ...WORLD, service('10.20.30.1'))
  await owned()
  reflex.wakeAfter(5000)
  assert.equal(reflex.send({ protocol: 'arp', index: 2 }, new Uint8Array(42)), 'suspended')
  api.apply(service('10.20.30.2'))
  assert.deepEqual(await owned(), [])
  assert.equal(reflex.send({ protocol: 'arp', index: 2 }, new Uint8Array(42)), 'sent')
  await speaker.stop()
})

test('the log says when an address is taken and when it is given up, once', async () => {
  const { api, speaker, lines, owned } = await rig('iris2', ...WORLD, service('10.20.30.1'))
  api.apply(service('10.20.30.1'))
  await owned()
  api.delete('Service', 'default', 'web')
  await owned()
  const events = lines.flatMap((line) => /"event":"(service\w+)"/.exec(line)?.[1] ?? [])
  assert.deepEqual(events, ['serviceAnnounced', 'serviceWithdrawn'])
  assert.match(lines.join(''), /announcing from node \\"iris2\\" with protocol \\"layer2\\": leader/)
  await speaker.stop()
})

test('a speaker that starts when no pool holds the address does not announce it', async () => {
  const { api, speaker, owned } = await rig(
    'iris2',
    POOL,
    ADVERTISEMENT,
    node('iris2'),
    slice('iris2'),
    service('10.20.31.1'),
  )
  api.apply(service('10.20.31.1', { sessionAffinity: 'ClientIP' }))
  assert.deepEqual(await owned(), [])
  await speaker.stop()
})

test('a stopped speaker answers for nothing', async () => {
  const { speaker, owned } = await rig('iris2', ...WORLD, service('10.20.30.1'))
  assert.deepEqual(await owned(), [1])
  await speaker.stop()
  assert.deepEqual(await owned(), [])
})

test('who stops withdraws first, before the source has written what it keeps, and can still be asked', async () => {
  const { speaker, owned, reflex } = await rig('iris2', ...WORLD, service('10.20.30.1'))
  assert.deepEqual(await owned(), [1])
  const stopped = speaker.stop()
  assert.deepEqual(reflex.counters().addresses, [], 'in the same turn')
  assert.deepEqual(
    speaker.view.counters().addresses.map(({ ip }) => ip),
    ['10.20.30.1'],
  )
  await stopped
})

test('a node name that is not among the Nodes is said in a sentence', async () => {
  const { speaker, lines } = await rig('iris7', ...WORLD, service('10.20.30.1'))
  assert.match(
    lines.join(''),
    /there is no Node \\"iris7\\", so nothing is announced from here; Nodes are: iris1 and iris2/,
  )
  await speaker.stop()
})
