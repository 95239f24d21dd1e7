// SPDX-License-Identifier: Apache-2.0
/** A speaker and its routers: what is announced, packed, changed and withdrawn. In simulated time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostPrefix, NodeUnderTest, Router, routesTo, SpeakerWorld, setupOf } from './bgp-speaker-world.ts'

const NODE = '10.0.0.1'
const ROUTER = '10.0.1.1'

async function one(world = new SpeakerWorld()) {
  const node = new NodeUnderTest(world, NODE)
  const router = await Router.at(world, ROUTER, [NODE])
  node.speaker.configure([setupOf('tor', ROUTER)])
  return { world, node, router, told: router.of(NODE) }
}

test('2,000 Services reach a new peer in few UPDATEs, then End-of-RIB, which waits for the plan', async () => {
  const { world, node, told } = await one()
  for (let n = 0; n < 2000; n++) node.speaker.set(`default/${n}`, routesTo(['tor'], hostPrefix(n)))
  await world.until(() => told.routes.size === 2000, 10_000, 'all is told')
  await world.clock.advance(1000)
  assert.deepEqual(told.endsOfRib, [])
  assert.ok(told.updates.length <= 3, `${told.updates.length} UPDATEs`)
  node.speaker.planned()
  await world.clock.advance(100)
  assert.deepEqual(told.endsOfRib, ['ipv4'])
})
