// SPDX-License-Identifier: Apache-2.0
/** Packets of hostile peers: seeded changes of good ones, given to the codec and to a watch. FUZZ_RUNS makes it longer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CONTROL_BYTES, decode, encode, MALFORMATIONS } from '../../src/bfd/codec.ts'
import { tagger } from '../../src/bfd/tag.ts'
import { Watches, type WatchLoss } from '../../src/bfd/watches.ts'
import { createLog } from '../../src/lib/log.ts'
import { checkOrders, corpus, ListeningReflex, mutate, RUNS } from './bfd-work.ts'
import { randomOf } from './mutations.ts'

const KEY = Uint8Array.of(1, 2, 3)

test(`${RUNS} changed packets: each is a packet that can be written again, or malformed by name`, () => {
  const random = randomOf(5880)
  const packets = [...corpus(7), ...corpus(0)].map(encode)
  const seen = new Map<string, number>()
  for (let run = 0; run < RUNS; run++) {
    const bytes = mutate(packets[run % packets.length] ?? new Uint8Array(), random)
    const packet = decode(bytes)
    const outcome = 'malformed' in packet ? packet.malformed : 'packet'
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
    if ('malformed' in packet) continue
    assert.ok(bytes.length >= CONTROL_BYTES && packet.detectMult > 0 && packet.myId > 0)
    assert.deepEqual(decode(encode(packet)), packet.diag === 'reserved' ? { ...packet, diag: 'none' } : packet)
  }
  assert.deepEqual(
    [...MALFORMATIONS, 'packet'].filter((outcome) => !seen.has(outcome)),
    [],
    'all outcomes are tried',
  )
})

for (const key of [null, KEY]) {
  test(`${RUNS} changed packets and silences${key ? ', with tags,' : ''} leave a watch in order`, () => {
    const reflex = new ListeningReflex()
    const losses: WatchLoss[] = []
    let ups = 0
    const watches = new Watches({
      reflex,
      local: { address: '192.0.2.1', port: 7947 },
      intervalMs: 100,
      multiplier: 4,
      key,
      random: randomOf(1),
      log: createLog('none'),
      onUp: () => ups++,
      onLost: (loss) => losses.push(loss),
      onPaused: () => undefined,
    })
    const from = { address: '192.0.2.2', port: 7947 }
    watches.set([{ name: 'b', ...from }])
    const random = randomOf(826)
    const packets = [...corpus(reflex.discriminator), ...corpus(0)].map(encode)
    const { seal } = tagger(key)
    for (let run = 0; run < RUNS; run++) {
      if (random() < 0.05) reflex.listener?.onSilence(2)
      const changed = mutate(packets[Math.floor(random() * packets.length)] ?? new Uint8Array(), random)
      const bytes = random() < 0.9 ? seal(changed) : changed
      reflex.listener?.onPacket({ socket: 1, session: 2, from, ttl: 255, bytes })
      checkOrders(reflex.ordered, key)
      assert.ok(losses.length <= ups, 'nobody is lost who was not there')
    }
    assert.ok(ups > 10 && losses.some(({ why }) => why === 'restarted') && losses.some(({ why }) => why === 'silent'))
    watches.close()
  })
}
