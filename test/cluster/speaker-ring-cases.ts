// SPDX-License-Identifier: Apache-2.0
/**
 * Speakers in a cluster that are a ring: how they find each other, who answers when one dies, and what they write, with
 * the API server there and away. The tests are one story. speaker-ring.test.ts runs this file in namespaces.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fieldAt } from '../../lab/cluster/field.ts'
import { type Objects, observedAll } from '../../lab/cluster/observe.ts'
import { monotonicMs } from '../../lab/failover-record.ts'
import { encode, gratuitous } from '../../src/l2/arp.ts'
import { Prober } from '../lab/failover-prober.ts'
import { Tap, until } from '../lab/wire-namespace.ts'
import { LABELS, NODES, type NodeName, RingScene } from './speaker-ring-scene.ts'

/** The bound is 1 s; here twice that, as the machine may be busy. */
const TAKEN_OVER_MS = 2000
const STATION = '02:00:00:00:00:ff'
let scene: RingScene
let prober: Prober
/** Of Service `web`, which node-1 answers for while it can. */
let address = ''

before(async () => {
  scene = await RingScene.open()
  address = await scene.serve('web', 'node-1')
  prober = new Prober(scene.client, [address])
  await prober.ready()
})
after(async () => {
  await prober.stop()
  await scene.close()
})

/** Kills a node's speaker; asserts that the other node's answers soon. */
async function crash(node: NodeName): Promise<void> {
  const killedMs = monotonicMs()
  await scene.on(node).kill()
  const tookMs = (await prober.takenOver(scene.macOf(node), killedMs)) - killedMs
  assert.ok(tookMs <= TAKEN_OVER_MS, `${tookMs} ms`)
}

/** What speakers asked of Pods, and what was refused to them. */
function asked(): { lists: string[]; refused: string[] } {
  const all = scene.server.auditEvents().filter(({ user }) => user.username.endsWith(':speaker'))
  const lists = all.filter(({ verb, objectRef }) => verb === 'list' && objectRef?.resource === 'pods')
  const refused = all.filter(({ responseStatus }) => responseStatus?.code === 403)
  return {
    lists: lists.map(({ requestURI }) => new URL(requestURI, 'https://x').searchParams.get('labelSelector') ?? ''),
    refused: refused.map(({ verb, requestURI }) => `${verb} ${requestURI}`),
  }
}

test('they find each other by the addresses of their Pods, with the rights that they are given', async () => {
  await scene.start('node-1')
  await scene.start('node-2')
  await scene.watching()
  const { lists, refused } = asked()
  assert.deepEqual([new Set(lists), refused], [new Set([LABELS]), []])
  await prober.settled(scene.macOf('node-1'))
  await scene.statusNames('web', 'node-1')
})

test('one is killed: the other one answers, and the status names it; and back', async () => {
  await crash('node-1')
  await scene.statusNames('web', 'node-2')
  await scene.start('node-1')
  await prober.settled(scene.macOf('node-1'))
  await scene.statusNames('web', 'node-1')
})

test('without an API server the ring goes on: one is killed, and finds the other again by the addresses of the Nodes', async () => {
  await scene.correctNodes()
  for (const node of NODES) {
    const kept = () => readFileSync(join(scene.runDirectory(node), 'speaker-state'), 'utf8')
    await until(() => kept().includes(address) && kept().includes('"192.168.1.12"'), `${node} to keep it`, 10_000)
  }
  await scene.server.kill()
  await scene.on('node-2').said('the API server does not answer; what is known stays in use')
  await crash('node-1')
  const again = await scene.start('node-1')
  await again.said(({ msg }) => msg.startsWith('the Pods of the speakers cannot be listed; the addresses of the Nodes'))
  const { members } = await again.said('joined the ring of speakers')
  assert.deepEqual(members, ['node-2'])
  await prober.settled(scene.macOf('node-1'))
  await scene.server.start()
  await again.said('the API server answers; its objects replace the last known state')
  await scene.statusNames('web', 'node-1')
})

test('a station that claims the address: an event of the Service says which; the owner answers on', async () => {
  const tap = new Tap('switch')
  await tap.ready
  const number = address.split('.').reduce((all, part) => all * 256 + Number(part), 0)
  const claim = setInterval(() => tap.send(encode(gratuitous('request', number, STATION))), 300)
  try {
    const about = encodeURIComponent('involvedObject.name=web,reason=addressConflict')
    const events: Objects = await observedAll(
      scene.server.client,
      `/api/v1/namespaces/default/events?fieldSelector=${about}`,
      { holds: ({ size }) => size > 0, what: 'addressConflict is said' },
    )
    const [event] = events.values()
    assert.match(
      String(fieldAt(event, 'message')),
      new RegExp(`^station ${STATION} on interface eth0 of node "node-1"`),
    )
    assert.equal(fieldAt(event, 'type'), 'Warning')
    const { metadata } = await scene.server.client.get('/api/v1/namespaces/default/services/web')
    assert.equal(fieldAt(event, 'involvedObject', 'uid'), metadata.uid)
  } finally {
    clearInterval(claim)
    await tap.close()
  }
  await prober.settled(scene.macOf('node-1'))
})
