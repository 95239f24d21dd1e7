// SPDX-License-Identifier: Apache-2.0
/**
 * Listening for BGP peers. The kernel refuses who signs with another key, or not at all, before this process hears of it.
 * Two gaps remain, and are closed where a connection is taken in: one that was accepted while keys changed, and hop limits,
 * which the kernel knows for the socket and not for each peer. The SYN, which the kernel keeps for us, tells.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { Fault } from '../lib/fault.ts'
import { type Family, WIDTH } from '../lib/ip.ts'
import type { PeerAccess, PeerListen, PeerListener } from '../lib/peer-sockets.ts'
import { formatCidr } from '../lib/prefix.ts'
import type { SocketAddress } from '../lib/sockets.ts'
import { BgpStream, type Ends, endsOf } from './bgp-tcp-connected.ts'
import { type Keys, keysOf, type Rule, type Rules, readPeers, ruleFor } from './bgp-tcp-peers.ts'
import { readSyn, type Syn } from './bgp-tcp-syn.ts'
import { descriptorOf } from './descriptor.ts'
import { loadNative } from './native.ts'
import { networkFault, placeOf } from './network-fault.ts'
import { bindTo, type Hops, openDescriptor, parseScoped, setDevice, setHops, setKey } from './tcp-options.ts'

/**
 * `peers` may hold prefixes as well, of which the narrowest counts. `ttl`: of what we send; 255, unless a test plays a peer
 * that is far away. `minTtl`: for all peers, what comes with less is dropped before it costs anything (GTSM).
 */
export type TcpListen = PeerListen & Readonly<{ ttl?: number; minTtl?: number }>

/** Waiting to be taken in; a peer dials again anyway. */
const BACKLOG = 128
const MOST_SYN_BYTES = 128

/**
 * Starts to listen. Rejects with a Fault: `addressInUse`, `noAddress`, `noCapability`, `noLink`, `badPassword`, `noMd5`,
 * `tooManyKeys`, `system`.
 */
export async function listenTcp(listen: TcpListen): Promise<TcpListener> {
  const action = `listen on TCP ${placeOf(listen.local)}`
  const { ip } = parseScoped(listen.local.address)
  const rules = readPeers(listen.peers)
  const fd = openDescriptor(ip.family, action)
  const server = createServer({ allowHalfOpen: true, noDelay: true })
  const listener = new TcpListener({ fd, server, listen })
  try {
    loadNative().tcpPrepare(fd, true)
    if (listen.device !== undefined) setDevice(fd, listen.device, action)
    setHops(fd, hopsOf(listen))
    listener.setRules(rules)
    bindTo(fd, listen.local, action)
  } catch (thrown) {
    loadNative().tcpClose(fd)
    throw thrown
  }
  await listening(server, fd, action)
  server.on('error', (error) => listen.onFault(networkFault(error, `accept on TCP ${placeOf(listen.local)}`)))
  return listener
}

/** The descriptor is the server's from here on, whatever comes of it. */
function listening(server: Server, fd: number, action: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(networkFault(error, action))
    server.once('error', fail)
    server.listen({ fd, backlog: BACKLOG }, () => {
      server.off('error', fail)
      resolve()
    })
  })
}

function hopsOf({ ttl = 255, minTtl = 0 }: TcpListen): Hops {
  return { ttl, minTtl }
}

/** A socket that listens, and the rules for who comes. */
export class TcpListener implements PeerListener {
  readonly #fd: number
  readonly #server: Server
  readonly #listen: TcpListen
  #rules: Rules = new Map()
  /** What the kernel has. */
  readonly #keys: Keys = new Map()
  #isClosed = false

  constructor({ fd, server, listen }: Readonly<{ fd: number; server: Server; listen: TcpListen }>) {
    this.#fd = fd
    this.#server = server
    this.#listen = listen
    server.on('connection', (socket) => this.#onConnection(socket))
  }

  /** Where it is bound; with port 0 asked for, the one that the kernel gave. */
  get local(): SocketAddress {
    const { address, port } = this.#listen.local
    const bound = this.#server.address()
    return { address, port: bound === null || typeof bound === 'string' ? port : bound.port }
  }

  /**
   * Other rules for who comes from now on; connections that exist stay as they are. Throws Fault `noAddress` or
   * `badPassword` with nothing changed, or `tooManyKeys`: who lacks its key for that reason is reset until a later call.
   */
  setPeers(peers: ReadonlyMap<string, PeerAccess>): void {
    this.setRules(readPeers(peers))
  }

  setRules(rules: Rules): void {
    if (this.#isClosed) return // by now the number of the descriptor may be another socket's
    this.#rules = rules
    const has = this.#keys
    const wanted = keysOf(rules, familiesHeard(this.#listen.local))
    // Away with the old first, for there may be room for no more. Who comes meanwhile is looked at when taken in.
    for (const [name, { cidr }] of has) {
      if (wanted.has(name)) continue
      setKey(this.#fd, cidr, null)
      has.delete(name)
    }
    for (const [name, entry] of wanted) {
      const old = has.get(name)
      if (old && Buffer.compare(old.key, entry.key) === 0) continue
      setKey(this.#fd, entry.cidr, entry.key)
      has.set(name, entry)
    }
  }

  /** Accepts no more; connections that exist stay. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#server.close()
  }

  #onConnection(socket: Socket): void {
    const ends = endsOf(socket)
    if (ends && this.#admits(socket, ends)) this.#listen.onStream(new BgpStream(socket, ends))
    else {
      socket.on('error', () => undefined) // whatever it still has to say
      socket.resetAndDestroy()
    }
  }

  #admits(socket: Socket, { remote }: Ends): boolean {
    const rule = ruleFor(this.#rules, remote.address)
    const fd = descriptorOf(socket)
    if (!rule || fd === null) return false
    try {
      return this.#apply(rule, fd, remote)
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      this.#listen.onFault(thrown)
      return false
    }
  }

  /** Sets on the connection what its own rule wants; false: it should not have come this far. */
  #apply({ cidr, key, minTtl }: Rule, fd: number, remote: SocketAddress): boolean {
    const syn = synOf(fd)
    const hops = hopsOf(this.#listen)
    if (minTtl > hops.minTtl) {
      if (syn === null || syn.ttl < minTtl) return false
      setHops(fd, { ttl: hops.ttl, minTtl })
    }
    if (key === null) return true
    // The kernel keeps SYNs unless it is flooded with them; the key that it has, it checks then, too.
    if (syn === null ? !this.#keys.has(formatCidr(cidr)) : !syn.isSigned) return false
    const { family, bits } = parseScoped(remote.address).ip
    setKey(fd, { family, first: bits, prefixBits: WIDTH[family] }, key)
    return true
  }
}

function synOf(fd: number): Syn | null {
  const bytes = new Uint8Array(MOST_SYN_BYTES)
  const length = loadNative().tcpSyn(fd, bytes)
  return length > 0 ? readSyn(bytes.subarray(0, length)) : null
}

/** A socket bound to `::` hears both. */
function familiesHeard({ address }: SocketAddress): readonly Family[] {
  const { ip } = parseScoped(address)
  return ip.family === 'ipv6' && ip.bits === 0n ? ['ipv4', 'ipv6'] : [ip.family]
}
