// SPDX-License-Identifier: Apache-2.0
/** What src/lib/net.ts and, of ARP, src/lib/neighbors.ts promise, tried on an implementation with one wire and a station at its far end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ArpFrame, BROADCAST_MAC, decode, encode, gratuitous } from '../../src/l2/arp.ts'
import { toHex } from '../../src/lib/bytes.ts'
import type { ArpDrop, NeighborReflex } from '../../src/lib/neighbors.ts'
import type { Link, Links } from '../../src/lib/net.ts'

export type Wire = Readonly<{
  reflex: NeighborReflex
  links: Links
  /** The link at our end of the wire, and another that has nothing to do with it. */
  near(): Link
  other(): Link
  /** The station at the far end sends a frame. */
  inject(frame: Uint8Array): void
  /** Frames the station received since the last call, once all those injected before have been dealt with. */
  received(): Promise<Uint8Array[]>
  setUp(up: boolean): Promise<void>
  /** Gives our end an address (`192.0.2.1/24`) and takes it away; it is told of when this returns. */
  address(action: 'add' | 'del', cidr: string): Promise<void>
  /** Makes our end a member of a bridge, whose index is answered; null: of none. */
  bridge(isMember: boolean): Promise<number | null>
  close(): Promise<void>
}>

const STATION = '02:00:00:00:00:ff'
const MINE = 0xc633_6401
const NOT_MINE = 0xc633_6402
const MINE_TEXT = '198.51.100.1'
const NOT_MINE_TEXT = '198.51.100.2'
const request = (fields: Partial<ArpFrame> = {}): Uint8Array =>
  encode({
    destination: BROADCAST_MAC,
    source: STATION,
    operation: 'request',
    senderMac: STATION,
    senderIp: 0xc633_6409,
    targetMac: '00:00:00:00:00:00',
    targetIp: MINE,
    ...fields,
  })
const with16 = (at: number, value: number) => {
  const frame = request()
  new DataView(frame.buffer).setUint16(at, value)
  return frame
}

/** Frames that pass the kernel filter and must get no answer, with the reason that is counted. */
const DROPS: [string, (near: Link) => Uint8Array, ArpDrop][] = [
  ['a reply', () => request({ operation: 'reply' }), 'operation'],
  ['operation 3', () => with16(20, 3), 'operation'],
  ['a request sent to another MAC address', () => request({ destination: '02:00:00:00:00:77' }), 'destination'],
  ['a request sent to a multicast address', () => request({ destination: '01:00:5e:00:00:01' }), 'destination'],
  ['a request from our address for another', () => request({ senderIp: MINE, targetIp: NOT_MINE }), 'notAnnounced'],
  ['hardware type 6', () => with16(14, 6), 'malformed'],
  ['protocol type IPv6', () => with16(16, 0x86dd), 'malformed'],
  ['hardware length 8', () => with16(18, 0x0804), 'malformed'],
  ['protocol length 16', () => with16(18, 0x0610), 'malformed'],
]

function claimed(wire: Wire): void {
  wire.reflex.attach('arp', wire.near())
  wire.reflex.update([{ ip: MINE_TEXT, reach: 'all' }])
}

