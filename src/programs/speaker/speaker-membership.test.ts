// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryObjects } from '../../../test/sim/memory-objects.ts'
import { SimReflex } from '../../../test/sim/neighbor-reflex.ts'
import { SimLinks } from '../../../test/sim/wire.ts'
import { Responder } from '../../l2/responder.ts'
import { systemClock } from '../../lib/clock.ts'
import { createLog } from '../../lib/log.ts'
import type { KubeObject } from '../../lib/object.ts'
import { supervise } from '../../lib/supervise.ts'
import type { Metadata } from './ring-metadata.ts'
import { type RingMember, ringView } from './ring-view.ts'
import { type Membership, Speaker } from './speaker.ts'

const object = (apiVersion: string, kind: string, name: string, rest: object): KubeObject => {
  const namespace = kind === 'Node' ? '' : apiVersion.startsWith('metallb.io') ? 'metallb-system' : 'default'
  return { apiVersion, kind, metadata: { name, namespace, labels: {}, annotations: {} }, ...rest }
}
const slice = (of: string): KubeObject => {
  const endpoints = [{ addresses: ['10.0.0.1'], nodeName: 'iris1', conditions: { ready: true } }]
  const bare = object('discovery.k8s.io/v1', 'EndpointSlice', `${of}-1`, { endpoints })
  return { ...bare, metadata: { ...bare.metadata, labels: { 'kubernetes.io/service-name': of } } }
}
const service = (name: string, ip: string): KubeObject => {
  const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] }
  return object('v1', 'Service', name, { spec, status: { loadBalancer: { ingress: [{ ip }] } } })
}
const WORLD = [
  object('metallb.io/v1beta1', 'IPAddressPool', 'a', { spec: { addresses: ['10.20.30.0/24'] } }),
  object('metallb.io/v1beta1', 'L2Advertisement', 'a', { spec: {} }),
  object('v1', 'Node', 'iris1', {}),
  object('v1', 'Node', 'iris2', {}),
  slice('web'),
  // iris2 comes first for it, by MetalLB's election.
  service('web', '10.20.30.1'),
]
const LINK = { index: 2, name: 'eth0', mac: '02:00:00:00:00:01', up: true, carrier: true, broadcast: true } as const
const LINKS = new SimLinks([
  { ...LINK, noArp: false, multicast: true, hasMaster: false, master: null, linkLocal: null, addresses: [] },
])

const settle = async () => {
  for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate)
}

/** iris1's speaker; what it and its membership do is noted in order. */
async function rig(world: readonly KubeObject[] = WORLD) {
  const api = new MemoryObjects()
  api.apply(...world)
  const reflex = new SimReflex()
  const notes: string[] = []
  const log = createLog('info', () => {})
  let members: readonly RingMember[] | null = null
  const owned = () => reflex.counters().addresses.length
  const planned: string[] = []
  const joining = Promise.withResolvers<void>()
  const membership: Membership = {
    view: () => members && ringView(members),
    join: async () => {
      notes.push(`join, owns ${owned()}`)
      await joining.promise
    },
    announces: () => notes.push(`announces, owns ${owned()}`),
    configured: () => notes.push('configured'),
    resync: async () => void notes.push('resync'),
    leave: async () => {
      await new Promise(setImmediate)
      notes.push(`left, owns ${owned()}`)
    },
    close: () => notes.push('closed'),
  }
  const onSuspended = () => supervise('replan', speaker.replan())
  const heard = { onSuspended, onConflict: () => {} }
  const responder = new Responder({ reflex, links: LINKS, clock: systemClock, log, excludeInterfaces: [], ...heard })
  const options = { namespace: 'metallb-system', node: 'iris1', classes: [], ignoreExcludeLabel: false }
  const speaker: Speaker = new Speaker({
    source: api.open(),
    responder,
    log,
    ...options,
    fillDefaults: true,
    membership,
    observer: { planned: ({ key }) => planned.push(key), problems: () => {} },
  })
  const started = speaker.start()
  const meet = async (...names: readonly (string | RingMember)[]) => {
    members = names.map((name) => (typeof name === 'string' ? { name, metadata: null } : name))
    speaker.memberChanged()
    await settle()
  }
  return { api, planned, speaker, started, reflex, notes, owned, meet, joined: joining.resolve }
}

test('nothing is announced before the ring was asked who is there, and it hears of us only when we answer', async () => {
  const { speaker, started, notes, meet, joined } = await rig()
  await settle()
  assert.deepEqual(notes, ['configured', 'join, owns 0'])
  await meet('iris1')
  joined()
  await started
  assert.deepEqual(notes.slice(2), ['announces, owns 1'])
  await speaker.stop()
})

