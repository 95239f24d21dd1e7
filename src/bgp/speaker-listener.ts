// SPDX-License-Identifier: Apache-2.0
/** Lets peers dial us: one socket for all, and one more for each device (a VRF) that has peers of its own. */
import type { Clock, Timer } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { PeerAccess, PeerListener, PeerSockets, PeerStream } from '../lib/peer-sockets.ts'
import type { SocketAddress } from '../lib/sockets.ts'
import { supervise } from '../lib/supervise.ts'
import type { PeerSetup } from './peer-setup.ts'
import type { Dial } from './setup-change.ts'

export type ListenerOptions = Readonly<{
  sockets: PeerSockets
  clock: Clock
  /** `device`: by which it came; empty: none in particular. */
  onStream(stream: PeerStream, device: string): void
  onFault(fault: Error): void
}>

/** A device that is missing may come. */
const RETRY_MS = 5000

/** RFC 2385 by way of Linux; in bytes of UTF-8. */
const MOST_PASSWORD_BYTES = 80

/** Of no device. */
const ANY = ''

type Access = ReadonlyMap<string, PeerAccess>

/** The device that is listened on for this peer; an interface that stands in the address is none. */
export function deviceOf({ to, device = ANY }: Dial): string {
  return to.address.endsWith(`%${device}`) ? ANY : device
}

/** The peer's address as connections from there show it. */
export function placeOf({ to: { address }, device }: Dial): string {
  const isBare = address.startsWith('fe80:') && !address.includes('%')
  return isBare && device !== undefined ? `${address}%${device}` : address
}

export class SpeakerListener {
  readonly #options: ListenerOptions
  #local: SocketAddress | null = null
  #wanted = new Map<string, Map<string, PeerAccess>>()
  readonly #open = new Map<string, PeerListener>()
  readonly #opening = new Set<string>()
  #always: readonly string[] = []
  /** What was told last, by what it is about. */
  readonly #said = new Map<string, string>()
  #retry: Timer | null = null
  #isClosed = false

  constructor(options: ListenerOptions) {
    this.#options = options
  }

  /** Rejects with Fault where the socket for all cannot be opened; those of devices are tried again and again. */
  async listen(local: SocketAddress, devices: readonly string[]): Promise<void> {
    this.#local = local
    this.#always = devices
    await this.#listenOn(ANY, local)
    this.#reconcile()
  }

  /** Who may dial us from now on. Of several peers at one address the strictest has its way, of passwords the first. */
  setPeers(setups: Iterable<PeerSetup>): void {
    const wanted = new Map<string, Map<string, PeerAccess>>()
    for (const { name, reach } of setups) {
      if (reach.dial === null || !this.#canKeep(name, reach.dial)) continue
      const [device, place] = [deviceOf(reach.dial), placeOf(reach.dial)]
      const access = wanted.get(device) ?? new Map<string, PeerAccess>()
      access.set(place, strictest(access.get(place), reach.dial))
      wanted.set(device, access)
    }
    const before = this.#wanted
    this.#wanted = wanted
    for (const [device, listener] of this.#open) {
      const access = this.#accessOf(device)
      if (!sameAccess(before.get(device) ?? new Map(), access)) this.#guarded(device, () => listener.setPeers(access))
    }
    this.#reconcile()
  }

  /** Whether who comes from the peer's place has shown all that this peer asks for, and not what another one there does. */
  admits(dial: Dial): boolean {
    const access = this.#accessOf(deviceOf(dial)).get(placeOf(dial))
    return access !== undefined && access.md5 === dial.md5 && (access.minTtl ?? 0) >= (dial.minTtl ?? 0)
  }

  close(): void {
    this.#isClosed = true
    this.#retry?.cancel()
    for (const listener of this.#open.values()) listener.close()
    this.#open.clear()
  }

  /** Opens what is missing, and closes what nobody needs. */
  #reconcile(): void {
    const local = this.#local
    if (local === null || this.#isClosed || !this.#open.has(ANY)) return
    const devices = new Set([ANY, ...this.#always, ...this.#wanted.keys()])
    for (const [device, listener] of this.#open) {
      if (devices.has(device)) continue
      listener.close()
      this.#open.delete(device)
    }
    for (const device of devices) {
      if (!this.#open.has(device) && !this.#opening.has(device)) supervise('listening', this.#tryOn(device, local))
    }
  }

  async #tryOn(device: string, local: SocketAddress): Promise<void> {
    try {
      await this.#listenOn(device, local)
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      this.#tell(device, thrown)
      this.#retry?.cancel()
      if (!this.#isClosed) this.#retry = this.#options.clock.after(RETRY_MS, () => this.#reconcile())
    }
  }

  async #listenOn(device: string, local: SocketAddress): Promise<void> {
    const { sockets, onStream, onFault } = this.#options
    const peers = this.#accessOf(device)
    this.#opening.add(device)
    try {
      const listener = await sockets.listen({
        local,
        ...(device === ANY ? {} : { device }),
        peers,
        onStream: (stream) => onStream(stream, device),
        onFault,
      })
      if (this.#isClosed) return listener.close()
      this.#open.set(device, listener)
      const now = this.#accessOf(device)
      this.#said.delete(device)
      if (!sameAccess(peers, now)) this.#guarded(device, () => listener.setPeers(now))
    } finally {
      this.#opening.delete(device)
    }
  }

  #accessOf(device: string): Access {
    return this.#wanted.get(device) ?? new Map()
  }

  /** A list with a password that cannot be used would be refused as a whole, and nobody let in. */
  #canKeep(peer: string, { md5 = '' }: Dial): boolean {
    const bytes = Buffer.byteLength(md5)
    if (bytes <= MOST_PASSWORD_BYTES) return true
    if (this.#local === null) return false // nobody is let in anyway; dialling says it
    const why = `its password has ${bytes} bytes, and TCP MD5 takes ${MOST_PASSWORD_BYTES} at most`
    this.#tell(`peer ${peer}`, new Fault({ code: 'badPassword' }, `cannot let BGPPeer ${peer} dial: ${why}`))
    return false
  }

  /** The old list stays where the new one cannot be. */
  #guarded(device: string, act: () => void): void {
    try {
      act()
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      this.#tell(device, thrown)
    }
  }

  /** What is tried again and again is told once. */
  #tell(about: string, fault: Error): void {
    if (fault.message === this.#said.get(about)) return
    this.#said.set(about, fault.message)
    this.#options.onFault(fault)
  }
}

function strictest(before: PeerAccess = {}, { md5: own, minTtl: ownTtl = 0 }: Dial): PeerAccess {
  const md5 = before.md5 ?? own
  const minTtl = Math.max(before.minTtl ?? 0, ownTtl)
  return { ...(md5 === undefined ? {} : { md5 }), ...(minTtl > 0 ? { minTtl } : {}) }
}

function sameAccess(a: Access, b: Access): boolean {
  return (
    a.size === b.size &&
    [...b].every(([place, { md5, minTtl }]) => {
      const one = a.get(place)
      return one !== undefined && one.md5 === md5 && one.minTtl === minTtl
    })
  )
}
