// SPDX-License-Identifier: Apache-2.0
/**
 * UDP and TCP as protocols see them. `os/` implements this on Linux, `test/sim/` in memory with loss, delay and
 * partitions, and `test/contract/` holds both to the same suite.
 */

/** An IP address in canonical text (lib/ip.ts), and a port. */
export type SocketAddress = Readonly<{ address: string; port: number }>

/** A bound UDP socket. */
export interface Datagrams {
  /** Where it is bound; with port 0 asked for, the one that the kernel gave. */
  readonly local: SocketAddress
  /** Sends a datagram or loses it: the network gives no more than that. Never throws. */
  send(to: SocketAddress, bytes: Uint8Array): void
  /** Nothing is received after it returns. */
  close(): void
}

export type StreamListener = Readonly<{
  onData(bytes: Uint8Array): void
  /** The other side sends no more. */
  onEnd(): void
  /** The last call: all is over, by `fault` where it was not ended by both sides in peace. */
  onClose(fault: Error | null): void
}>

/** A TCP connection. What arrives before `listen` waits. */
export interface ByteStream {
  readonly remote: SocketAddress
  listen(listener: StreamListener): void
  /** Hands over bytes; false: more than is good wait to be sent (see `bufferedBytes`). After the end without effect. */
  write(bytes: Uint8Array): boolean
  /** Bytes that wait to be sent. */
  readonly bufferedBytes: number
  /** Sends what waits, and no more. */
  end(): void
  /** Ends it at once; `onClose` still comes. */
  destroy(): void
}

export interface StreamServer {
  readonly local: SocketAddress
  /** Accepts no more; connections that exist stay. */
  close(): void
}

export type Binding<Heard> = Readonly<{
  local: SocketAddress
  onReceived: Heard
  /** What went wrong later, for the log; the socket stays where it can. */
  onFault(fault: Error): void
}>

/** Opens sockets. All three reject with a Fault: `addressInUse`, `noAddress`, `refused`, `unreachable`, `timeout`, `system`. */
export interface Network {
  bindDatagrams(binding: Binding<(bytes: Uint8Array, from: SocketAddress) => void>): Promise<Datagrams>
  listenStreams(binding: Binding<(stream: ByteStream) => void>): Promise<StreamServer>
  connectStream(to: SocketAddress, options: Readonly<{ timeoutMs: number }>): Promise<ByteStream>
}

export type NetworkFault = Readonly<{
  code: 'addressInUse' | 'noAddress' | 'refused' | 'unreachable' | 'timeout' | 'system'
}>