test('a speaker that begins with an invalid configuration takes part once it has a valid one: others go on by the last', async () => {
  const pool = object('metallb.io/v1beta1', 'IPAddressPool', 'a', { spec: { addresses: ['10.20.30.0/99'] } })
  const { api, speaker, started, notes, meet, joined } = await rig([...WORLD.slice(1), pool])
  joined()
  await meet('iris1')
  await started
  assert.deepEqual(notes, ['join, owns 0'])
  api.apply(...WORLD.slice(0, 1))
  await settle()
  assert.deepEqual(notes.slice(1), ['configured', 'announces, owns 1'])
  api.apply(service('web', '10.20.30.2'))
  await settle()
  assert.equal(notes.length, 3)
  await speaker.stop()
})

const NOTHING: Metadata['gates'] = { passed: 'only', listed: new Set() }
const BARE: Metadata = { announces: true, version: '', watchPort: 0, gates: NOTHING, lacking: new Set(), macs: [] }
const lacking = (name: string, ...names: string[]) => ({ name, metadata: { ...BARE, lacking: new Set(names) } })
const starting = (name: string) => ({ name, metadata: { ...BARE, announces: false } })
const CHANGES: [string, readonly (string | RingMember)[], number][] = [
  ['the other one is there: it comes first', ['iris1', 'iris2'], 0],
  ['the other one is dead', ['iris1'], 1],
  ['the other one is still starting', ['iris1', starting('iris2')], 1],
  ['the other one lacks an interface that nothing asks for', ['iris1', lacking('iris2', 'eth9')], 0],
  ['a stranger without a Node does not count', ['iris1', 'nobody'], 1],
]
for (const [name, members, expected] of CHANGES) {
  test(`members: ${name}`, async () => {
    const { speaker, started, owned, meet, joined } = await rig()
    joined()
    await started
    await meet('iris1')
    assert.equal(owned(), 1)
    await meet(...members)
    assert.equal(owned(), expected)
    await speaker.stop()
  })
}

/** iris1 comes first for it, and asks for a health check. */
const GATED = WORLD.map((each): KubeObject => {
  if (each.kind !== 'Service') return each
  const annotations = { 'metallb.io/healthCheckNodePort': '8080' }
  const status = { loadBalancer: { ingress: [{ ip: '10.20.30.2' }] } }
  return { ...each, metadata: { ...each.metadata, annotations }, status }
})

test('a health check that others pass counts from the first plan on: who begins takes nothing from who is well', async () => {
  const { speaker, started, notes, meet, joined } = await rig(GATED)
  const well: RingMember = {
    name: 'iris2',
    metadata: { ...BARE, gates: { passed: 'only', listed: new Set(['8080/']) } },
  }
  joined()
  await meet({ name: 'iris1', metadata: BARE }, well)
  await started
  assert.deepEqual(notes.at(-1), 'announces, owns 0')
  await speaker.stop()
})

test('what the one that is gone answered for is planned before the rest', async () => {
  const { api, speaker, started, planned, meet, joined } = await rig()
  for (let last = 2; last <= 9; last++) api.apply(slice(`web-${last}`), service(`web-${last}`, `10.20.30.${last}`))
  joined()
  await started
  await meet('iris1', 'iris2')
  const theirs = [...speaker.view.leaders()].filter(({ leader }) => leader === 'iris2').map((one) => one.service)
  assert.ok(theirs.length > 1 && theirs.length < 9, `${theirs.length}`)
  planned.length = 0
  await meet('iris1')
  assert.deepEqual(planned.slice(0, theirs.length).toSorted(), theirs.toSorted())
  assert.equal(planned.length, 9)
  await speaker.stop()
})

test('others take over before we stop answering', async () => {
  const { speaker, started, notes, meet, joined, owned } = await rig()
  joined()
  await started
  await meet('iris1')
  notes.length = 0
  await speaker.stop()
  assert.deepEqual(notes, ['left, owns 1', 'closed'])
  assert.equal(owned(), 0)
})

test('after a pause the ring is heard before we speak', async () => {
  const { speaker, started, notes, reflex, meet, joined, owned } = await rig()
  joined()
  await started
  await meet('iris1')
  notes.length = 0
  reflex.wakeAfter(5000)
  await settle()
  assert.deepEqual(notes, ['resync'])
  assert.equal(owned(), 1)
  await speaker.stop()
})

test('who leads is told for every address', async () => {
  const { speaker, started, meet, joined } = await rig()
  joined()
  await started
  await meet('iris1', 'iris2')
  assert.deepEqual([...speaker.view.leaders()], [{ ip: '10.20.30.1', service: 'default/web', leader: 'iris2' }])
  assert.deepEqual([...speaker.view.members()], ['iris1', 'iris2'])
  await speaker.stop()
})
