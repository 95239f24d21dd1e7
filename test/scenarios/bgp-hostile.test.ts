// SPDX-License-Identifier: Apache-2.0
/** Peers that are silent, that read nothing, that send what they should not, or that never stop doing so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode } from '../../src/bgp/codec/codec.ts'
import type { Message, Update } from '../../src/bgp/codec/message.ts'
import type { PeerStream } from '../../src/lib/peer-sockets.ts'
import type { StreamListener } from '../../src/lib/sockets.ts'
import { bytesOf, FAR, NEAR, NEAR_CONFIG, Scripted, Speaker, scripted, THEIR_OPEN, World } from './bgp-speakers.ts'

const MINUTE_MS = 60_000
const keepalive: Message = { type: 'keepalive' }
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const MARKER = 'ff'.repeat(16)
const message = (body: string): Uint8Array => hex(MARKER + body)

/** An UPDATE whose attributes are longer than it is: what RFC 7606 cannot save. */
const BROKEN_UPDATE = message('0017 02 0000 ffff')
const endOfRib: Update = { type: 'update', reach: [], unreach: [], attributes: {}, endOfRib: 'ipv4', flaw: null }

/** Comes up, and then does what the test wants. */
const established = (after: (peer: Scripted) => void) => (peer: Scripted) => {
  peer.agree()
  after(peer)
}

// What is said to each, as code/subcode (RFC 4271 §6, RFC 6608); null: it goes on.
const SENT: [string, (peer: Scripted) => void, string | null][] = [
  ['a marker that is not all ones', (peer) => peer.raw(hex(`00${'ff'.repeat(15)}001304`)), '1/1'],
  ['another protocol', (peer) => peer.raw(Buffer.from('GET / HTTP/1.1\r\nHost: router\r\n\r\n')), '1/1'],
  ['length 0', (peer) => peer.raw(message('0000 04')), '1/2'],
  ['length 18', (peer) => peer.raw(message('0012 04')), '1/2'],
  ['length 4097', (peer) => peer.raw(message('1001 02')), '1/2'],
  ['length 65535', (peer) => peer.raw(message('ffff 02')), '1/2'],
  ['an unknown type', (peer) => peer.raw(message('0013 09')), '1/3'],
  ['type 0', (peer) => peer.raw(message('0013 00')), '1/3'],
  ['version 3', (peer) => peer.raw(message('001d 01 03 fbf5 005a 0a000002 00')), '2/1'],
  ['another AS', (peer) => peer.agree({ ...THEIR_OPEN, asn: 1, capabilities: [] }), '2/2'],
  ['router ID 0', (peer) => peer.raw(message('001d 01 04 fbf5 005a 00000000 00')), '2/3'],
  ['hold time 1', (peer) => peer.raw(message('001d 01 04 fbf5 0001 0a000002 00')), '2/6'],
  ['hold time 2', (peer) => peer.raw(message('001d 01 04 fbf5 0002 0a000002 00')), '2/6'],
  ['a KEEPALIVE first', (peer) => peer.say(keepalive), '5/1'],
  ['an UPDATE first', (peer) => peer.say(endOfRib), '5/1'],
  ['two OPENs', (peer) => peer.say(THEIR_OPEN, THEIR_OPEN), '5/2'],
  ['an UPDATE before the KEEPALIVE', (peer) => peer.say(THEIR_OPEN, endOfRib), '5/2'],
  ['a second OPEN while Established', established((peer) => peer.say(THEIR_OPEN)), '5/3'],
  ['an UPDATE that cannot be saved', established((peer) => peer.raw(BROKEN_UPDATE)), '3/1'],
  ['a KEEPALIVE with contents', established((peer) => peer.raw(message('0014 04 00'))), '1/2'],
  ['a refresh for a family nobody knows', established((peer) => peer.raw(message('0017 05 4004 00 47'))), null],
  ['an UPDATE without contents', established((peer) => peer.say(endOfRib)), null],
  [
    'a thousand KEEPALIVEs at once',
    established((peer) => peer.say(...Array.from({ length: 1000 }, () => keepalive))),
    null,
  ],
  [
    'one byte at a time',
    (peer) => Buffer.concat([THEIR_OPEN, keepalive].map(bytesOf)).forEach((byte) => peer.raw(Uint8Array.of(byte))),
    null,
  ],
]
for (const [name, behave, expected] of SENT) {
  test(`${name}: ${expected === null ? 'goes on' : `NOTIFICATION ${expected}, and a new attempt`}`, async () => {
    const world = new World()
    const { near, peers } = await scripted(world, (peer, nth) => {
      if (nth === 1) behave(peer)
      else peer.agree()
    })
    await world.clock.advance(3000)
    assert.equal(peers[0]?.notification, expected ?? undefined, peers[0]?.names.join())
    assert.equal(peers.length, expected === null ? 1 : 2)
    assert.equal(peers[0]?.isClosed, expected !== null)
    assert.equal(near.isUp, true)
    const { sent } = near.session.view().counters
    assert.equal(sent.notification, expected === null ? 0 : 1)
  })
}

