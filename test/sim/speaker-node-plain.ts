// SPDX-License-Identifier: Apache-2.0
/**
 * A member of the ring as MetalLB's speaker is one: named by its node, without metadata and without a watch; it answers
 * for an address where it comes first among the members by SHA-256 of "<node>#<address>".
 */
import { createHash } from 'node:crypto'
import { LAN } from '../../src/gossip/config.ts'
import { type Gossip, type MemberView, openGossip } from '../../src/gossip/session.ts'
import { createLog } from '../../src/lib/log.ts'
import { PausingClock } from './clock-pausing.ts'
import { addressOf, nameOf, RING_PORT, type SpeakerCluster } from './speaker-node-cluster.ts'

export class PlainMember {
  readonly name: string
  readonly address: string
  readonly gossip: Gossip
  readonly #process: PausingClock
  #isAlive = true

  constructor(number: number, gossip: Gossip, process: PausingClock) {
    this.name = nameOf(number)
    this.address = addressOf(number)
    this.gossip = gossip
    this.#process = process
  }

  /** On a node that has no speaker of ours; it has joined those that have. */
  static async join(cluster: SpeakerCluster, number: number): Promise<PlainMember> {
    const bind = { address: addressOf(number), port: RING_PORT }
    const process = new PausingClock(cluster.clock)
    const gossip = await openGossip({
      name: nameOf(number),
      bind,
      config: LAN,
      key: null,
      label: '',
      meta: new Uint8Array(0),
      network: cluster.network.host(bind.address),
      clock: process,
      random: cluster.random,
      log: createLog('none'),
      onChange: () => {},
      hasProofOfLife: () => false,
    })
    const member = new PlainMember(number, gossip, process)
    cluster.strangers.push(member)
    const peers = Object.values(cluster.nodes).map(({ address }) => ({ address, port: RING_PORT }))
    await cluster.awaited(gossip.join(peers))
    return member
  }

  answers(ip: string): boolean {
    return this.#isAlive && this.winnerOf(ip) === this.name
  }

  /** Who answers, as it sees it. */
  winnerOf(ip: string): string | undefined {
    const names = this.gossip.members().flatMap(({ name, state }) => (isThere(state) ? [name] : []))
    return ranking(names, ip)[0]
  }

  halt(): void {
    this.#isAlive = false
    this.#process.kill()
  }
}

/** Who answers for an address, and who would follow. */
export function ranking(names: readonly string[], ip: string): string[] {
  const digest = (name: string): Buffer => createHash('sha256').update(`${name}#${ip}`).digest()
  return names.toSorted((a, b) => Buffer.compare(digest(a), digest(b)))
}

function isThere(state: MemberView['state']): boolean {
  return state === 'alive' || state === 'suspect'
}
