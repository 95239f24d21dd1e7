// SPDX-License-Identifier: Apache-2.0
/**
 * TCP for BGP on the simulated network: who may dial whom, passwords and our end's address. What it does not know: hop
 * limits and routes; nobody comes by a device, although it can be listened on.
 */
import { Fault } from '../../src/lib/fault.ts'
import type {
  PeerAccess,
  PeerDial,
  PeerListen,
  PeerListener,
  PeerSockets,
  PeerStream,
} from '../../src/lib/peer-sockets.ts'
import type { ByteStream, Network, SocketAddress, StreamServer } from '../../src/lib/sockets.ts'
import type { SimClock } from './clock.ts'
import type { SimNetwork } from './network.ts'

/** A network whose hosts open sockets to their peers. */
export class PeerNetwork {
  readonly #clock: SimClock
  readonly #network: SimNetwork
  readonly #hosts = new Map<string, SimPeerSockets>()

  constructor(clock: SimClock, network: SimNetwork) {
    this.#clock = clock
    this.#network = network
  }

  /** A host with these addresses. One that was killed is replaced. */
  host(addresses: readonly string[]): SimPeerSockets {
    const host = new SimPeerSockets(this.#network.host(addresses), addresses, this)
    for (const address of addresses) this.#hosts.set(address, host)
    return host
  }

  /** Whether both ends have the same password; who listens with another one does not answer. */
  agree(dial: PeerDial, from: string): boolean {
    const access = this.#hosts.get(bare(dial.to.address))?.accessFor(from)
    return access === undefined || access.md5 === dial.md5
  }

  /** Resolves after so much simulated time. */
  after(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, () => resolve()))
  }
}

export class SimPeerSockets implements PeerSockets {
  /** Every dial, in order. */
  readonly dials: PeerDial[] = []
  /** Devices that cannot be listened on; '' is none in particular. */
  readonly missing = new Set<string>()
  /** How often it was said anew who may dial. */
  listsSaid = 0
  /** Who may dial by each device. */
  readonly #access = new Map<string, ReadonlyMap<string, PeerAccess>>()
  readonly #network: Network
  readonly #addresses: readonly string[]
  readonly #around: PeerNetwork

  constructor(network: Network, addresses: readonly string[], around: PeerNetwork) {
    this.#network = network
    this.#addresses = addresses
    this.#around = around
  }

  /** Those that are listened on; '' is none in particular. */
  get devices(): string[] {
    return [...this.#access.keys()]
  }

  /** Who may dial. */
  get peers(): ReadonlyMap<string, PeerAccess> {
    return this.#access.get('') ?? new Map()
  }

  /** Who may dial by this device. */
  peersOf(device = ''): Iterable<string> {
    return this.#access.get(device)?.keys() ?? []
  }

  accessFor(address: string): PeerAccess | undefined {
    for (const [place, access] of this.peers) if (bare(place) === address) return access
    return undefined
  }

  async dial(dial: PeerDial): Promise<PeerStream> {
    this.dials.push(dial)
    const to = { ...dial.to, address: bare(dial.to.address) }
    const from = dial.from ?? this.#ownFor(to.address)
    if (!this.#addresses.includes(bare(from)))
      throw new Fault({ code: 'noAddress' }, `cannot connect from ${from}: this machine has no such address`)
    if (!this.#around.agree(dial, from)) {
      await this.#around.after(dial.timeoutMs)
      throw new Fault({ code: 'timeout' }, `cannot connect to ${to.address} port ${to.port}: no answer`)
    }
    const stream = await this.#network.connectStream(to, { timeoutMs: dial.timeoutMs })
    return streamOf(stream, { address: from, port: 40_000 })
  }

  async listen({ local, device = '', peers, onStream, onFault }: PeerListen): Promise<PeerListener> {
    if (this.missing.has(device)) throw new Fault({ code: 'noAddress' }, `there is no device ${device}`)
    const server = device === '' ? await this.#serve({ local, peers, onStream, onFault }) : null
    this.#access.set(device, peers)
    return {
      local: server?.local ?? local,
      setPeers: (others) => {
        this.#access.set(device, others)
        this.listsSaid++
      },
      close: () => {
        this.#access.delete(device)
        server?.close()
      },
    }
  }

  async #serve({ local, onStream, onFault }: PeerListen): Promise<StreamServer> {
    const onReceived = (stream: ByteStream): void => {
      if (this.accessFor(stream.remote.address) === undefined) return stream.destroy()
      onStream(streamOf(stream, { address: this.#ownFor(stream.remote.address), port: local.port }))
    }
    if (local.address !== '::') return this.#network.listenStreams({ local, onReceived, onFault })
    const servers: StreamServer[] = []
    for (const address of this.#addresses) {
      const port = servers[0]?.local.port ?? local.port
      servers.push(await this.#network.listenStreams({ local: { address, port }, onReceived, onFault }))
    }
    return {
      local: { address: '::', port: servers[0]?.local.port ?? local.port },
      close: () => servers.forEach((server) => server.close()),
    }
  }

  #ownFor(address: string): string {
    const own = this.#addresses.find((one) => one.includes(':') === address.includes(':'))
    if (own === undefined) throw new Fault({ code: 'unreachable' }, `no address of ours has the family of ${address}`)
    return own
  }
}

function streamOf(stream: ByteStream, local: SocketAddress): PeerStream {
  return Object.assign(stream, { local })
}

function bare(address: string): string {
  return address.replace(/%.*$/, '')
}
