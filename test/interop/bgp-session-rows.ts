// SPDX-License-Identifier: Apache-2.0
/**
 * Sessions that each of the four routers is to have with our speaker: what both are told, and the routes that the router
 * then shows of a Service with the addresses 198.51.100.7 and fd11::7.
 */
import type { Kind, NeighborPlan, SeenRoute } from '../../lab/routers/router.ts'

/** Addresses of our node, of which it has two of IPv4, and of the row's router. */
export type Ends = Readonly<{ ours4: string; second4: string; ours6: string; theirs4: string; theirs6: string }>

/** What the router shows; `nextHop` is among its next hops, beside which there may be a link-local one. */
export type Expected = Omit<SeenRoute, 'peer' | 'stale' | 'nextHops'> & Readonly<{ nextHop: string }>

export type Row = Readonly<{
  /** Also names its host, its BGPPeer and its BGPAdvertisement. */
  name: string
  title: string
  /** Routers that cannot do this. */
  except?: readonly Kind[]
  asn: number
  /** Of the BGPPeer. */
  peer: (ends: Ends) => object
  /** Of the BGPAdvertisement. */
  advertisement?: object
  neighbor: (ends: Ends) => Partial<NeighborPlan> & Pick<NeighborPlan, 'remoteAs'>
}> &
  (
    | Readonly<{ routes: (ends: Ends) => readonly Expected[] }>
    /** There is to be no session, as our log says. */
    | Readonly<{ refused: RegExp }>
  )

const PLAIN = { origin: 'igp', med: null, localPref: null, communities: [], largeCommunities: [] }
const NO_ANSWER = /no answer within/
const V4 = '198.51.100.7/32'
const V6 = 'fd11::7/128'

function overIpv6({ ours6, theirs6 }: Ends): Pick<NeighborPlan, 'address' | 'localAddress' | 'families'> {
  return { address: ours6, localAddress: theirs6, families: ['ipv6'] }
}

/** Of the Secret `router-secret`. */
export const SECRET = 'a-secret'