test('a peer that never says anything is given a minute, and is tried again more and more seldom', async () => {
  const world = new World()
  const { near, peers } = await scripted(world, () => {})
  await world.clock.advance(61_000)
  assert.equal(near.log[0], 'failed: no OPEN within 60 s')
  assert.equal(peers[0]?.notification, '4/0')
  await world.clock.advance(60 * MINUTE_MS)
  assert.ok(peers.length < 31, `${peers.length} attempts`)
  const waits = near.dials.slice(1).map((at, before) => at - (near.dials[before] ?? 0))
  assert.ok((waits.at(-1) ?? 0) > 150, 'two minutes at the end, besides the one that it is given')
  assert.ok(peers.filter(({ isClosed }) => !isClosed).length <= 1)
})

test('a peer that says nothing after its OPEN is given its hold time', async () => {
  const world = new World()
  const { near, peers } = await scripted(world, (peer) => peer.say({ ...THEIR_OPEN, holdSeconds: 9 }))
  await world.clock.advance(9500)
  assert.equal(near.log[0], 'failed: hold time expired: nothing was heard from the peer for 9 s')
  assert.equal(peers[0]?.notification, '4/0')
})

test('a process that was stalled reads what has come before it says that nobody was heard', async () => {
  const world = new World()
  const { near } = await scripted(world, (peer) => {
    peer.agree({ ...THEIR_OPEN, holdSeconds: 9 })
    peer.keepAlive(world.clock, 2900)
  })
  await world.until(() => near.isUp, 1000, 'it is up')
  for (let stall = 0; stall < 10; stall++) {
    near.process.stop()
    world.network.suspend(NEAR)
    await world.clock.advance(9500)
    near.process.continue()
    world.network.resume(NEAR)
    await world.clock.advance(3000)
  }
  assert.deepEqual(near.log, ['up'])
})

test('a peer that lives but reads nothing is given eight minutes (RFC 9687)', async () => {
  const world = new World()
  const { near } = await scripted(
    world,
    (peer) => {
      peer.agree()
      peer.keepAlive(world.clock, 30_000)
    },
    { isDeaf: true },
  )
  await world.until(() => near.isUp, 5000, 'it is up')
  const dialect = near.negotiated?.dialect
  assert.ok(dialect)
  const bytes = encode(endOfRib, dialect)
  let [written, isGood] = [0, true]
  while (isGood && written < 1_000_000) {
    isGood = near.send(bytes)
    written += bytes.length
  }
  assert.ok(written < 1_000_000, 'it is told to stop')
  assert.ok(near.session.view().waitingBytes > 0)
  await world.clock.advance(7 * MINUTE_MS)
  assert.deepEqual(near.log, ['up'])
  await world.until(() => !near.isUp, 2 * MINUTE_MS, 'it ends')
  assert.equal(near.log[1], 'down: the peer has read nothing for 480 s')
})

test('a peer that reads nothing of nothing loses nothing', async () => {
  const world = new World()
  const { near } = await scripted(
    world,
    (peer) => {
      peer.agree({ ...THEIR_OPEN, holdSeconds: 0 })
    },
    { isDeaf: true },
  )
  await world.clock.advance(60 * MINUTE_MS)
  assert.deepEqual([near.log, near.isUp], [['up'], true])
})

test('endless flap: the same malformed UPDATE after each reconnect slows it down, and a counter shows it', async () => {
  const world = new World()
  const { near, peers } = await scripted(
    world,
    established((peer) => peer.raw(BROKEN_UPDATE)),
  )
  await world.clock.advance(60 * MINUTE_MS)
  assert.ok(peers.length > 20 && peers.length < 60, `${peers.length} sessions in an hour`)
  const view = near.session.view()
  assert.ok(view.flaps > 20, `${view.flaps}`)
  assert.equal(view.counters.downs, view.counters.malformed)
  assert.match(view.lastError?.why ?? '', /^the peer sent what cannot be read: /)
  const waits = near.dials.slice(1).map((at, before) => at - (near.dials[before] ?? 0))
  for (const [at, wait] of waits.entries()) {
    const most = at === 0 ? 0 : Math.min(2 ** (at - 1), 120)
    assert.ok(wait >= 0.75 * most && wait <= most + 0.1, `wait ${at}: ${wait} s`)
  }
})

test('a flap that ends in something else each time slows down as well', async () => {
  const world = new World()
  const { peers } = await scripted(world, (peer, nth) => {
    peer.agree()
    if (nth % 3 === 0) peer.raw(BROKEN_UPDATE)
    else if (nth % 3 === 1) peer.say({ type: 'notification', code: 6, subcode: 4, data: new Uint8Array(0), reason: '' })
    else peer.destroy()
  })
  await world.clock.advance(60 * MINUTE_MS)
  assert.ok(peers.length < 60, `${peers.length} sessions in an hour`)
})

