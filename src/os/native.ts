// SPDX-License-Identifier: Apache-2.0
/** The native part: its functions as JavaScript sees them (src/os/native/addon-*.c), and where its file is. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../lib/fault.ts'
import type { OsFault } from './fault.ts'

declare const handle: unique symbol
/** Something the native part made and only it can read. */
export type Handle = { readonly [handle]: true }

/** Numbers that are results are 0 or a negative errno. Arrays of numbers cross as their bytes. */
export type Native = Readonly<{
  neighborOpen(
    pauseMs: number,
    listener: (kind: number, pausedMs: number, key: Uint8Array, index: number, mac: Uint8Array) => void,
  ): Handle | number
  neighborAttach(reflex: Handle, protocol: number, index: number, mac: Uint8Array, filter: Uint8Array): number
  /** Answers a descriptor to be closed. */
  neighborDetach(reflex: Handle, protocol: number, index: number): number
  neighborFilter(reflex: Handle, protocol: number, index: number, filter: Uint8Array): number
  neighborSwap(
    reflex: Handle,
    protocol: number,
    keys: Uint8Array,
    firsts: Uint8Array,
    counts: Uint8Array,
    indexes: Uint8Array,
  ): number
  neighborSend(reflex: Handle, protocol: number, index: number, frame: Uint8Array): number
  neighborConfirm(reflex: Handle): void
  neighborRead(reflex: Handle, protocol: number, counts: Uint8Array, drops: Uint8Array): number
  neighborClose(reflex: Handle): void
  /** A descriptor, to be closed by `multicastClose`. */
  multicastOpen(): number
  multicastJoin(descriptor: number, group: Uint8Array, index: number): number
  multicastLeave(descriptor: number, group: Uint8Array, index: number): number
  /** A descriptor, to be closed by `multicastClose`. */
  multicastJoinAll(index: number): number
  multicastClose(descriptor: number): void
  bfdOpen(
    lateMs: number,
    listener: (
      kind: number,
      session: number,
      socket: number,
      value: number,
      from: Uint8Array,
      bytes: Uint8Array,
    ) => void,
  ): Handle | number
  bfdOpenSocket(reflex: Handle, local: Uint8Array, ttl: number, device: Uint8Array): number
  bfdCloseSocket(reflex: Handle, socket: number): void
  bfdOpenSession(
    reflex: Handle,
    socket: number,
    to: Uint8Array,
    remotePort: number,
    discriminator: number,
    minTtl: number,
    source: Uint8Array,
    device: Uint8Array,
  ): number
  bfdOrder(reflex: Handle, session: number, numbers: Uint8Array, packet: Uint8Array, expected: Uint8Array): number
  bfdOrderEcho(reflex: Handle, session: number, numbers: Uint8Array): number
  /** A descriptor that nothing needs any more, to be closed; negative: there is none. */
  bfdUnused(reflex: Handle): number
  bfdSend(reflex: Handle, session: number, packet: Uint8Array): number
  bfdCloseSession(reflex: Handle, session: number): void
  /** 1: an interface that it is bound to is gone. */
  bfdIsCutOff(reflex: Handle, session: number): number
  bfdRead(reflex: Handle, counts: Uint8Array): void
  bfdReadSession(reflex: Handle, session: number, counts: Uint8Array): void
  bfdClose(reflex: Handle): void
  linksDump(): Uint8Array | number
  linksWatch(listener: () => void): Handle | number
  linksUnwatch(watch: Handle): void
  /** The listener is called once for each `routersArm`, and once at first. */
  routersOpen(index: number, name: Uint8Array, listener: () => void): Handle | number
  routersArm(routers: Handle): void
  /** Answers how many bytes of `out` are sender (16), hop limit (1) and message; 0: none waits. */
  routersRead(routers: Handle, out: Uint8Array): number
  routersSend(routers: Handle, from: Uint8Array, to: Uint8Array, message: Uint8Array): number
  routersClose(routers: Handle): void
  turnsWatch(boundsMs: Uint8Array): Handle
  turnsRead(turns: Handle, out: Uint8Array): void
  peerUser(fd: number): number
  /** A descriptor, to be closed by `tcpClose` unless Node has taken it. */
  tcpOpen(version: 4 | 6): number
  tcpPrepare(fd: number, isListening: boolean): number
  tcpSetDevice(fd: number, name: Uint8Array): number
  tcpSetHops(fd: number, ttl: number, minTtl: number): number
  tcpSetKey(fd: number, ip: Uint8Array, prefixBits: number, key: Uint8Array): number
  tcpBind(fd: number, ip: Uint8Array, port: number, scope: Uint8Array): number
  /** Answers how many bytes of `out` are the headers. */
  tcpSyn(fd: number, out: Uint8Array): number
  tcpClose(fd: number): void
}>

let loaded: Native | undefined

/** Loads the native part once per process. Throws Fault `noAddon` if it was never built or is for another machine. */
export function loadNative(): Native {
  loaded ??= load(addonPath())
  return loaded
}

/** Beside the bundle, which is CommonJS and has no import.meta; in a checkout where tools/build-native puts it. */
function addonPath(): string {
  return typeof __dirname === 'string'
    ? join(__dirname, 'metallb.node')
    : join(import.meta.dirname, '../../build/native/metallb.node')
}

function load(path: string): Native {
  if (!existsSync(path)) {
    throw new Fault<OsFault>(
      { code: 'noAddon' },
      `the native part is missing at ${path}: run 'make setup' in the checkout`,
    )
  }
  const module: { exports: unknown } = { exports: {} }
  try {
    process.dlopen(module, path)
  } catch (error) {
    const message = `the native part at ${path} does not load on this machine: run 'make clean setup'`
    throw new Fault<OsFault>({ code: 'noAddon' }, message, error)
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the border: addon-*.c exports these functions
  return module.exports as Native
}
