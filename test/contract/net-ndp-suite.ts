// SPDX-License-Identifier: Apache-2.0
/** What src/lib/neighbors.ts promises of neighbour discovery, tried on an implementation as net-suite.ts does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Advertisement,
  decode,
  encode,
  type NdpFrame,
  type Solicitation,
  solicitedNode,
  unsolicited,
} from '../../src/l2/ndp.ts'
import { toHex } from '../../src/lib/bytes.ts'
import type { NdpDrop } from '../../src/lib/neighbors.ts'
import type { Link } from '../../src/lib/net.ts'
import type { Wire } from './net-suite.ts'

const STATION = '02:00:00:00:00:ff'
const STATION_IP = '2001:db8::99'
const MINE = '2001:db8::1:2:3'
const NOT_MINE = '2001:db8::4'
const ALL_NODES = { destination: '33:33:00:00:00:01', destinationIp: 'ff02::1' }

const asked = (fields: Partial<Solicitation> = {}): Uint8Array =>
  encode({
    type: 'solicitation',
    ...solicitedNode(fields.target ?? MINE),
    source: STATION,
    sourceIp: STATION_IP,
    target: MINE,
    linkLayer: STATION,
    ...fields,
  })
const probe = (fields: Partial<Solicitation> = {}) => asked({ sourceIp: '::', linkLayer: null, ...fields })
const unicast = (near: Link) => ({ destination: near.mac ?? '', destinationIp: MINE })
const advertised = (fields: Partial<Advertisement> = {}) =>
  encode({ ...unsolicited(MINE, STATION, 'fe80::99'), ...fields })

/** The frame with one byte changed, and the checksum of what it then is. */
function changed(frame: Uint8Array, at: number, value: number): Uint8Array {
  frame[at] = value
  frame.set([0, 0], 56)
  const view = new DataView(frame.buffer)
  let sum = view.getUint16(18) + 58
  for (let i = 22; i < frame.length; i += 2) sum += view.getUint16(i)
  while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff)
  view.setUint16(56, ~sum & 0xffff)
  return frame
}
function spoilt(at: number): Uint8Array {
  const frame = asked()
  frame[at] = (frame[at] ?? 0) ^ 1
  return frame
}

/** Frames that pass the kernel filter and must get no answer, with the reason that is counted. */
const DROPS: [string, (near: Link) => Uint8Array, NdpDrop][] = [
  ['an advertisement', () => advertised(), 'operation'],
  ['a hop limit of 254', () => changed(asked(), 21, 254), 'hopLimit'],
  ['a wrong checksum', () => spoilt(56), 'checksum'],
  ['a source that the checksum does not cover', () => spoilt(37), 'checksum'],
  ['code 1', () => changed(asked(), 55, 1), 'malformed'],
  ['IP version 4', () => changed(asked(), 14, 0x40), 'malformed'],
  ['a payload longer than the frame', () => changed(asked(), 19, 33), 'malformed'],
  ['a payload shorter than the message', () => changed(asked(), 19, 23), 'malformed'],
  ['an option of length 0', () => changed(asked(), 79, 0), 'option'],
  ['an option longer than the packet', () => changed(asked(), 79, 2), 'option'],
  ['the address of a group in the option', () => asked({ linkLayer: '33:33:00:00:00:01' }), 'option'],
  ['a probe from :: that says where it is', () => probe({ linkLayer: STATION }), 'source'],
  ['a question of a group', () => asked({ sourceIp: 'ff02::5' }), 'source'],
  ['a question from the MAC address of a group', () => asked({ source: '33:33:00:00:00:01' }), 'source'],
  ['the group of another address', () => asked(solicitedNode(NOT_MINE)), 'destination'],
  ['all nodes', () => asked(ALL_NODES), 'destination'],
  ['another MAC address', () => asked({ destination: '02:00:00:00:00:77' }), 'destination'],
  ['another IP address', (near) => asked({ ...unicast(near), destinationIp: NOT_MINE }), 'destination'],
  ['a unicast probe from ::', (near) => probe(unicast(near)), 'destination'],
]

