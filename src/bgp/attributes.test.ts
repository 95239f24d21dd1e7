// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseIp } from '../lib/ip.ts'
import { attributesFor, type Egress, type HeldBack, type Outgoing } from './attributes.ts'
import { type AddressFamily, type Attributes, INITIAL_DIALECT } from './codec/message.ts'
import type { Path } from './route.ts'

const ip = (text: string) => parseIp(text) ?? assert.fail(text)
const IPV4 = ip('192.0.2.1')
const IPV6 = ip('2001:db8::1')
const LINK = ip('fe80::1')

const PATH: Path = { localPref: null, communities: [], largeCommunities: [], med: null, prepend: [] }
const DIALECT: Egress['dialect'] = {
  ...INITIAL_DIALECT,
  fourOctetAs: true,
  families: new Set<AddressFamily>(['ipv4', 'ipv6']),
}
const EBGP: Egress = {
  asn: 64_500,
  transport: 'ipv4',
  own: { ipv4: IPV4, ipv6: IPV6, linkLocal: null },
  dialect: DIALECT,
  draining: false,
}
const IBGP: Egress = { ...EBGP, dialect: { ...DIALECT, internal: true } }
const own = (asns: readonly number[]) => ({ origin: 'igp', asPath: [{ type: 'sequence', asns }] }) as const
const BARE = own([64_500])
const INSIDE = { origin: 'igp', asPath: [], localPref: 100 } as const
const SHUTDOWN = 0xffff_0000

const ATTRIBUTES: [string, Egress, Partial<Path>, Attributes][] = [
  ['eBGP: our AS', EBGP, {}, BARE],
  ['eBGP: with localASN that one alone', { ...EBGP, asn: 4_200_000_000 }, {}, own([4_200_000_000])],
  ['eBGP: prepends come after our AS', EBGP, { prepend: [64_501, 64_501] }, own([64_500, 64_501, 64_501])],
  ['eBGP: localPref stays inside', EBGP, { localPref: 200 }, BARE],
  ['eBGP: MED', EBGP, { med: 20 }, { ...BARE, med: 20 }],
  ['eBGP: MED 0 is one', EBGP, { med: 0 }, { ...BARE, med: 0 }],
  ['iBGP: an empty path and the usual preference', IBGP, {}, INSIDE],
  ['iBGP: no prepends', IBGP, { prepend: [64_501] }, INSIDE],
  ['iBGP: the preference asked for', IBGP, { localPref: 200 }, { ...INSIDE, localPref: 200 }],
  ['iBGP: preference 0 is one', IBGP, { localPref: 0 }, { ...INSIDE, localPref: 0 }],
  ['iBGP: MED', IBGP, { med: 20 }, { ...INSIDE, med: 20 }],
  ['communities', EBGP, { communities: [1, 2] }, { ...BARE, communities: [1, 2] }],
  ['large ones', IBGP, { largeCommunities: ['1:2:3'] }, { ...INSIDE, largeCommunities: ['1:2:3'] }],
  ['eBGP that drains', { ...EBGP, draining: true }, {}, { ...BARE, communities: [SHUTDOWN] }],
  [
    'the drain community stands where its number belongs',
    { ...EBGP, draining: true },
    { communities: [1, 0xffff_ff01] },
    { ...BARE, communities: [1, SHUTDOWN, 0xffff_ff01] },
  ],
  [
    'the drain community comes once',
    { ...EBGP, draining: true },
    { communities: [SHUTDOWN] },
    { ...BARE, communities: [SHUTDOWN] },
  ],
  [
    'iBGP that drains prefers everybody else',
    { ...IBGP, draining: true },
    { localPref: 200 },
    { ...INSIDE, localPref: 0, communities: [SHUTDOWN] },
  ],
]
for (const [name, egress, path, attributes] of ATTRIBUTES) {
  test(`attributes: ${name}`, () => {
    assert.deepEqual(sent({ ...PATH, ...path }, 'ipv4', egress).attributes, attributes)
  })
}

function sent(path: Path, family: AddressFamily, egress: Egress): Outgoing {
  const outgoing = attributesFor(path, family, egress)
  return typeof outgoing === 'string' ? assert.fail(outgoing) : outgoing
}