test('a peer that takes no capabilities is spoken to without', async () => {
  const world = new World()
  const { near, peers } = await scripted(world, (peer, nth) => {
    if (nth === 1) peer.say({ type: 'notification', code: 2, subcode: 4, data: new Uint8Array(0), reason: '' })
    else peer.agree({ ...THEIR_OPEN, capabilities: [] })
  })
  await world.until(() => near.isUp, 1000, 'it is up')
  await world.clock.advance(10)
  const opens = peers.map(({ heard }) => heard[0])
  assert.deepEqual(
    opens.map((open) => (open?.type === 'open' ? open.capabilities.length > 0 : null)),
    [true, false],
  )
  assert.deepEqual([near.negotiated?.dialect.fourOctetAs, near.session.view().families], [false, ['ipv4']])
})

test('a peer that ends only its own direction is let go', async () => {
  const world = new World()
  const { near, peers } = await scripted(
    world,
    established((peer) => world.clock.after(1000, () => peer.end())),
  )
  await world.clock.advance(1500)
  assert.deepEqual(near.log.slice(0, 2), ['up', 'down: the peer has closed the connection'])
  assert.equal(peers[0]?.isClosed, true)
})

test('who is told to go and stays is cut off after two seconds, whatever it sends until then', async () => {
  const world = new World()
  const { near, peers } = await scripted(
    world,
    established(() => {}),
    { isDeaf: true },
  )
  await world.until(() => near.isUp, 1000, 'it is up')
  near.session.stop({ kind: 'removed', text: '' })
  const goneAt = near.session.gone().then(() => world.seconds())
  const stoppedAt = world.seconds()
  for (let at = 0; at < 30; at++) {
    peers[0]?.raw(Buffer.alloc(10_000, 0xff))
    await world.clock.advance(100)
  }
  assert.equal(Math.round((await goneAt) - stoppedAt), 2)
  assert.deepEqual([near.updates, near.log], [[], ['up', 'down: the peer was removed from our configuration']])
})

test('who dials a stopped session, or one that is Established, is told so', async () => {
  const world = new World()
  const speaker = await Speaker.on(world, {
    address: NEAR,
    peer: FAR,
    config: { ...NEAR_CONFIG, passive: true },
    listens: true,
  })
  const host = world.network.host(FAR)
  const dial = async (): Promise<Scripted> => {
    const dialled = host.connectStream({ address: NEAR, port: 179 }, { timeoutMs: 1000 })
    await world.clock.advance(10)
    return new Scripted(await dialled)
  }
  const early = await dial()
  await world.clock.advance(10)
  assert.deepEqual([early.names, early.isClosed], [['notification 6/5'], true])
  speaker.session.start()
  const first = await dial()
  first.agree()
  await world.clock.advance(10)
  assert.equal(speaker.isUp, true)
  const second = await dial()
  second.agree()
  await world.clock.advance(10)
  assert.deepEqual([second.names, second.isClosed], [['open', 'notification 6/7'], true])
  const silent = await dial()
  await world.clock.advance(MINUTE_MS + 10)
  assert.equal(silent.notification, '4/0')
  assert.deepEqual([speaker.isUp, speaker.log], [true, ['up']])
})

test('who dials again and again, and hangs up never, holds no more than a few sockets', async () => {
  const world = new World()
  const config = { ...NEAR_CONFIG, passive: true }
  const { session } = await Speaker.on(world, { address: NEAR, peer: FAR, config })
  const open = new Map<number, StreamListener | null>()
  const dial = (id: number): PeerStream => {
    open.set(id, null)
    return {
      remote: { address: FAR, port: id },
      listen: (listener) => open.set(id, listener),
      write: () => true,
      bufferedBytes: 0,
      end() {},
      destroy() {
        const listener = open.get(id)
        open.delete(id)
        world.clock.after(0, () => listener?.onClose(null))
      },
    }
  }
  for (const isStarted of [false, true]) {
    if (isStarted) session.start()
    for (let id = 0; id < 10_000; id++) session.accept(dial(id))
    assert.ok(open.size > 0 && open.size <= 8, `${open.size} sockets`)
    await world.clock.advance(3 * MINUTE_MS)
    assert.equal(open.size, 0)
  }
})

test('any bytes: the session ends or goes on, and comes back', async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const world = new World(seed)
    const whole = Buffer.concat([THEIR_OPEN, keepalive, endOfRib, keepalive].map(bytesOf))
    const { near, peers } = await scripted(world, (peer, nth) => {
      if (nth > 3) {
        peer.agree()
        peer.keepAlive(world.clock, 30_000)
      } else {
        const bytes = Buffer.from(whole)
        for (let flips = 1 + Math.floor(world.random() * 3); flips > 0; flips--) {
          bytes[Math.floor(world.random() * bytes.length)] = Math.floor(world.random() * 256)
        }
        peer.raw(bytes.subarray(0, Math.ceil(world.random() * 2 * bytes.length)))
      }
    })
    await world.clock.advance(10 * MINUTE_MS)
    assert.ok(near.dials.length < 12, `seed ${seed}: ${near.dials.length} dials`)
    assert.equal(peers.filter(({ isClosed }) => !isClosed).length <= 1, true, `seed ${seed}`)
    assert.ok(near.isUp, `seed ${seed}: ${near.log.join('\n')}`)
  }
})