const NA = (near: Link, fields: Partial<Advertisement>): NdpFrame => ({
  type: 'advertisement',
  destination: STATION,
  destinationIp: STATION_IP,
  source: near.mac ?? '',
  sourceIp: MINE,
  target: MINE,
  linkLayer: near.mac,
  router: false,
  solicited: true,
  override: true,
  ...fields,
})

const ANSWERS: [string, (near: Link) => Uint8Array, Partial<Advertisement>][] = [
  ['a question to the group of the address', () => asked(), {}],
  ['a question to the address itself, as to see whether it is still there', (near) => asked(unicast(near)), {}],
  ['the same without an option', (near) => asked({ ...unicast(near), linkLayer: null }), {}],
  ['a question to the group that came to our MAC address', (near) => asked({ destination: near.mac ?? '' }), {}],
  [
    'a question that wants its answer elsewhere',
    () => asked({ linkLayer: '02:00:00:00:00:88' }),
    { destination: '02:00:00:00:00:88' },
  ],
  ['a question from a link-local address', () => asked({ sourceIp: 'fe80::99' }), { destinationIp: 'fe80::99' }],
  ['a probe from ::, whose asker has no address yet: to all', () => probe(), { ...ALL_NODES, solicited: false }],
]

const address = (i: number, by = 0) => `2001:db8::${(5 * i + by + 0x10).toString(16)}`

function claimed(wire: Wire): void {
  wire.reflex.attach('ndp', wire.near())
  wire.reflex.update([{ ip: MINE, reach: 'all' }])
}

/** What the station heard of us; the kernel at our end has other things to say. */
async function heard(wire: Wire): Promise<Uint8Array[]> {
  return (await wire.received()).filter((frame) => frame[20] === 58 && frame[54] === 136)
}

