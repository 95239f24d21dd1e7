// SPDX-License-Identifier: Apache-2.0
/** A ring of 1,000, and what one of 50 costs while nothing happens. In simulated time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressBytes, MEMBERLIST_VERSIONS } from '../../src/gossip/member.ts'
import { addressOf, lanBut, Ring } from './gossip-ring.ts'

test('a crash among 1,000 members is known to all within 25 s, and nobody else is blamed', async () => {
  const ring = new Ring()
  // They know each other from the start: how they come together is another story.
  const known = Array.from({ length: 1000 }, (_, number) => ({
    name: `node${number}`,
    address: addressBytes(addressOf(number)) ?? new Uint8Array(4),
    port: 7946,
    meta: new Uint8Array(0),
    versions: MEMBERLIST_VERSIONS,
    incarnation: 1,
  }))
  const config = lanBut({ enableCompression: false })
  for (let number = 0; number < 1000; number++) await ring.add({ known, config })
  await ring.clock.advance(1_000)
  const victim = ring.node(500)
  ring.crash(victim)
  const rest = ring.nodes.filter((node) => node !== victim)
  assert.ok(
    await ring.clock.runUntil(() => rest.every((node) => node.changes.some(({ state }) => state === 'dead')), 25_000),
  )
  const blamed = new Set(ring.nodes.flatMap(({ changes }) => changes.map(({ seen, state }) => `${seen} ${state}`)))
  assert.deepEqual([...blamed].toSorted(), ['node500 dead', 'node500 suspect'])
  ring.close()
})

test('at rest each of 50 members sends less than 20 kbit/s, encrypted and with 200 bytes of metadata', async (context) => {
  const ring = await Ring.of(50, { key: new Uint8Array(32).fill(7), meta: new Uint8Array(200).map((_, i) => i * 37) })
  await ring.clock.advance(5_000)
  const before = ring.nodes.map(({ address }) => ring.network.statistics(address))
  const seconds = 40
  await ring.clock.advance(seconds * 1000)
  const after = ring.nodes.map(({ address }) => ring.network.statistics(address))
  const sum = (what: 'datagrams' | 'bytes'): number =>
    after.reduce((total, now, index) => total + now[what] - (before[index]?.[what] ?? 0), 0) /
    ring.nodes.length /
    seconds
  const [packets, bits] = [sum('datagrams'), sum('bytes') * 8]
  context.diagnostic(`${packets.toFixed(1)} datagrams/s and ${(bits / 1000).toFixed(1)} kbit/s by UDP per member`)
  assert.ok(packets > 1 && packets < 10)
  // Every 60 s it tells another all it knows and is told the same, by TCP: about 50 × 300 bytes.
  assert.ok(bits + (2 * 50 * 300 * 8) / 60 < 20_000)
  ring.close()
})