const extended: Egress['dialect'] = { ...DIALECT, extendedNextHop: new Set<AddressFamily>(['ipv4']) }
const overIpv6: Egress = { ...EBGP, transport: 'ipv6' }
const NO_OWN: Egress['own'] = { ipv4: null, ipv6: null, linkLocal: null }
const NEXT_HOPS: [string, AddressFamily, Egress, Outgoing['nextHops'] | HeldBack][] = [
  ['IPv4', 'ipv4', EBGP, [IPV4]],
  ['IPv4 over IPv4, although IPv6 would do', 'ipv4', { ...EBGP, dialect: extended }, [IPV4]],
  ['IPv4 over IPv6: our IPv4 address', 'ipv4', overIpv6, [IPV4]],
  ['IPv4 over IPv6, when IPv6 does', 'ipv4', { ...overIpv6, dialect: extended }, [IPV6]],
  [
    'IPv4 over IPv6 on one link, when IPv6 does',
    'ipv4',
    { ...overIpv6, dialect: extended, own: { ...NO_OWN, linkLocal: LINK } },
    [LINK],
  ],
  ['IPv4 over IPv6 without an own IPv4 address', 'ipv4', { ...overIpv6, own: { ...NO_OWN, ipv6: IPV6 } }, 'noNextHop'],
  ['IPv6', 'ipv6', overIpv6, [IPV6]],
  ['IPv6 on one link', 'ipv6', { ...overIpv6, own: { ...NO_OWN, ipv6: IPV6, linkLocal: LINK } }, [IPV6, LINK]],
  ['IPv6 on one link without a global address', 'ipv6', { ...overIpv6, own: { ...NO_OWN, linkLocal: LINK } }, [LINK]],
  ['IPv6 over IPv4', 'ipv6', EBGP, [IPV6]],
  ['IPv6 over IPv4 without an own IPv6 address', 'ipv6', { ...EBGP, own: { ...NO_OWN, ipv4: IPV4 } }, 'noNextHop'],
  ['a family of our own that the peer lacks', 'ipv6', { ...EBGP, dialect: INITIAL_DIALECT }, 'familyNotNegotiated'],
]
for (const [name, family, egress, expected] of NEXT_HOPS) {
  test(`next hop: ${name}`, () => {
    const outgoing = attributesFor(PATH, family, egress)
    assert.deepEqual(typeof outgoing === 'string' ? outgoing : outgoing.nextHops, expected)
  })
}

/** As many as are too long alone for any message of 4,096 octets, at 12 octets each. */
const TOO_MANY = Array.from({ length: 342 }, (_, at) => `1:1:${at}`)

test('more attributes than fit in a message are held back, unless messages are longer', () => {
  const path = { ...PATH, largeCommunities: TOO_MANY }
  assert.equal(attributesFor(path, 'ipv4', EBGP), 'attributesTooLong')
  const longer = { ...EBGP, dialect: { ...DIALECT, maxBytes: 65_535 } }
  assert.equal(sent(path, 'ipv4', longer).attributes.largeCommunities?.length, 342)
})

const DIFFERENT: [string, Partial<Path>][] = [
  ['MED', { med: 1 }],
  ['communities', { communities: [1] }],
  ['other communities', { communities: [1, 2] }],
  ['large communities', { largeCommunities: ['1:2:3'] }],
  ['prepends', { prepend: [1] }],
]
test('keys differ where a peer is told something else, and only there', () => {
  const keys = DIFFERENT.map(([, path]) => sent({ ...PATH, ...path }, 'ipv4', EBGP).key)
  const sessions: Egress[] = [EBGP, IBGP, { ...EBGP, asn: 1 }, { ...EBGP, own: { ...NO_OWN, ipv4: ip('192.0.2.2') } }]
  keys.push(...sessions.map((egress) => sent(PATH, 'ipv4', egress).key))
  keys.push(sent(PATH, 'ipv6', EBGP).key, sent(PATH, 'ipv4', { ...overIpv6, dialect: extended }).key)
  const alike: Egress['own'] = { ...NO_OWN, ipv6: ip('::c000:201') } // the number of 192.0.2.1
  keys.push(sent(PATH, 'ipv4', { ...overIpv6, dialect: extended, own: alike }).key)
  assert.equal(new Set(keys).size, keys.length)
  assert.equal(sent({ ...PATH, localPref: 7 }, 'ipv4', EBGP).key, sent(PATH, 'ipv4', EBGP).key)
})
