// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode } from '../../bgp/codec/codec.ts'
import { INITIAL_DIALECT, type Update } from '../../bgp/codec/message.ts'
import { createLog, type Log } from '../../lib/log.ts'
import { parseCidr } from '../../lib/prefix.ts'
import { BgpDebug } from './bgp-debug.ts'
import { PEERS, READINGS } from './peers-sample.ts'

type Line = Readonly<Record<string, unknown>>

function debug(readings = READINGS): { bgp: BgpDebug; lines: Line[] } {
  const lines: Line[] = []
  const log: Log = createLog('info', (line) => {
    const { ts: _, level: _level, ...rest }: Line = JSON.parse(line)
    lines.push(rest)
  })
  return { bgp: new BgpDebug(log, readings), lines }
}

const KEEPALIVE = { type: 'keepalive' } as const

const PLACES: readonly (readonly [string, readonly string[]])[] = [
  ['10.0.0.1', ['tor-a']],
  ['fd00::2', ['tor-b']],
  ['eth1', ['uplink']],
  ['tor-b', ['tor-b']],
  ['10.0.0.10', []],
  ['', []],
]
for (const [neighbour, expected] of PLACES) {
  test(`peers at ${JSON.stringify(neighbour)}`, () => assert.deepEqual(debug().bgp.debugBgp(neighbour, true), expected))
}

test('a link-local neighbour is found with its interface and without', () => {
  const [tor] = PEERS
  const near = { ...(tor ?? assert.fail()), name: 'uplink', to: { address: 'fe80::1%eth1', port: 179 } }
  const { bgp } = debug({ ...READINGS, peers: () => [near] })
  assert.deepEqual(bgp.debugBgp('fe80::1', true), ['uplink'])
  assert.deepEqual(bgp.debugBgp('fe80::1%eth1', true), ['uplink'])
})

test('messages of the one peer are logged until it is undone', () => {
  const { bgp, lines } = debug()
  bgp.message('tor-a', 'sent', KEEPALIVE)
  bgp.debugBgp('10.0.0.1', true)
  bgp.message('tor-a', 'received', KEEPALIVE)
  bgp.message('tor-b', 'received', KEEPALIVE)
  bgp.debugBgp('10.0.0.1', false)
  bgp.message('tor-a', 'sent', KEEPALIVE)
  assert.deepEqual(lines, [
    { msg: 'messages of a BGP peer are logged', peer: 'tor-a' },
    { msg: 'BGP message received', peer: 'tor-a', direction: 'received', type: 'keepalive' },
    { msg: 'messages of a BGP peer are no longer logged', peer: 'tor-a' },
  ])
})

/** The line of one message of tor-a, without what all have. */
function said(...[direction, message]: Parameters<BgpDebug['message']> extends [string, ...infer R] ? R : never): Line {
  const { bgp, lines } = debug()
  bgp.debugBgp('tor-a', true)
  bgp.message('tor-a', direction, message)
  const { msg: _, peer: _peer, direction: _direction, ...rest } = lines[1] ?? assert.fail()
  return rest
}

function update(prefixes: number): Update {
  const all = Array.from({ length: prefixes }, (_, at) => parseCidr(`10.0.${at}.0/24`) ?? assert.fail())
  const attributes = {
    origin: 'igp',
    asPath: [{ type: 'sequence', asns: [64_500] }],
    communities: [0xffff_0000],
  } as const
  const nextHops = [{ family: 'ipv4', bits: 0x0a00_0001n }] as const
  const reach = [{ family: 'ipv4', nextHops, prefixes: all } as const]
  return { type: 'update', reach, unreach: [], attributes, endOfRib: null, flaw: null }
}

test('an UPDATE as bytes, as it goes out', () => {
  const expected = {
    type: 'update',
    announced: ['10.0.0.0/24'],
    nextHops: ['10.0.0.1'],
    asPath: '64500',
    origin: 'igp',
    communities: ['graceful-shutdown'],
  }
  const modern = { ...INITIAL_DIALECT, fourOctetAs: true }
  assert.deepEqual(said('sent', encode(update(1), modern)), expected)
  assert.deepEqual(said('sent', encode(update(1), INITIAL_DIALECT)), expected, 'AS numbers of two octets')
})

test('an UPDATE of many prefixes names the first ones and says how many more', () => {
  const { announced, announcedMore } = said('received', update(100))
  assert.ok(Array.isArray(announced))
  assert.deepEqual([announced.length, announcedMore], [20, 80])
})

const OTHERS: readonly (readonly [string, Parameters<BgpDebug['message']>[2], Line])[] = [
  [
    'a withdrawal',
    { ...update(0), reach: [], unreach: [{ family: 'ipv4', prefixes: [parseCidr('10.0.0.0/24') ?? assert.fail()] }] },
    { type: 'update', withdrawn: ['10.0.0.0/24'] },
  ],
  ['the end of a table', { ...update(0), reach: [], endOfRib: 'ipv6' }, { type: 'update', endOfRib: 'ipv6' }],
  [
    'a flaw',
    { ...update(0), reach: [], flaw: { treatment: 'attributeDiscard', why: 'odd' } },
    { type: 'update', flaw: 'odd' },
  ],
  [
    'a notification',
    { type: 'notification', code: 6, subcode: 2, data: new Uint8Array(0), reason: 'bye' },
    { type: 'notification', says: 'Cease: administrative shutdown ("bye")' },
  ],
  [
    'a refresh',
    { type: 'routeRefresh', afi: 1, safi: 1, family: 'ipv4', subtype: 0 },
    { type: 'routeRefresh', family: 'ipv4', afi: 1, safi: 1, subtype: 0 },
  ],
  [
    'what cannot be read',
    { malformed: { code: 1, subcode: 2, data: new Uint8Array(0), why: 'too short' } },
    { type: 'malformed', why: 'too short' },
  ],
  ['bytes that are no message', new Uint8Array(3), { type: 'malformed', why: 'a message of 3 bytes' }],
]
for (const [name, message, expected] of OTHERS) {
  test(`in the log: ${name}`, () => assert.deepEqual(said('received', message), expected))
}

test('an OPEN', () => {
  const open = {
    type: 'open',
    asn: 64_500,
    holdSeconds: 90,
    routerId: 0x0a00_0001,
    capabilities: [{ type: 'routeRefresh' }],
  } as const
  const expected = { type: 'open', asn: 64_500, holdSeconds: 90, routerId: '10.0.0.1', capabilities: ['route refresh'] }
  assert.deepEqual(said('received', open), expected)
})