export function ndpContract(name: string, open: () => Promise<Wire>): void {
  const on = (title: string, body: (wire: Wire) => Promise<void>): void => {
    void test(`${name}, NDP: ${title}`, async () => {
      const wire = await open()
      try {
        await body(wire)
      } finally {
        await wire.close()
      }
    })
  }
  for (const [title, frame, answer] of ANSWERS) {
    on(`answered: ${title}`, async (wire) => {
      claimed(wire)
      wire.inject(frame(wire.near()))
      assert.deepEqual(
        (await heard(wire)).map((bytes) => decode(bytes)),
        [NA(wire.near(), answer)],
      )
      assert.deepEqual(wire.reflex.counters().addresses, [{ ip: MINE, requests: 1, replies: 1 }])
    })
  }

  for (const [title, frame, drop] of DROPS) {
    on(`dropped as ${drop}: ${title}`, async (wire) => {
      claimed(wire)
      wire.inject(frame(wire.near()))
      assert.deepEqual(await heard(wire), [])
      assert.deepEqual(
        Object.entries(wire.reflex.counters().drops.ndp).filter(([, count]) => count > 0),
        [[drop, 1]],
      )
    })
  }

  on('a VLAN-tagged question, and one cut at any byte, are not answered', async (wire) => {
    claimed(wire)
    const whole = asked()
    wire.inject(Uint8Array.of(...whole.subarray(0, 12), 0x81, 0x00, 0x00, 0x05, ...whole.subarray(12)))
    for (let length = 14; length < whole.length; length++) wire.inject(whole.subarray(0, length))
    assert.deepEqual(await heard(wire), [])
    assert.equal(wire.reflex.counters().addresses[0]?.requests, 0)
  })

  on('options that we do not know, and bytes behind the packet, do no harm', async (wire) => {
    claimed(wire)
    const nonce = Uint8Array.of(...asked(), 14, 1, 1, 2, 3, 4, 5, 6)
    wire.inject(changed(nonce, 19, 40))
    wire.inject(Uint8Array.of(...asked(), ...new Uint8Array(9)))
    assert.equal((await heard(wire)).length, 2)
  })

  on('an address claimed for another link is not answered here', async (wire) => {
    claimed(wire)
    wire.reflex.update([{ ip: MINE, reach: [wire.other().index] }])
    wire.inject(asked({ destination: wire.near().mac ?? '' }))
    assert.deepEqual(await heard(wire), [])
    assert.equal(wire.reflex.counters().drops.ndp.notOnInterface, 1)
    wire.reflex.update([{ ip: MINE, reach: [wire.other().index, wire.near().index] }])
    wire.inject(asked())
    assert.equal((await heard(wire)).length, 1)
  })

  on('of many addresses each is answered, and no neighbour of them', async (wire) => {
    claimed(wire)
    const ips = Array.from({ length: 400 }, (_, i) => address(i))
    wire.reflex.update(ips.map((ip) => ({ ip, reach: 'all' })))
    for (const ip of ips.slice(0, 40)) wire.inject(asked({ target: ip }))
    for (const ip of ips.slice(0, 40)) wire.inject(asked({ target: ip.replace('db8', 'db9') }))
    for (let i = 0; i < 40; i++) wire.inject(asked({ target: address(i, 1) }))
    assert.equal((await heard(wire)).length, 40)
  })

  on('both families at once; counters tell them apart', async (wire) => {
    claimed(wire)
    wire.reflex.attach('arp', wire.near())
    wire.reflex.update([
      { ip: '192.0.2.1', reach: 'all' },
      { ip: NOT_MINE, reach: 'all' },
    ])
    wire.inject(asked({ target: NOT_MINE }))
    assert.equal((await heard(wire)).length, 1)
    assert.deepEqual(wire.reflex.counters().addresses, [
      { ip: '192.0.2.1', requests: 0, replies: 0 },
      { ip: NOT_MINE, requests: 1, replies: 1 },
      { ip: MINE, requests: 0, replies: 0 },
    ])
    wire.reflex.update([{ ip: NOT_MINE, reach: null }])
    wire.inject(asked({ target: NOT_MINE }))
    assert.deepEqual(await heard(wire), [])
  })

  on('what is sent arrives as it is; on a link that is not attached it is lost', async (wire) => {
    claimed(wire)
    const frame = encode(unsolicited(MINE, wire.near().mac ?? '', 'fe80::1'))
    assert.equal(wire.reflex.send({ protocol: 'ndp', index: wire.near().index }, frame), 'sent')
    assert.equal(wire.reflex.send({ protocol: 'arp', index: wire.near().index }, frame), 'lost')
    assert.equal(wire.reflex.send({ protocol: 'ndp', index: wire.other().index }, frame), 'lost')
    assert.deepEqual((await heard(wire)).map(toHex), [toHex(frame)])
  })

  on('a detached link is silent; attached again it answers', async (wire) => {
    claimed(wire)
    wire.reflex.detach({ protocol: 'ndp', index: wire.near().index })
    wire.reflex.detach({ protocol: 'ndp', index: wire.near().index })
    wire.inject(asked())
    assert.deepEqual(await heard(wire), [])
    wire.reflex.attach('ndp', wire.near())
    wire.inject(asked())
    assert.equal((await heard(wire)).length, 1)
  })

  on('a stranger who has our address, or is about to take it, is reported', async (wire) => {
    const conflicts: unknown[] = []
    wire.reflex.listen({ onConflict: (conflict) => conflicts.push(conflict), onSuspended: () => undefined })
    claimed(wire)
    const own = wire.near().mac ?? ''
    wire.inject(advertised())
    wire.inject(advertised({ ...unicast(wire.near()), solicited: true }))
    wire.inject(probe())
    wire.inject(asked({ sourceIp: MINE }))
    wire.inject(advertised({ linkLayer: null, source: own }))
    wire.inject(advertised({ linkLayer: own }))
    wire.inject(advertised({ solicited: true })) // to all and yet an answer: no such thing (RFC 4861 §7.1.2)
    wire.inject(probe({ linkLayer: STATION })) // no such thing either (§7.1.1)
    wire.inject(advertised({ target: NOT_MINE }))
    await heard(wire)
    const conflict = { ip: MINE, mac: STATION, index: wire.near().index }
    assert.deepEqual(conflicts, [conflict, conflict, conflict, conflict])
  })

  on('after close nothing is answered', async (wire) => {
    claimed(wire)
    wire.reflex.close()
    wire.inject(asked())
    assert.deepEqual(await heard(wire), [])
  })
}
