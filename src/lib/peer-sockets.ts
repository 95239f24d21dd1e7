// SPDX-License-Identifier: Apache-2.0
/** TCP with the options that routing protocols need. `os/` implements it on Linux, `test/sim/` in memory. */
import type { ByteStream, SocketAddress } from './sockets.ts'

/** Some know which address of ours the peer talks to: the next hop that it can reach. */
export type PeerStream = ByteStream & Readonly<{ local?: SocketAddress }>

export type PeerDial = Readonly<{
  /** A link-local address with its interface (`fe80::1%eth0`), or with `device`. */
  to: SocketAddress
  /** Our own address; without, the kernel takes the one of the route. */
  from?: string
  /** An interface, or the device of a VRF. */
  device?: string
  /** 1 to 80 bytes as UTF-8. */
  md5?: string
  /** What comes with less is dropped (GTSM); 0 unless told otherwise. */
  minTtl?: number
  timeoutMs: number
}>

/** Under which conditions somebody may dial us. */
export type PeerAccess = Readonly<{ md5?: string; minTtl?: number }>

export type PeerListen = Readonly<{
  /** `::` hears IPv4, too, and tells its addresses as such. Port 0: one that is free. */
  local: SocketAddress
  /** An interface, or the device of a VRF: without, who comes by a VRF is not heard. */
  device?: string
  /** By address (`192.0.2.1`, `fe80::1%eth0`). Who is not among them is reset. */
  peers: ReadonlyMap<string, PeerAccess>
  onStream(stream: PeerStream): void
  /** What went wrong later, for the log; the socket stays where it can. */
  onFault(fault: Error): void
}>

export interface PeerListener {
  readonly local: SocketAddress
  /** Other conditions for who comes from now on. Throws Fault `tooManyKeys`, `badPassword` or `noAddress`. */
  setPeers(peers: ReadonlyMap<string, PeerAccess>): void
  /** Accepts no more; connections that exist stay. */
  close(): void
}

/** Opens sockets to and from peers. Both reject with a Fault that says what the world lacks. */
export interface PeerSockets {
  dial(dial: PeerDial): Promise<PeerStream>
  listen(listen: PeerListen): Promise<PeerListener>
}