export function netContract(name: string, open: () => Promise<Wire>): void {
  const on = (title: string, body: (wire: Wire) => Promise<void>): void => {
    void test(`${name}: ${title}`, async () => {
      const wire = await open()
      try {
        await body(wire)
      } finally {
        await wire.close()
      }
    })
  }
  on('a request for a claimed address is answered to the one who asked', async (wire) => {
    claimed(wire)
    wire.inject(request())
    const mac = wire.near().mac ?? ''
    const reply = { destination: STATION, source: mac, operation: 'reply', senderMac: mac, senderIp: MINE } as const
    assert.deepEqual(
      (await wire.received()).map((frame) => decode(frame)),
      [{ ...reply, targetMac: STATION, targetIp: 0xc633_6409 }],
    )
    assert.deepEqual(wire.reflex.counters().addresses, [{ ip: MINE_TEXT, requests: 1, replies: 1 }])
  })

  on('a probe from 0.0.0.0 is answered, and a request sent to our MAC address', async (wire) => {
    claimed(wire)
    wire.inject(request({ senderIp: 0 }))
    wire.inject(request({ destination: wire.near().mac ?? '' }))
    assert.deepEqual(
      (await wire.received()).map((frame) => decode(frame)).map((f) => 'malformed' in f || f.targetIp),
      [0, 0xc633_6409],
    )
  })

  for (const [title, frame, drop] of DROPS) {
    on(`${title} is dropped as ${drop}`, async (wire) => {
      claimed(wire)
      wire.inject(frame(wire.near()))
      assert.deepEqual(await wire.received(), [])
      const drops = wire.reflex.counters().drops.arp
      assert.deepEqual(
        Object.entries(drops).filter(([, count]) => count > 0),
        [[drop, 1]],
      )
    })
  }

  on('a VLAN-tagged request, and one cut at any byte, are not answered', async (wire) => {
    claimed(wire)
    const whole = request()
    wire.inject(Uint8Array.of(...whole.subarray(0, 12), 0x81, 0x00, 0x00, 0x05, ...whole.subarray(12)))
    for (let length = 14; length < whole.length; length++) wire.inject(whole.subarray(0, length))
    assert.deepEqual(await wire.received(), [])
    assert.equal(wire.reflex.counters().addresses[0]?.requests, 0)
  })

  on('an address claimed for another link is not answered here', async (wire) => {
    claimed(wire)
    wire.reflex.update([{ ip: MINE_TEXT, reach: [wire.other().index] }])
    wire.inject(request())
    assert.deepEqual(await wire.received(), [])
    assert.equal(wire.reflex.counters().drops.arp.notOnInterface, 1)
    wire.reflex.update([{ ip: MINE_TEXT, reach: [wire.other().index, wire.near().index] }])
    wire.inject(request())
    assert.equal((await wire.received()).length, 1)
  })

  on('of many addresses each is answered, and no neighbour of them', async (wire) => {
    claimed(wire)
    const ips = Array.from({ length: 400 }, (_, i) => 0x0a00_0000 + 5 * i)
    wire.reflex.update(ips.map((ip) => ({ ip: `10.0.${(ip >> 8) & 255}.${ip & 255}`, reach: 'all' })))
    for (const ip of ips.slice(0, 60)) for (const by of [0, 1]) wire.inject(request({ targetIp: ip + by }))
    assert.equal((await wire.received()).length, 60)
  })

  on('a given-up address falls silent, the others go on counting', async (wire) => {
    claimed(wire)
    wire.reflex.update([{ ip: NOT_MINE_TEXT, reach: 'all' }])
    wire.inject(request({ targetIp: NOT_MINE }))
    assert.equal((await wire.received()).length, 1)
    wire.reflex.update([{ ip: MINE_TEXT, reach: null }])
    wire.inject(request())
    assert.deepEqual(await wire.received(), [])
    assert.deepEqual(wire.reflex.counters().addresses, [{ ip: NOT_MINE_TEXT, requests: 1, replies: 1 }])
  })

  on('what is sent arrives as it is; on a link that is not attached it is lost', async (wire) => {
    claimed(wire)
    const frame = encode(gratuitous('request', MINE, wire.near().mac ?? ''))
    assert.equal(wire.reflex.send({ protocol: 'arp', index: wire.near().index }, frame), 'sent')
    assert.equal(wire.reflex.send({ protocol: 'arp', index: wire.other().index }, frame), 'lost')
    assert.deepEqual((await wire.received()).map(toHex), [toHex(frame)])
  })

  on('a detached link is silent; attached again it answers', async (wire) => {
    claimed(wire)
    wire.reflex.detach({ protocol: 'arp', index: wire.near().index })
    wire.reflex.detach({ protocol: 'arp', index: wire.near().index })
    wire.inject(request())
    assert.deepEqual(await wire.received(), [])
    wire.reflex.attach('arp', wire.near())
    wire.inject(request())
    assert.equal((await wire.received()).length, 1)
  })

  on('a stranger who announces our address is reported, by request and by reply', async (wire) => {
    const conflicts: unknown[] = []
    wire.reflex.listen({ onConflict: (conflict) => conflicts.push(conflict), onSuspended: () => undefined })
    claimed(wire)
    for (const operation of ['request', 'reply'] as const) wire.inject(encode(gratuitous(operation, MINE, STATION)))
    wire.inject(encode(gratuitous('reply', MINE, wire.near().mac ?? '')))
    await wire.received()
    const conflict = { ip: MINE_TEXT, mac: STATION, index: wire.near().index }
    assert.deepEqual(conflicts, [conflict, conflict])
  })

  on('links: listed with their state, and each change is reported', async (wire) => {
    assert.equal(wire.near().up, true)
    assert.ok(wire.near().broadcast && wire.near().multicast && !wire.near().noArp && !wire.near().hasMaster)
    let changes = 0
    wire.links.onChange(() => changes++)
    await wire.setUp(false)
    assert.equal(wire.near().up, false)
    await wire.setUp(true)
    assert.equal(wire.near().up, true)
    assert.ok(changes >= 2)
  })

  on('links: an address that comes and goes is told, and which bridge a link is in', async (wire) => {
    let changes = 0
    wire.links.onChange(() => changes++)
    assert.deepEqual([wire.near().addresses, wire.near().master], [[], null])
    await wire.address('add', '192.0.2.1/24')
    await wire.address('add', '192.0.2.129/25')
    const own = [
      { address: '192.0.2.1', prefixBits: 24 },
      { address: '192.0.2.129', prefixBits: 25 },
    ]
    assert.deepEqual([wire.near().addresses, wire.other().addresses, changes], [own, [], 2])
    await wire.address('del', '192.0.2.1/24')
    assert.deepEqual(wire.near().addresses, own.slice(1))
    const bridge = await wire.bridge(true)
    assert.ok(bridge !== null && bridge !== wire.near().index)
    assert.deepEqual([wire.near().hasMaster, wire.near().master], [true, bridge])
    await wire.bridge(false)
    assert.deepEqual([wire.near().hasMaster, wire.near().master], [false, null])
    assert.ok(changes >= 5)
  })

  on('an address that comes leaves what is answered as it is', async (wire) => {
    claimed(wire)
    await wire.address('add', '192.0.2.1/24')
    wire.inject(request())
    assert.equal((await wire.received()).length, 1)
  })

  on('an attached link that was down in between answers again', async (wire) => {
    claimed(wire)
    await wire.setUp(false)
    await wire.setUp(true)
    wire.inject(request())
    assert.equal((await wire.received()).length, 1)
  })

  on('after close nothing is answered', async (wire) => {
    claimed(wire)
    wire.reflex.close()
    wire.inject(request())
    assert.deepEqual(await wire.received(), [])
  })
}
