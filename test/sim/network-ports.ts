// SPDX-License-Identifier: Apache-2.0
/** The ports of one protocol on a simulated host: who is bound where. */
import { Fault } from '../../src/lib/fault.ts'
import type { NetworkFault, SocketAddress } from '../../src/lib/sockets.ts'

export type Bound<Heard> = Readonly<{
  local: SocketAddress
  heard: Heard
  isClosed: boolean
  close(): void
}>

const FIRST_FREE = 32_768
const LAST_FREE = 60_999
const WILDCARDS = new Set(['0.0.0.0', '::'])

export class Ports<Heard> {
  readonly #protocol: string
  readonly #addresses: readonly string[]
  readonly #byPort = new Map<number, Bound<Heard>[]>()
  #nextFree = FIRST_FREE

  constructor(protocol: string, addresses: readonly string[]) {
    this.#protocol = protocol
    this.#addresses = addresses
  }

  /** Throws the Faults of `Network`: `noAddress`, `addressInUse`. */
  bind({ address, port: wanted }: SocketAddress, heard: Heard): Bound<Heard> {
    const place = `${this.#protocol} ${address} port ${wanted}`
    if (!WILDCARDS.has(address) && !this.#addresses.includes(address))
      throw faultOf('noAddress', `cannot bind ${place}: this host has no such address`)
    const port = wanted === 0 ? this.freePort() : wanted
    const others = this.#byPort.get(port) ?? []
    if (others.some(({ local }) => overlap(local.address, address)))
      throw faultOf('addressInUse', `cannot bind ${place}: it is in use`)
    const bound = { local: { address, port }, heard, isClosed: false, close: () => this.#close(bound) }
    this.#byPort.set(port, [...others, bound])
    return bound
  }

  /** Who hears what is sent there. */
  at({ address, port }: SocketAddress): Bound<Heard> | undefined {
    return this.#byPort.get(port)?.find(({ local }) => overlap(local.address, address))
  }

  freePort(): number {
    do {
      this.#nextFree = this.#nextFree >= LAST_FREE ? FIRST_FREE : this.#nextFree + 1
    } while (this.#byPort.has(this.#nextFree))
    return this.#nextFree
  }

  #close(bound: Bound<Heard> & { isClosed: boolean }): void {
    bound.isClosed = true
    const rest = (this.#byPort.get(bound.local.port) ?? []).filter((other) => other !== bound)
    if (rest.length === 0) this.#byPort.delete(bound.local.port)
    else this.#byPort.set(bound.local.port, rest)
  }
}

/** IPv4 and IPv6 have nothing to do with each other, `::` included. */
function overlap(a: string, b: string): boolean {
  if (a.includes(':') !== b.includes(':')) return false
  return a === b || WILDCARDS.has(a) || WILDCARDS.has(b)
}

function faultOf(code: NetworkFault['code'], message: string): Fault<NetworkFault> {
  return new Fault({ code }, message)
}
