// SPDX-License-Identifier: Apache-2.0
/** Two simulated hosts that run BFD with each other, for scenarios: what they are told, and every packet that they send. */
import { type ControlPacket, decode } from '../../src/bfd/codec.ts'
import { type BfdNeed, type BfdProfileTimers, BfdSessions, type BfdView } from '../../src/bfd/sessions.ts'
import { createLog } from '../../src/lib/log.ts'
import type { Datagrams, Network, SocketAddress } from '../../src/lib/sockets.ts'
import { SimBfdReflex } from '../sim/bfd-reflex.ts'
import { SimClock } from '../sim/clock.ts'
import { PausingClock } from '../sim/clock-pausing.ts'
import { SimNetwork } from '../sim/network.ts'

export const A = '192.0.2.1'
export const B = '192.0.2.2'
/** 100 ms, three of which may be lost. */
export const PROFILE: BfdProfileTimers = {
  transmitMs: 100,
  receiveMs: 100,
  detectMult: 3,
  echoMs: null,
  passive: false,
  minTtl: 254,
}
const CONTROL_PORTS = new Set([3784, 4784])
const ECHO_PORT = 3785

export type World = Readonly<{ clock: SimClock; network: SimNetwork }>

export function newWorld(): World {
  const clock = new SimClock()
  return { clock, network: new SimNetwork(clock) }
}

/** What a BGPPeer of this name asks for: a session with `address` over one hop, unless told otherwise. */
export function need(
  address: string,
  timers: Partial<BfdProfileTimers> = {},
  fields: Partial<Omit<BfdNeed, 'timers'>> = {},
): BfdNeed {
  const local = address === A ? B : A
  const profile = 'fast'
  return {
    name: 'peer',
    address,
    local,
    link: 'eth0',
    device: null,
    profile,
    ...fields,
    timers: { ...PROFILE, ...timers },
  }
}

/** Discriminators that differ from router to router and from start to start. */
let seeds = 0
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state / 2 ** 32
  }
}

export type Said = Readonly<{ atMs: number; to: SocketAddress; packet: ControlPacket; datagram: Uint8Array }>

export class Router {
  /** `up peer`, `down peer: …`. */
  readonly reports: string[] = []
  readonly lines: string[] = []
  readonly said: Said[] = []
  readonly clock: PausingClock
  readonly reflex: SimBfdReflex
  readonly sessions: BfdSessions
  readonly address: string
  /** Its socket by port, for those who send in its name. */
  readonly sockets = new Map<number, Datagrams>()
  /** Routers between it and everybody. */
  hops = 0
  /** What it sends to port 3785, its own echoes and others', gets lost. */
  losesEchoes = false
  /** Datagrams that it sent there. */
  echoes = 0
  /** Of each end, whether the peer's forwarding goes on without it (C bit). */
  readonly independent: boolean[] = []

  constructor({ clock, network }: World, address: string, others: readonly string[] = []) {
    this.address = address
    this.clock = new PausingClock(clock)
    const random = randomFrom(++seeds)
    this.reflex = new SimBfdReflex({
      clock: this.clock,
      network: this.#tapped(network.host([address, ...others])),
      random,
    })
    this.sessions = new BfdSessions({
      reflex: this.reflex,
      clock: this.clock,
      random,
      log: createLog('all', (line) => this.lines.push(line)),
      onUp: (names) => this.reports.push(`up ${names.join(' ')}`),
      onDown: (names, why, { peerIndependent }) => {
        this.reports.push(`down ${names.join(' ')}: ${why}`)
        this.independent.push(peerIndependent)
      },
    })
  }

  configure(...needs: readonly BfdNeed[]): void {
    this.sessions.configure(needs)
  }

  get isUp(): boolean | null {
    return this.sessions.isUp('peer')
  }

  /** Its only session. */
  get view(): BfdView {
    const [view, ...others] = [...this.sessions.views()]
    if (!view || others.length > 0) throw new Error('this router does not have exactly one session')
    return view
  }

  /** Events that the log has, in order. */
  get events(): string[] {
    return this.lines.map((line) => /"event":"(\w+)"/.exec(line)?.[1] ?? '')
  }

  /** Sends bytes in its name, as they would arrive with this TTL. */
  forge(to: string, bytes: Uint8Array, ttl = 255): void {
    this.sockets.get(3784)?.send({ address: to, port: 3784 }, Uint8Array.of(ttl, ...bytes))
  }

  /** The simulated wire has the TTL in a byte before the packet. */
  #tapped(network: Network): Pick<Network, 'bindDatagrams'> {
    const bindDatagrams: Network['bindDatagrams'] = async (binding) => {
      const socket = await network.bindDatagrams(binding)
      const send = (to: SocketAddress, datagram: Uint8Array) => {
        const packet = decode(datagram.subarray(1))
        const isControl = CONTROL_PORTS.has(to.port) && !('malformed' in packet)
        if (isControl) this.said.push({ atMs: this.clock.monotonicMs(), to, packet, datagram })
        if (to.port === ECHO_PORT) this.echoes++
        if (to.port === ECHO_PORT && this.losesEchoes) return
        socket.send(to, Uint8Array.of((datagram[0] ?? 0) - this.hops, ...datagram.subarray(1)))
      }
      this.sockets.set(socket.local.port, socket)
      return { local: socket.local, send, close: () => socket.close() }
    }
    return { bindDatagrams }
  }
}

export type Pair = World & Readonly<{ a: Router; b: Router }>

/** Two routers with these needs, and half a second for them to come Up. */
export async function pair(ofA: BfdNeed = need(B), ofB: BfdNeed = need(A)): Promise<Pair> {
  const world = newWorld()
  const [a, b] = [new Router(world, A), new Router(world, B)]
  a.configure(ofA)
  b.configure(ofB)
  await world.clock.advance(500)
  return { ...world, a, b }
}

/** The process and its host are gone from one moment to the next. */
export function kill({ network }: World, router: Router): void {
  network.kill(router.address)
  router.clock.kill()
}
