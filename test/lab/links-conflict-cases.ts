// SPDX-License-Identifier: Apache-2.0
/** Strangers that claim addresses of ours, with real packets; links-wire.test.ts runs this file in a namespace. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BROADCAST_MAC, decode, encode, gratuitous } from '../../src/l2/arp.ts'
import { encode as encodeNdp, type NdpFrame, solicitedNode, unsolicited } from '../../src/l2/ndp.ts'
import { Responder } from '../../src/l2/responder.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createLog } from '../../src/lib/log.ts'
import { openLinks } from '../../src/os/links.ts'
import { openNeighborReflex } from '../../src/os/neighbor-reflex.ts'
import { Conflicts } from '../../src/programs/speaker/conflicts.ts'
import { afterwards, VIP, wire } from './links-station.ts'
import { enableIpv6, macOf, sleep, type Tap, until } from './wire-namespace.ts'

const VIP_NUMBER = 0xc633_6401
const VIP6 = '2001:db8::1'
const STRANGER = '02:00:00:00:00:ff'
const TO_ROUTER = { destination: BROADCAST_MAC, targetMac: '02:00:00:00:00:fe', targetIp: 0xc633_6409 }
const PROBE: NdpFrame = {
  type: 'solicitation',
  ...solicitedNode(VIP6),
  source: STRANGER,
  sourceIp: '::',
  target: VIP6,
  linkLayer: null,
}

/** Layer 2 as a speaker has it, which announces both addresses for one Service. */
async function announced({ members = [] }: { members?: readonly string[] } = {}) {
  const tap = await wire()
  enableIpv6('near')
  const events: string[] = []
  const log = createLog('none')
  const conflicts = new Conflicts({
    node: 'n1',
    clock: systemClock,
    log,
    isMember: (mac) => members.includes(mac),
    event: ({ object, reason, message }) => events.push(`${reason} ${object.namespace}/${object.name}: ${message}`),
  })
  const links = openLinks()
  await until(() => links.list().some(({ name, linkLocal }) => name === 'near' && linkLocal), 'a link-local address')
  const responder = new Responder({
    reflex: openNeighborReflex({ pauseMs: 0 }),
    links,
    clock: systemClock,
    log,
    excludeInterfaces: [/^far$/],
    onSuspended: () => undefined,
    onConflict: (conflict) => conflicts.seen(conflict),
  })
  afterwards(() => responder.close())
  const claims = [VIP, VIP6].map((ip) => ({ ip, interfaces: 'all' }) as const)
  responder.set('a/web', claims)
  conflicts.planned({ key: 'a/web', uid: 'u', l2: { announce: true, claims }, bgp: null, gate: null })
  return { tap, conflicts, responder, events, counts: () => Object.fromEntries(conflicts.counts()) }
}

/** Frames with our MAC address, of any kind, within a time. */
async function heardFromUs(tap: Tap, ms: number): Promise<number> {
  const ours = Buffer.from(macOf('near').replaceAll(':', ''), 'hex')
  tap.take()
  await sleep(ms)
  const frames = await tap.settle(20)
  return frames.filter((frame) => ours.equals(frame.subarray(6, 12)) && isOfLayer2(frame)).length
}

/** ARP, or a neighbour advertisement: what the responder sends. The kernel's own IPv6 says other things. */
function isOfLayer2(frame: Uint8Array): boolean {
  return !('malformed' in decode(frame)) || (frame[12] === 0x86 && frame[13] === 0xdd && frame[54] === 136)
}

/** How a stranger of this MAC address claims one of the addresses. A probe of duplicate address detection is answered. */
const CLAIMS: [string, string, (mac: string) => Uint8Array, answered: boolean][] = [
  ['a gratuitous request', VIP, (mac) => encode(gratuitous('request', VIP_NUMBER, mac)), true],
  ['a gratuitous reply', VIP, (mac) => encode(gratuitous('reply', VIP_NUMBER, mac)), false],
  [
    'an answer to somebody else',
    VIP,
    (mac) => encode({ ...gratuitous('reply', VIP_NUMBER, mac), ...TO_ROUTER }),
    false,
  ],
  [
    'a request for another address',
    VIP,
    (mac) => encode({ ...gratuitous('request', VIP_NUMBER, mac), ...TO_ROUTER }),
    false,
  ],
  ['a neighbour advertisement', VIP6, (mac) => encodeNdp(unsolicited(VIP6, mac, 'fe80::ff')), false],
  ['a probe for duplicates', VIP6, (mac) => encodeNdp({ ...PROBE, source: mac }), true],
]

test('strangers that go on to claim an address, each in its way: an event for each address, and counts', async () => {
  const { tap, conflicts, events, counts } = await announced()
  const strangers = CLAIMS.map(([title, ip, frame], i) => ({ title, ip, mac: `${STRANGER.slice(0, -1)}${i}`, frame }))
  const claimAll = () => {
    for (const { mac, frame } of strangers) tap.send(frame(mac))
  }
  claimAll()
  await sleep(1100) // no more than ten a second reach JavaScript
  claimAll()
  await sleep(300)
  assert.deepEqual([events, counts()], [[], { [VIP]: 0, [VIP6]: 0 }], 'it might be a fail-over')
  await sleep(1100)
  claimAll()
  await until(() => [...conflicts.active()].length === strangers.length, 'each of them to count')
  assert.deepEqual(
    new Set([...conflicts.active()].map(({ ip, mac, interface: link }) => `${ip} ${mac} ${link}`)),
    new Set(strangers.map(({ ip, mac }) => `${ip} ${mac} near`)),
  )
  assert.deepEqual(counts(), { [VIP]: 4, [VIP6]: 2 })
  const said = events.map((event) => event.replace(/ near of node.* address (\S+) .*$/, ' $1'))
  assert.deepEqual(said, [
    `addressConflict a/web: station ${strangers[0]?.mac} on interface ${VIP}`,
    `addressConflict a/web: station ${strangers[4]?.mac} on interface ${VIP6}`,
  ])
})

test('while a stranger goes on, we send nothing but answers', async () => {
  const { tap, responder, events } = await announced()
  while (await heardFromUs(tap, 1300)) continue // the rounds of the start
  const gratuitousOf = () => responder.counters().addresses.map(({ gratuitous: sent }) => sent)
  const before = gratuitousOf()
  const frames = CLAIMS.filter(([, , , answered]) => !answered).map(([, , frame]) => frame(STRANGER))
  const repeat = setInterval(() => frames.map((frame) => tap.send(frame)), 100)
  afterwards(() => clearInterval(repeat))
  assert.equal(await heardFromUs(tap, 4000), 0)
  assert.ok(events.length > 0)
  assert.deepEqual(gratuitousOf(), before)
})

test('a member of the ring is no stranger', async () => {
  const { tap, conflicts, events, counts } = await announced({ members: [STRANGER] })
  const repeat = setInterval(() => CLAIMS.map(([, , frame]) => tap.send(frame(STRANGER))), 300)
  afterwards(() => clearInterval(repeat))
  await sleep(3500)
  assert.deepEqual([events, [...conflicts.active()], counts()], [[], [], { [VIP]: 0, [VIP6]: 0 }])
})