export const ROWS: readonly Row[] = [
  {
    name: 'external',
    title: 'eBGP over IPv4 with ASNs of 4 octets: all attributes but localPref, which stays inside an AS',
    asn: 4_200_000_001,
    peer: ({ theirs4 }) => ({ myASN: 4_200_000_010, peerASN: 4_200_000_001, peerAddress: theirs4 }),
    advertisement: {
      communities: ['64500:100', '65000:7', 'large:4200000010:1:2'],
      localPref: 321,
      med: 50,
      asPrepend: { count: 2 },
    },
    neighbor: () => ({ remoteAs: 4_200_000_010 }),
    routes: ({ ours4 }) => [
      {
        ...PLAIN,
        prefix: V4,
        nextHop: ours4,
        asPath: [4_200_000_010, 4_200_000_010, 4_200_000_010],
        med: 50,
        communities: ['64500:100', '65000:7'],
        largeCommunities: ['4200000010:1:2'],
      },
    ],
  },
  {
    name: 'internal',
    title: 'iBGP over IPv6: localPref, MED and an aggregate',
    asn: 64_512,
    peer: ({ theirs6 }) => ({ myASN: 64_512, peerASN: 64_512, peerAddress: theirs6 }),
    advertisement: { localPref: 321, med: 7, aggregationLengthV6: 124, communities: ['64512:1'] },
    neighbor: (ends) => ({ remoteAs: 64_512, ...overIpv6(ends) }),
    routes: ({ ours6 }) => [
      {
        ...PLAIN,
        prefix: 'fd11::/124',
        nextHop: ours6,
        asPath: [],
        med: 7,
        localPref: 321,
        communities: ['64512:1'],
      },
    ],
  },
  {
    name: 'dyn-in',
    title: 'dynamicASN internal over IPv4: localPref is 100 where it is not set, and an aggregate',
    asn: 64_513,
    peer: ({ theirs4 }) => ({ myASN: 64_513, dynamicASN: 'internal', peerAddress: theirs4 }),
    advertisement: { aggregationLength: 24 },
    neighbor: () => ({ remoteAs: 64_513 }),
    routes: ({ ours4 }) => [{ ...PLAIN, prefix: '198.51.100.0/24', nextHop: ours4, asPath: [], localPref: 100 }],
  },
  {
    name: 'dyn-out',
    title: 'dynamicASN external over IPv6, seen in localASN',
    asn: 64_514,
    peer: ({ theirs6 }) => ({ myASN: 64_500, localASN: 64_999, dynamicASN: 'external', peerAddress: theirs6 }),
    neighbor: (ends) => ({ remoteAs: 64_999, ...overIpv6(ends) }),
    routes: ({ ours6 }) => [{ ...PLAIN, prefix: V6, nextHop: ours6, asPath: [64_999] }],
  },
  {
    name: 'secret',
    title: 'both families over IPv4, with a password out of a Secret, and GTSM on both sides',
    asn: 64_515,
    peer: ({ theirs4 }) => ({
      myASN: 64_500,
      peerASN: 64_515,
      peerAddress: theirs4,
      passwordSecret: { name: 'router-secret' },
      ttlSecurityHops: 1,
      dualStackAddressFamily: true,
    }),
    neighbor: () => ({ remoteAs: 64_500, families: ['ipv4', 'ipv6'], password: SECRET, ttlSecurityHops: 1 }),
    routes: ({ ours4, ours6 }) => [
      { ...PLAIN, prefix: V4, nextHop: ours4, asPath: [64_500] },
      { ...PLAIN, prefix: V6, nextHop: ours6, asPath: [64_500] },
    ],
  },
  {
    name: 'extended',
    title: 'both families over IPv6, IPv4 with an IPv6 next hop',
    except: ['exabgp'],
    asn: 64_516,
    peer: ({ theirs6 }) => ({
      myASN: 64_500,
      peerASN: 64_516,
      peerAddress: theirs6,
      dualStackAddressFamily: true,
    }),
    neighbor: (ends) => ({
      remoteAs: 64_500,
      ...overIpv6(ends),
      families: ['ipv4', 'ipv6'],
      hasExtendedNextHop: true,
    }),
    routes: ({ ours6 }) => [
      { ...PLAIN, prefix: V4, nextHop: ours6, asPath: [64_500] },
      { ...PLAIN, prefix: V6, nextHop: ours6, asPath: [64_500] },
    ],
  },
  {
    name: 'passive',
    title: 'the router dials (passive, --bgp-listen), over IPv4 with a password',
    asn: 64_517,
    peer: ({ theirs4 }) => ({
      myASN: 64_500,
      peerASN: 64_517,
      peerAddress: theirs4,
      passive: true,
      password: 'another-secret',
    }),
    neighbor: () => ({ remoteAs: 64_500, password: 'another-secret', isPassive: false }),
    routes: ({ ours4 }) => [{ ...PLAIN, prefix: V4, nextHop: ours4, asPath: [64_500] }],
  },
  {
    name: 'passive6',
    title: 'the router dials over IPv6, with GTSM',
    asn: 64_518,
    peer: ({ theirs6 }) => ({
      myASN: 64_500,
      peerASN: 64_518,
      peerAddress: theirs6,
      passive: true,
      ttlSecurityHops: 1,
    }),
    neighbor: (ends) => ({ remoteAs: 64_500, ...overIpv6(ends), ttlSecurityHops: 1, isPassive: false }),
    routes: ({ ours6 }) => [{ ...PLAIN, prefix: V6, nextHop: ours6, asPath: [64_500] }],
  },
  {
    name: 'source',
    title: 'sourceAddress, which is the next hop as well',
    asn: 64_524,
    peer: ({ theirs4, second4 }) => ({
      myASN: 64_500,
      peerASN: 64_524,
      peerAddress: theirs4,
      sourceAddress: second4,
    }),
    neighbor: ({ second4 }) => ({ remoteAs: 64_500, address: second4 }),
    routes: ({ second4 }) => [{ ...PLAIN, prefix: V4, nextHop: second4, asPath: [64_500] }],
  },
  {
    name: 'wrong-key',
    title: 'no session with another password',
    asn: 64_519,
    peer: ({ theirs4 }) => ({ myASN: 64_500, peerASN: 64_519, peerAddress: theirs4, password: 'ours' }),
    neighbor: () => ({ remoteAs: 64_500, password: 'theirs' }),
    refused: NO_ANSWER,
  },
  {
    name: 'their-key',
    title: 'no session where only the router has a password',
    asn: 64_520,
    peer: ({ theirs4 }) => ({ myASN: 64_500, peerASN: 64_520, peerAddress: theirs4 }),
    neighbor: () => ({ remoteAs: 64_500, password: 'theirs' }),
    refused: NO_ANSWER,
  },
  {
    name: 'our-key',
    title: 'no session where only we have a password',
    asn: 64_521,
    peer: ({ theirs4 }) => ({ myASN: 64_500, peerASN: 64_521, peerAddress: theirs4, password: 'ours' }),
    neighbor: () => ({ remoteAs: 64_500 }),
    refused: /no answer within .* its password may be another one/,
  },
  {
    name: 'their-as',
    title: 'no session with a router of another AS',
    asn: 64_522,
    peer: ({ theirs4 }) => ({ myASN: 64_500, peerASN: 64_599, peerAddress: theirs4 }),
    neighbor: () => ({ remoteAs: 64_500 }),
    refused: /the peer says it is AS 64522, expected 64599/,
  },
  {
    name: 'far-away',
    title: 'no session with a router that may be hops away, where GTSM wants it on the link',
    // The others accept as if they were near, and go on with the hop limit of a neighbour on the link.
    except: ['frr', 'bird', 'gobgp'],
    asn: 64_523,
    peer: ({ theirs4 }) => ({ myASN: 64_500, peerASN: 64_523, peerAddress: theirs4, ttlSecurityHops: 1 }),
    neighbor: () => ({ remoteAs: 64_500 }),
    refused: NO_ANSWER,
  },
]
