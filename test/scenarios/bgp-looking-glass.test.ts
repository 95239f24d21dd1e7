// SPDX-License-Identifier: Apache-2.0
/** What is told of a real session with a router, in simulated time: document, metrics, and messages in the log. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BgpSpeaker } from '../../src/bgp/speaker.ts'
import { parseIp } from '../../src/lib/ip.ts'
import { createLog } from '../../src/lib/log.ts'
import { Metrics } from '../../src/lib/metrics.ts'
import { parseCidr } from '../../src/lib/prefix.ts'
import { fieldAt, listAt } from '../../src/lib/unchecked.ts'
import { jsonPieces } from '../../src/programs/listeners/documents.ts'
import { BgpDebug } from '../../src/programs/speaker/bgp-debug.ts'
import { registerPeerMetrics } from '../../src/programs/speaker/bgp-metrics.ts'
import { peersDocument } from '../../src/programs/speaker/peers-document.ts'
import type { PeerReadings } from '../../src/programs/speaker/peers-readings.ts'
import { Router, SpeakerWorld, setupOf } from './bgp-speaker-world.ts'

const NODE = '10.0.0.11'
const TOR = '10.0.0.1'
const PREFIX = parseCidr('192.0.2.1/32') ?? assert.fail()

async function looking() {
  const world = new SpeakerWorld()
  const router = await Router.at(world, TOR, [NODE])
  const lines: string[] = []
  const readings: PeerReadings = {
    node: 'iris1',
    peers: () => speaker.peers(),
    configured: () => undefined,
    sent: (name) => speaker.sent(name),
    held: (name) => speaker.held(name),
    bfd: () => [],
  }
  const debug = new BgpDebug(
    createLog('info', (line) => lines.push(line)),
    readings,
  )
  const speaker = new BgpSpeaker({
    sockets: world.peers.host([NODE]),
    clock: world.clock,
    random: world.random,
    restarting: false,
    ownAddresses: () => ({ ipv4: parseIp(NODE) ?? null, ipv6: null, linkLocal: null }),
    onEvent: () => {},
    onFault: assert.fail,
    onMessage: (...message) => debug.message(...message),
  })
  const told = (): unknown => JSON.parse([...jsonPieces(peersDocument(readings))].join(''))
  const metrics = new Metrics()
  registerPeerMetrics(metrics, readings)
  return { world, router, lines, debug, speaker, told, metrics }
}

test('from a peer that is dialled to a route that it was told, and back to nothing', async () => {
  const { world, debug, lines, speaker, told, metrics } = await looking()
  const path = { localPref: null, communities: [0xffff_ff01], largeCommunities: [], med: 7, prepend: [] }
  speaker.set('default/web', [{ peer: 'tor', route: { prefix: PREFIX, ...path } }])
  speaker.planned()
  speaker.configure([setupOf('tor', TOR)])
  assert.deepEqual(fieldAt(told(), 'held'), [{ peer: 'tor', prefix: '192.0.2.1/32', why: 'notEstablished' }])
  assert.deepEqual(debug.debugBgp(TOR, true), ['tor'])
  await world.until(() => listAt(told(), 'routes').length > 0, 60_000, 'the route is told')

  const document = told()
  assert.equal(fieldAt(listAt(document, 'peers')[0], 'state'), 'Established')
  assert.deepEqual(fieldAt(document, 'held'), [])
  const [route] = listAt(document, 'routes')
  const fields = ['peer', 'prefix', 'nextHops', 'asPath', 'med', 'communities']
  assert.deepEqual(
    fields.map((field) => fieldAt(route, field)),
    ['tor', '192.0.2.1/32', [NODE], '64500', 7, ['no-export']],
  )
  assert.match(metrics.render(), /^metallb_bgp_session_up\{peer="10\.0\.0\.1:179"\} 1$/m)
  assert.match(metrics.render(), /^metallb_bgp_announced_prefixes_total\{peer="10\.0\.0\.1:179"\} 1$/m)
  const log = lines.join('')
  assert.match(log, /"BGP message sent","peer":"tor","direction":"sent","type":"open"/)
  assert.match(log, /"BGP message received","peer":"tor","direction":"received","type":"open"/)
  assert.match(log, /"type":"update","announced":\["192\.0\.2\.1\/32"\]/)

  speaker.configure([])
  assert.deepEqual([fieldAt(told(), 'peers'), fieldAt(told(), 'routes')], [[], []])
  assert.doesNotMatch(metrics.render(), /10\.0\.0\.1/)
})

test('a session that ends announces nothing, and says why it has ended', async () => {
  const { world, router, lines, debug, speaker, told, metrics } = await looking()
  speaker.planned()
  speaker.configure([setupOf('tor', TOR)])
  const state = () => fieldAt(listAt(told(), 'peers')[0], 'state')
  await world.until(() => state() === 'Established', 60_000, 'the session is up')
  assert.deepEqual(lines, [], 'nobody has asked for messages')
  debug.debugBgp('tor', true)
  router.of(NODE).session.stop({ kind: 'drain', text: 'moved to rack 4' })
  await world.until(() => state() !== 'Established', 10_000, 'the session is down')
  const [peer] = listAt(told(), 'peers')
  assert.match(String(fieldAt(peer, 'lastError', 'why')), /moved to rack 4/)
  assert.match(
    lines.join(''),
    /"type":"notification","says":"Cease: administrative shutdown \(\\"moved to rack 4\\"\)"/,
  )
  assert.match(metrics.render(), /^metallb_bgp_session_up\{peer="10\.0\.0\.1:179"\} 0$/m)
  assert.match(metrics.render(), /^metallb_bgp_session_down_events\{peer="10\.0\.0\.1:179"\} 1$/m)
  speaker.configure([])
})
