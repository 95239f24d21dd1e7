// SPDX-License-Identifier: Apache-2.0
/** Packets that nobody should send to a BFD session of ours: each is dropped by name or harmless, alone and in storms. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ControlPacket, encode } from '../../src/bfd/codec.ts'
import { randomOf } from '../fuzz/mutations.ts'
import { A, kill, need, type Pair, pair, Router } from './bfd-routers.ts'

type Forgery = (up: ControlPacket) => Uint8Array

/** The packet with a byte changed by hand. */
const edited =
  (at: number, change: (byte: number) => number): Forgery =>
  (up) => {
    const bytes = encode(up)
    bytes[at] = change(bytes[at] ?? 0)
    return bytes
  }
const saying =
  (fields: Partial<ControlPacket>): Forgery =>
  (up) =>
    encode({ ...up, ...fields })
/** 24 bytes and a section for authentication. */
const authenticated: Forgery = (up) => {
  const bytes = Uint8Array.of(...encode(up), 1, 4, 1, 115)
  bytes[1] = (bytes[1] ?? 0) | 0x04
  bytes[3] = 28
  return bytes
}

/** What is sent in the name of a peer that is Up, over one hop; its TTL; the counter that it ends in. */
const DROPPED: readonly (readonly [string, Forgery, number, string])[] = [
  ['version 0', edited(0, (byte) => byte & 0x1f), 255, 'version'],
  ['version 2', edited(0, (byte) => (byte & 0x1f) | 0x40), 255, 'version'],
  ['cut short', (up) => encode(up).subarray(0, 23), 255, 'truncated'],
  ['a length below 24', edited(3, () => 23), 255, 'length'],
  ['a length beyond the datagram', edited(3, () => 25), 255, 'length'],
  ['a detect multiplier of 0', saying({ detectMult: 0, state: 'Down' }), 255, 'detectMult'],
  ['my discriminator 0', saying({ myId: 0, state: 'Down' }), 255, 'myDiscriminator'],
  ['your discriminator 0 while Up', saying({ yourId: 0 }), 255, 'yourDiscriminator'],
  ['your discriminator 0 while Init', saying({ yourId: 0, state: 'Init' }), 255, 'yourDiscriminator'],
  ["somebody else's discriminator", saying({ yourId: 0xdead_beef, state: 'Down' }), 255, 'unknownSession'],
  ['the multipoint bit', edited(1, (byte) => byte | 0x01), 255, 'multipoint'],
  ['the A bit without its section', edited(1, (byte) => byte | 0x04), 255, 'length'],
  ['the A bit with a section', authenticated, 255, 'authentication'],
  ['poll and final together', edited(1, (byte) => byte | 0x30), 255, 'pollAndFinal'],
  ['"Down" from behind a router', saying({ state: 'Down' }), 254, 'ttl'],
  ['"AdminDown" from behind a router', saying({ state: 'AdminDown', yourId: 0 }), 254, 'ttl'],
  ['a TTL of 0', saying({ state: 'Down' }), 0, 'ttl'],
  ['more than any packet has', () => new Uint8Array(257), 255, 'oversized'],
]
for (const [name, forgery, ttl, reason] of DROPPED) {
  test(`${name}: dropped as ${reason}, and the session stays`, async () => {
    const { clock, a, b } = await pair()
    const before = a.sessions.drops()[reason] ?? 0
    b.forge(A, forgery(lastOf(b)), ttl)
    await clock.advance(5000)
    assert.equal((a.sessions.drops()[reason] ?? 0) - before, 1)
    assert.deepEqual([a.isUp, b.isUp, a.reports, b.reports], [true, true, ['up peer'], ['up peer']])
  })
}

