// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cidr } from '../lib/prefix.ts'
import { attributesFor, type Egress } from './attributes.ts'
import type { AddressFamily } from './codec/message.ts'
import { Batch } from './pack.ts'
import { Rib } from './rib.ts'
import { BOTH, cidr, EGRESS, routeTo, SamplePeer } from './rib-sample.ts'
import type { Path } from './route.ts'

const MANY = 100_000
const SETS = 10

function outgoing(family: AddressFamily, path: Partial<Path> = {}, egress: Egress = EGRESS) {
  const found = attributesFor(routeTo('::/0', path), family, egress)
  return typeof found === 'string' ? assert.fail(found) : found
}

/** The `at`-th address of 10.0.0.0/8, or of 2001:db8::/32, as a prefix. */
function nth(family: AddressFamily, at: number): Cidr {
  return family === 'ipv4'
    ? { family, first: 0x0a00_0000n + BigInt(at), prefixBits: 32 }
    : { family, first: (0x2001_0db8n << 96n) + BigInt(at), prefixBits: 128 }
}

test('a batch says what is new, then what goes, then that this was all', () => {
  const batch = new Batch()
  batch.end('ipv4')
  batch.withdraw(cidr('192.0.2.0/24'))
  batch.announce(cidr('198.51.100.0/24'), outgoing('ipv4'))
  batch.withdraw(cidr('2001:db8::/64'))
  const peer = new SamplePeer()
  for (const bytes of batch.pack(BOTH)) peer.apply(bytes)
  assert.deepEqual(peer.log, ['+198.51.100.0/24', '-192.0.2.0/24', '-2001:db8::/64', 'end ipv4'])
})

test('an empty batch is no message', () => {
  assert.deepEqual([...new Batch().pack(BOTH)], [])
})

test('what says the same shares messages, whichever object says it', () => {
  const batch = new Batch()
  for (let at = 0; at < 300; at++) batch.announce(nth('ipv4', at), outgoing('ipv4', { med: at % 3 }))
  const peer = new SamplePeer()
  for (const bytes of batch.pack(BOTH)) peer.apply(bytes)
  assert.deepEqual([peer.messages, peer.table.size], [3, 300])
})

/** Beside a message's frame: ORIGIN, AS_PATH of one AS, and NEXT_HOP, or MP_REACH_NLRI with one next hop. */
function fewestMessages(family: AddressFamily, prefixes: number, maxBytes: number): number {
  const room = maxBytes - 23 - 4 - 9 - (family === 'ipv4' ? 7 : 4 + 5 + 16)
  return Math.ceil(prefixes / Math.floor(room / (family === 'ipv4' ? 5 : 17)))
}

const SIZES: [string, AddressFamily, number][] = [
  ['IPv4, 4,096 octets', 'ipv4', 4096],
  ['IPv4, 65,535 octets', 'ipv4', 65_535],
  ['IPv6, 4,096 octets', 'ipv6', 4096],
  ['IPv6, 65,535 octets', 'ipv6', 65_535],
]
for (const [name, family, maxBytes] of SIZES) {
  test(`messages are filled, and not over the limit: ${name}`, () => {
    const dialect = { ...BOTH, maxBytes }
    const said = outgoing(family, {}, { ...EGRESS, dialect })
    const [come, go] = [new Batch(), new Batch()]
    for (let at = 0; at < 20_000; at++) {
      come.announce(nth(family, at), said)
      go.withdraw(nth(family, at))
    }
    const peer = new SamplePeer(dialect)
    for (const bytes of come.pack(dialect)) peer.apply(bytes)
    const fewest = fewestMessages(family, 20_000, maxBytes)
    assert.equal(peer.messages, fewest)
    assert.equal(peer.table.size, 20_000)
    for (const bytes of go.pack(dialect)) peer.apply(bytes)
    assert.ok(peer.messages <= 2 * fewest)
    assert.deepEqual([peer.table.size, peer.needless.length], [0, 0])
  })
}

test('100,000 prefixes with 10 attribute sets: few bytes, in time, with pauses', () => {
  const rib = new Rib()
  for (let at = 0; at < MANY; at++) {
    const route = { ...routeTo('0.0.0.0/0', { communities: [at % SETS] }), prefix: nth('ipv4', at) }
    rib.set(`s${at}`, [{ peer: 'p', route }])
  }
  rib.establish('p', EGRESS)
  const messages: Uint8Array[] = []
  let steps = 0
  const started = process.cpuUsage()
  for (const bytes of rib.updates('p')) {
    steps++
    if (bytes) messages.push(bytes)
  }
  const { user, system } = process.cpuUsage(started)
  // About 100 ms when the core is quiet. Time that others use does not count; what grows with a square is far above.
  assert.ok(user + system < 2_000_000, `took ${(user + system) / 1000} ms of processor time`)
  assert.ok(steps > MANY / 256, 'looking at prefixes pauses')
  const bytes = messages.reduce((sum, { length }) => sum + length, 0)
  assert.ok(bytes <= MANY * 5 * 1.2, `${bytes} bytes for ${MANY * 5} of prefixes`)
  const peer = new SamplePeer()
  for (const message of messages) peer.apply(message)
  assert.deepEqual([peer.table.size, peer.needless.length], [MANY, 0])
})
