// SPDX-License-Identifier: Apache-2.0
/** The sockets that BFD for peers listens on: one for each port, IP family and VRF that is needed. */
import type { BfdReflex, ReflexId } from '../lib/bfd-reflex.ts'
import type { BfdNeed } from './need.ts'

/** RFC 5881 §4, RFC 5883 §5. */
const SINGLE_HOP_PORT = 3784
const MULTIHOP_PORT = 4784
/** RFC 5881 §5; over several hops the peer decides how much of it must be left. */
const SENT_TTL = 255

export class Ports {
  readonly #reflex: BfdReflex
  readonly #open = new Map<string, ReflexId>()

  constructor(reflex: BfdReflex) {
    this.#reflex = reflex
  }

  /** The socket of this need, opened if it is not. Throws Fault<NetworkFault>. */
  for(need: BfdNeed): ReflexId {
    const key = keyOf(need)
    const known = this.#open.get(key)
    if (known !== undefined) return known
    const local = { address: isIpv6(need) ? '::' : '0.0.0.0', port: portOf(need) }
    const device = need.device === null ? {} : { device: need.device }
    const socket = this.#reflex.openSocket(local, { ttl: SENT_TTL, ...device })
    this.#open.set(key, socket)
    return socket
  }

  /** Closes those that none of these needs. */
  keep(needs: Iterable<BfdNeed>): void {
    const kept = new Set([...needs].map(keyOf))
    for (const [key, socket] of this.#open) {
      if (kept.has(key)) continue
      this.#open.delete(key)
      this.#reflex.closeSocket(socket)
    }
  }
}

/** Where the peer of this need listens, and we do. */
export function portOf({ link }: BfdNeed): number {
  return link === null ? MULTIHOP_PORT : SINGLE_HOP_PORT
}

function keyOf(need: BfdNeed): string {
  return `${portOf(need)} ${isIpv6(need)} ${need.device ?? ''}`
}

function isIpv6({ address }: BfdNeed): boolean {
  return address.includes(':')
}
