// SPDX-License-Identifier: Apache-2.0
/** Packets of hostile peers: seeded changes of good ones, given to the codec and to a watch. FUZZ_RUNS makes it longer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CONTROL_BYTES, type ControlPacket, decode, encode, MALFORMATIONS } from '../../src/bfd/codec.ts'
import { initialSession, packetOf } from '../../src/bfd/fsm.ts'
import { tagger } from '../../src/bfd/tag.ts'
import { Watches, type WatchLoss } from '../../src/bfd/watches.ts'
import type { BfdReflex, BfdReflexListener, BfdSession } from '../../src/lib/bfd-reflex.ts'
import { createLog } from '../../src/lib/log.ts'
import { randomOf } from './mutations.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? '60000')
const PEER = 0x0102_0304
const timers = { desiredMinTxUs: 100_000, requiredMinRxUs: 100_000, detectMult: 4 }
const KEY = Uint8Array.of(1, 2, 3)

/** Good packets of a peer that knows our discriminator, or does not. */
function corpus(ourId: number): ControlPacket[] {
  const session = { ...initialSession(PEER, timers), remoteId: ourId }
  return (['AdminDown', 'Down', 'Init', 'Up'] as const).flatMap((state) => {
    const packet = packetOf({ ...session, state })
    return [
      packet,
      { ...packet, poll: true },
      { ...packet, final: true },
      { ...packet, myId: PEER + 1 },
      { ...packet, myId: 0 },
    ]
  })
}

/** Mostly small changes: what stays valid gets furthest. */
function mutate(good: Uint8Array, random: () => number): Uint8Array {
  const below = (limit: number): number => Math.floor(random() * limit)
  const bytes = Uint8Array.from(good)
  for (let times = below(4); times > 0; times--) {
    const at = below(bytes.length)
    const choices = [0, 255, below(256), (bytes[at] ?? 0) ^ (1 << below(8))]
    bytes[at] = choices[below(choices.length)] ?? 0
  }
  if (random() < 0.1) return bytes.subarray(0, below(bytes.length + 1))
  return random() < 0.1 ? Uint8Array.of(...bytes, ...new Uint8Array(below(224))) : bytes
}

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

/** Only hears: what a watch orders, and what it sends. */
class ListeningReflex implements BfdReflex {
  listener: BfdReflexListener | undefined
  ordered: BfdSession | undefined
  discriminator = 0
  sent = 0
  listen(listener: BfdReflexListener): void {
    this.listener = listener
  }
  openSocket(): number {
    return 1
  }
  closeSocket(): void {}
  openSession(_socket: number, { discriminator }: { discriminator: number }): number {
    this.discriminator = discriminator
    return 2
  }
  setSession(_session: number, state: BfdSession): void {
    this.ordered = state
  }
  send(): void {
    this.sent++
  }
  setEcho(): void {}
  sessionCounters(): ReturnType<BfdReflex['sessionCounters']> {
    return { controlIn: 0, controlOut: 0, echoIn: 0, echoOut: 0, looped: 0 }
  }
  closeSession(): void {}
  counters(): ReturnType<BfdReflex['counters']> {
    return { sent: 0, unsent: 0, accepted: 0, told: 0, dropped: { ttl: 0, flood: 0, oversized: 0, interface: 0 } }
  }
  close(): void {}
}

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

/** What goes down to the reflex has the size and the numbers that it can take. */
function checkOrders(state: BfdSession | undefined, key: Uint8Array | null): void {
  assert.ok(state)
  const { packet, expected, intervalUs, detectUs, detectMult } = state
  assert.equal(packet.length, key ? CONTROL_BYTES + 8 : CONTROL_BYTES)
  assert.ok(expected.length <= 256)
  assert.ok(Number.isInteger(intervalUs) && (intervalUs === 0 || intervalUs >= 100_000) && intervalUs < 2 ** 32)
  assert.ok(Number.isInteger(detectUs) && detectUs >= 0 && detectUs < 255 * 2 ** 32)
  assert.ok(detectMult === 4)
}
