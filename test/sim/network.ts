// SPDX-License-Identifier: Apache-2.0
/**
 * A network in memory, on a clock that jumps, for many hosts: datagrams that get lost, are late and overtake each other,
 * TCP that repeats what is lost, partitions, hosts that crash and processes that are stopped. The same seed and the same
 * calls give the same run.
 */
import assert from 'node:assert/strict'
import type { Clock } from '../../src/lib/clock.ts'
import type { Network } from '../../src/lib/sockets.ts'
import { Host, type Traffic } from './network-host.ts'
import { ANY, type DelayMs, Paths } from './network-paths.ts'

export class SimNetwork {
  readonly #clock: Clock
  readonly #paths: Paths
  readonly #hosts = new Map<string, Host>()
  readonly #ids = new Map<string, number>()

  constructor(clock: Clock, { seed = 1 }: Readonly<{ seed?: number }> = {}) {
    this.#clock = clock
    this.#paths = new Paths(seed)
  }

  /**
   * Adds a host with these addresses; each is in canonical text. After `kill` the same addresses can be given again: a
   * host that starts anew, with what was said about its paths.
   */
  host(address: string | readonly string[]): Network {
    const addresses = typeof address === 'string' ? [address] : address
    for (const one of addresses) {
      assert.ok(this.#hosts.get(one)?.isDead ?? true, `${one} is the address of a host that lives`)
    }
    const id = addresses.map((one) => this.#ids.get(one)).find((known) => known !== undefined) ?? this.#ids.size + 1
    const host = new Host(id, addresses, {
      clock: this.#clock,
      hostAt: (at) => this.#hosts.get(at),
      delayMs: (from, to) => this.#paths.fate(from, to),
      isCut: (from, to) => this.#paths.isCut(from, to),
    })
    for (const one of addresses) {
      this.#hosts.set(one, host)
      this.#ids.set(one, id)
    }
    return host
  }

  /** Each packet from one host to the other (`*`: from all, to all) is lost with this probability. One direction. */
  setLoss(from: string, to: string, probability: number): void {
    this.#paths.setLoss(this.#idOf(from), this.#idOf(to), probability)
  }

  /** How long packets take, in one direction; of a range each packet takes its own, so that they overtake each other. */
  setDelayMs(from: string, to: string, delayMs: number | DelayMs): void {
    const range: DelayMs = typeof delayMs === 'number' ? [delayMs, delayMs] : delayMs
    this.#paths.setDelay(this.#idOf(from), this.#idOf(to), range)
  }

  /** Nothing passes between these and those any more, in either direction, what is on its way included. */
  partition(these: readonly string[], those: readonly string[]): void {
    this.#paths.cut(
      these.map((address) => this.#idOf(address)),
      those.map((address) => this.#idOf(address)),
    )
  }

  /** Ends all partitions; loss and delay stay. */
  heal(): void {
    this.#paths.heal()
  }

  /** The host loses its power: it says and hears nothing any more, and nobody is told. Its timers are the test's matter. */
  kill(address: string): void {
    this.#at(address).kill()
  }

  /**
   * SIGSTOP: nothing is handed to the process; 256 datagrams wait, further ones are lost; its kernel goes on to accept
   * connections and to take their bytes. What the process sends is lost: stopping its timers is the test's matter.
   */
  suspend(address: string): void {
    this.#at(address).suspend()
  }

  /** SIGCONT: what waited is handed over, in order. */
  resume(address: string): void {
    this.#at(address).resume()
  }

  /** Datagrams, and bytes of payload in them: sent, those that got lost included, and handed over. */
  statistics(address: string): Readonly<Traffic & { received: Readonly<Traffic> }> {
    const { sent, received } = this.#at(address)
    return { ...sent, received: { ...received } }
  }

  #at(address: string): Host {
    const host = this.#hosts.get(address)
    assert.ok(host, `no host has the address ${address}`)
    return host
  }

  #idOf(address: string): number {
    return address === '*' ? ANY : this.#at(address).id
  }
}
