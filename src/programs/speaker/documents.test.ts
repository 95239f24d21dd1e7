// SPDX-License-Identifier: Apache-2.0
/** What a real speaker tells, from objects to the document and the metrics. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { core, l2, node, pool } from '../../../test/model/objects.ts'
import { MemoryObjects } from '../../../test/sim/memory-objects.ts'
import { SimReflex } from '../../../test/sim/neighbor-reflex.ts'
import { SimLinks } from '../../../test/sim/wire.ts'
import { Responder } from '../../l2/responder.ts'
import { systemClock } from '../../lib/clock.ts'
import { createLog } from '../../lib/log.ts'
import { Metrics } from '../../lib/metrics.ts'
import type { Link } from '../../lib/net.ts'
import { registerClientMetrics } from '../client-metrics.ts'
import { CountedSource } from '../counted-source.ts'
import { jsonPieces } from '../listeners/documents.ts'
import { History } from '../listeners/history.ts'
import { speakerDocuments } from './documents.ts'
import { membersDocument } from './members-document.ts'
import { registerSpeakerMetrics } from './metrics.ts'
import type { PeerReadings } from './peers-readings.ts'
import { Speaker } from './speaker.ts'

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

const service = (name: string, ip: string) => {
  const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] }
  const status = { loadBalancer: { ingress: [{ ip }] } }
  return core('Service', name, { spec, status }, { namespace: 'default' })
}
const slice = (name: string) => {
  const meta = { namespace: 'default', labels: { 'kubernetes.io/service-name': name } }
  const endpoints = [{ addresses: ['10.0.0.1'], nodeName: 'iris1', conditions: { ready: true } }]
  const object = core('EndpointSlice', `${name}-1`, { addressType: 'IPv4', endpoints }, meta)
  return { ...object, apiVersion: 'discovery.k8s.io/v1' }
}

const NO_PEERS: PeerReadings = {
  node: 'iris1',
  peers: () => [],
  configured: () => undefined,
  sent: () => [],
  held: () => [],
  bfd: () => [],
}

test('what it announces and why not, as objects change', async () => {
  const api = new MemoryObjects()
  // 10.20.30.1 belongs to iris2 and 10.20.30.2 to iris1, by MetalLB's election.
  const services = [service('web', '10.20.30.1'), slice('web'), service('api', '10.20.30.2'), slice('api')]
  api.apply(pool('a', ['10.20.30.0/24']), l2('a'), node('iris1'), node('iris2'), ...services)
  const directory = { usable: false, path: '/run', why: 'a test' } as const
  const history = new History({ program: 'speaker', directory, clock: systemClock })
  const log = history.recording(createLog('none'))
  const links = new SimLinks([LINK])
  const silent = { onSuspended: () => {}, onConflict: () => {} }
  const wire = { reflex: new SimReflex(), links, clock: systemClock, excludeInterfaces: [], ...silent }
  const source = new CountedSource(api.open())
  const speaker = new Speaker({
    source,
    responder: new Responder({ ...wire, log }),
    log,
    namespace: 'metallb-system',
    node: 'iris2',
    classes: [],
    ignoreExcludeLabel: false,
    fillDefaults: true,
  })
  const metrics = new Metrics()
  registerSpeakerMetrics(metrics, speaker.view)
  registerClientMetrics(metrics, { ...speaker.view, updates: () => source.updates })
  const documents = speakerDocuments({
    view: speaker.view,
    history,
    members: () => membersDocument(speaker.view, null),
    peers: NO_PEERS,
  })
  const plan = () => JSON.parse([...jsonPieces(documents.plan())].join('')).services
  const announced = () => metrics.render().match(/^metallb_speaker_announced.*/gm)
  assert.deepEqual(plan(), [], 'before it knows anything')
  await speaker.start()
  const web = { service: 'default/web', protocol: 'layer2', announce: true, ips: ['10.20.30.1'] }
  const why = { reason: 'notOwner', message: 'node iris1 answers for 10.20.30.2' }
  assert.deepEqual(plan(), [web, { service: 'default/api', protocol: 'layer2', announce: false, ...why }])
  const labels = 'service="default/web",protocol="layer2",node="iris2",ip="10.20.30.1"'
  assert.deepEqual(announced(), [`metallb_speaker_announced{${labels}} 1`])
  assert.match(metrics.render(), /^metallb_k8s_client_updates_total 8$/m)
  assert.match([...jsonPieces(documents.history())].join(''), /"event":"serviceAnnounced","service":"default\/web"/)
  api.delete('Service', 'default', 'web')
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  assert.equal(announced(), null)
  assert.deepEqual(
    plan().map(({ service: name }: { service: string }) => name),
    ['default/api'],
  )
  await speaker.stop()
})
