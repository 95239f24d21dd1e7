// SPDX-License-Identifier: Apache-2.0
/** Our speaker in a process of its own, as the BGP benches drive it by messages; each is answered with its `id`. */
import type { PeerSetup } from '../../src/bgp/peer-setup.ts'
import type { PeerRoute } from '../../src/bgp/rib-offers.ts'
import type { Route } from '../../src/bgp/route.ts'
import { BgpSpeaker } from '../../src/bgp/speaker.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { parseIp } from '../../src/lib/ip.ts'
import type { SocketAddress } from '../../src/lib/sockets.ts'
import { openPeerSockets } from '../../src/os/peer-sockets.ts'
import { routes } from './bgp-table.ts'

export type Peer = Readonly<{ name: string; to: SocketAddress; localAsn: number; remoteAs: number; routerId: number }>

export type Order =
  | Readonly<{ type: 'configure'; peers: readonly Peer[] }>
  /** Services `from` to below `to`, each with a host route for all peers, all in one turn of the loop. */
  | Readonly<{ type: 'set' | 'remove'; from: number; to: number }>
  /** One Service each turn, told twice, and each with the /24 around it, which its neighbours announce, too. */
  | Readonly<{ type: 'create' | 'delete'; from: number; to: number }>

/** `events` since the answer before: sessions that went up or down. */
export type Told = Readonly<{ id: number; beganMs: number; events: readonly string[] }>

let peers: readonly Peer[] = []
const events: string[] = []
let all = routes(0)
const speaker = new BgpSpeaker({
  sockets: openPeerSockets(),
  clock: systemClock,
  random: Math.random,
  restarting: false,
  ownAddresses: (_, { address }) => ({ ipv4: parseIp(address) ?? null, ipv6: null, linkLocal: null }),
  onEvent: ({ type, peer }) => events.push(`${type} ${peer}`),
  onFault: (fault) => {
    throw fault
  },
})
speaker.planned()

function setupOf({ name, to, localAsn, remoteAs, routerId }: Peer): PeerSetup {
  const asked = { localAsn, remoteAs, routerId, holdMs: 90_000, keepaliveMs: null, connectMs: 1000, passive: false }
  const config = {
    ...asked,
    families: ['ipv4'],
    extendedNextHop: false,
    gracefulRestart: null,
    hostname: null,
  } as const
  return { name, config, reach: { dial: { to }, withheld: null } }
}

function toAll(...some: readonly Route[]): PeerRoute[] {
  return some.flatMap((route) => peers.map(({ name }) => ({ peer: name, route })))
}

/** The prefix around a host route, the same for all that it covers. */
function aggregateOf({ prefix: { family, first } }: Route): Route {
  const [path] = all
  if (!path) throw new RangeError('there are no routes')
  return { ...path, prefix: { family, first: first - (first % 256n), prefixBits: 24 } }
}

async function obey(order: Order): Promise<void> {
  if (order.type === 'configure') {
    peers = order.peers
    speaker.configure(peers.map(setupOf))
    return
  }
  const { type, from, to } = order
  if (all.length < to) all = routes(to)
  const isGone = type === 'remove' || type === 'delete'
  for (const [at, route] of all.slice(from, to).entries()) {
    const name = `default/service-${from + at}`
    if (type === 'set' || type === 'remove') {
      speaker.set(name, isGone ? [] : toAll(route))
    } else {
      for (let time = 1; time <= 2; time++) speaker.set(name, isGone ? [] : toAll(route, aggregateOf(route)))
      await nextTurn()
    }
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function answer({ id, order }: Readonly<{ id: number; order: Order }>): Promise<void> {
  const beganMs = Date.now()
  await obey(order)
  const told: Told = { id, beganMs, events: events.splice(0) }
  process.send?.(told)
}

process.on('message', (asked: Readonly<{ id: number; order: Order }>) => void answer(asked))
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