/** What is heard, and harmless: milliseconds between our packets afterwards, and of silence that ends the session. */
const HEARD: readonly (readonly [string, Partial<ControlPacket>, number, number])[] = [
  ['it can take nothing', { requiredMinRxUs: 0 }, 0, 300],
  ['it can take anything', { requiredMinRxUs: 1 }, 100, 300],
  ['it wants to send without a pause', { desiredMinTxUs: 0 }, 100, 300],
  ['it hardly sends', { desiredMinTxUs: 0xffff_ffff }, 100, 12_884_901.885],
  ['it can hardly take anything', { requiredMinRxUs: 0xffff_ffff }, 4_294_967.295, 300],
  ['it is as patient as one can be', { detectMult: 255 }, 100, 25_500],
  ['it has another discriminator all at once', { myId: 7 }, 100, 300],
  ['it wants echoes without a pause, and we do none', { requiredMinEchoRxUs: 1 }, 100, 300],
  ['it gives a reason that nobody has defined', { diag: 'reserved' }, 100, 300],
  ['it answers a poll that nobody sent', { final: true }, 100, 300],
]
for (const [name, fields, intervalMs, detectMs] of HEARD) {
  test(`${name}: heard, and the next word of the peer counts again`, async () => {
    const { clock, a, b } = await pair()
    b.forge(A, encode({ ...lastOf(b), ...fields }))
    await clock.advance(1)
    assert.deepEqual([a.view.intervalMs, a.view.detectMs, a.isUp], [intervalMs, detectMs, true])
    await clock.advance(5000)
    assert.deepEqual([a.view.intervalMs, a.view.detectMs, a.reports, b.reports], [100, 300, ['up peer'], ['up peer']])
  })
}

test('a storm of 20,000 packets in two seconds leaves the session Up, and hides no death', async () => {
  const all = await pair()
  const { clock, network, a, b } = all
  const stranger = new Router({ clock, network }, '192.0.2.66')
  stranger.configure(need(A, {}, { local: '192.0.2.66' }))
  await storm(all, stranger)
  assert.deepEqual([a.isUp, b.isUp, a.reports, b.reports], [true, true, ['up peer'], ['up peer']])
  assert.ok((a.sessions.drops()['flood'] ?? 0) > 10_000)
  assert.ok(a.said.length < 150, `${a.said.length} packets of ours`)
  kill({ clock, network }, b)
  await clock.advance(301)
  assert.equal(a.isUp, false)
})

/** In the peer's name and in a stranger's; what BFD itself takes for the peer's own word is not among it. */
async function storm({ clock, a, b }: Pair, stranger: Router): Promise<void> {
  const random = randomOf(5880)
  const up = lastOf(b)
  const hostile = DROPPED.map(([, forgery, ttl]) => ({ bytes: forgery(up), ttl }))
  const greeting = { ...up, state: 'Down', yourId: 0, myId: 66 } as const
  for (let round = 0; round < 2000; round++) {
    for (let each = 0; each < 5; each++) {
      const { bytes, ttl } = hostile[Math.floor(random() * hostile.length)] ?? { bytes: new Uint8Array(), ttl: 0 }
      b.forge(a.address, bytes, ttl)
      stranger.forge(a.address, encode({ ...greeting, yourId: each % 2 === 0 ? 0 : up.yourId }))
    }
    await clock.advance(1)
  }
}

test('a storm of polls is answered no more often than the reflex tells of them', async () => {
  const { clock, a, b } = await pair()
  const said = a.said.length
  const poll = encode({ ...lastOf(b), poll: true })
  for (let round = 0; round < 1000; round++) {
    for (let each = 0; each < 5; each++) b.forge(A, poll)
    await clock.advance(1)
  }
  assert.ok(a.said.length - said <= 215, `${a.said.length - said} packets`)
  assert.deepEqual([a.isUp, a.reports], [true, ['up peer']])
})

test('what the peer said in an earlier session is for no session now', async () => {
  const first = await pair()
  const earlier = first.b.said.map(({ datagram }) => datagram.subarray(1))
  const { clock, a, b } = await pair()
  for (const bytes of earlier.filter((one) => one.subarray(8, 12).some((byte) => byte !== 0))) {
    b.forge(A, bytes)
    await clock.advance(20)
  }
  assert.deepEqual([a.isUp, a.reports], [true, ['up peer']])
  assert.ok((a.sessions.drops()['unknownSession'] ?? 0) > 3)
})

test('an old "Down" that does not know us ends the session for a moment, as a restart would; both come Up again', async () => {
  const { clock, a, b } = await pair()
  const first = b.said.find(({ packet }) => packet.yourId === 0)
  assert.ok(first)
  b.forge(A, first.datagram.subarray(1))
  await clock.advance(2500)
  assert.deepEqual([a.isUp, b.isUp, a.reports.length], [true, true, 3])
})

function lastOf(router: Router): ControlPacket {
  const last = router.said.at(-1)
  assert.ok(last)
  return last.packet
}
