// SPDX-License-Identifier: Apache-2.0
/** The socket of router discovery on one link, and what is read from it: at a bounded pace, whoever floods the link. */
import type { Timer } from '../lib/clock.ts'
import { formatIp, parseIp } from '../lib/ip.ts'
import type { Link } from '../lib/net.ts'
import { decodeRouterMessage, encodeRouterMessage, type RouterMessage } from '../lib/router-advertisement.ts'
import { systemFault } from './fault.ts'
import { type Handle, loadNative } from './native.ts'
import { RouterLink, type RouterLinkOptions } from './router-link.ts'

const ADDRESS_BYTES = 16
const HEAD_BYTES = ADDRESS_BYTES + 1
/** Of a longer message the end is cut off; no router sends one that is longer than an Ethernet frame. */
const ROOM_BYTES = HEAD_BYTES + 1500
/** After so many messages the others wait, and those that do not fit into the socket are lost. */
const MOST_AT_ONCE = 16
const PAUSE_MS = 50
const ALL_NODES = 'ff02::1'
const ALL_ROUTERS = 'ff02::2'
const DESTINATIONS = { advertisement: ALL_NODES, solicitation: ALL_ROUTERS } as const

export type RouterPortOptions = Omit<RouterLinkOptions, 'send'> &
  Readonly<{
    /** It is an address of this machine: two of its links may be in one network. */
    isOwn(address: string): boolean
  }>

export class RouterPort {
  readonly #native = loadNative()
  readonly #link: Link
  readonly #options: RouterPortOptions
  readonly #handle: Handle
  readonly #discovery: RouterLink
  readonly #room = new Uint8Array(ROOM_BYTES)
  #pause: Timer | undefined
  #isClosed = false

  /** Starts at once. Throws Fault `noCapability`, `noLink`, `linkDown` or `system`. */
  constructor(link: Link, options: RouterPortOptions) {
    this.#link = link
    this.#options = options
    const handle = this.#native.routersOpen(link.index, new TextEncoder().encode(link.name), () => this.#read())
    if (typeof handle === 'number') throw systemFault(handle, `listen for routers on ${link.name}`)
    this.#handle = handle
    this.#discovery = new RouterLink({ ...options, send: (type) => this.#send(type) })
  }

  get neighbour(): string | null {
    return this.#discovery.neighbour
  }

  /** The socket still fits the link: it is the same one, and has the address and the MAC address that we told of. */
  isFor({ index, linkLocal, mac }: Link): boolean {
    return index === this.#link.index && linkLocal === this.#link.linkLocal && mac === this.#link.mac
  }

  /** Exactly once. */
  close(): void {
    this.#isClosed = true
    this.#pause?.cancel()
    this.#discovery.close()
    this.#native.routersClose(this.#handle)
  }

  /** What cannot be sent is lost, as on the wire: the next one comes in a moment. */
  #send(type: RouterMessage['type']): void {
    const { linkLocal, mac: linkLayer } = this.#link
    const from = addressBytes(linkLocal ?? '::')
    const message = encodeRouterMessage(
      type === 'advertisement' ? { type, lifetimeS: 0, linkLayer } : { type, linkLayer },
    )
    this.#native.routersSend(this.#handle, from, addressBytes(DESTINATIONS[type]), message)
  }

  #read(): void {
    for (let left = MOST_AT_ONCE; left > 0; left--) {
      const length = this.#native.routersRead(this.#handle, this.#room)
      if (length < 0) break // the interface is down, say; its end is told by the kernel's list of links
      if (length === 0) {
        this.#native.routersArm(this.#handle)
        return
      }
      this.#take(this.#room.subarray(0, length))
      if (this.#isClosed) return // by who was told of it: the handle is no more
    }
    this.#pause = this.#options.clock.after(PAUSE_MS, () => this.#native.routersArm(this.#handle))
  }

  #take(received: Uint8Array): void {
    const from = formatIp({ family: 'ipv6', bits: bitsOf(received.subarray(0, ADDRESS_BYTES)) })
    const hopLimit = received[ADDRESS_BYTES] ?? 0
    const message = decodeRouterMessage({ bytes: received.subarray(HEAD_BYTES), from, hopLimit })
    if ('malformed' in message || this.#options.isOwn(from)) return
    this.#discovery.heard(from, message)
  }
}

function addressBytes(address: string): Uint8Array {
  const bytes = new Uint8Array(ADDRESS_BYTES)
  const view = new DataView(bytes.buffer)
  const bits = parseIp(address)?.bits ?? 0n
  view.setBigUint64(0, bits >> 64n)
  view.setBigUint64(8, bits & 0xffff_ffff_ffff_ffffn)
  return bytes
}

function bitsOf(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, ADDRESS_BYTES)
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8)
}
