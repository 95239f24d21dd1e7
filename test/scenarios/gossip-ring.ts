// SPDX-License-Identifier: Apache-2.0
/** Rings of simulated nodes for the scenarios: they join, crash, are stopped and leave while the clock jumps. */
import assert from 'node:assert/strict'
import { type GossipConfig, LAN } from '../../src/gossip/config.ts'
import { type Gossip, type GossipOptions, type MemberView, openGossip } from '../../src/gossip/session.ts'
import { createLog } from '../../src/lib/log.ts'
import type { Network } from '../../src/lib/sockets.ts'
import { SimClock } from '../sim/clock.ts'
import { PausingClock } from '../sim/clock-pausing.ts'
import { SimNetwork } from '../sim/network.ts'

const PORT = 7946

export type Change = Readonly<{ atMs: number; seen: string; state: MemberView['state']; meta: string }>

/** A node of the ring: `changes` is what it was told of others. */
export type Node = {
  readonly name: string
  readonly address: string
  readonly gossip: Gossip
  readonly changes: Change[]
  readonly process: PausingClock
  readonly provenAlive: Set<string>
}

export type NodeOptions = Partial<Pick<GossipOptions, 'config' | 'key' | 'label' | 'meta' | 'known'>> &
  Readonly<{ isMute?: boolean }>

export class Ring {
  readonly clock = new SimClock()
  readonly network: SimNetwork
  readonly nodes: Node[] = []
  readonly #random: () => number

  constructor(seed = 1) {
    this.network = new SimNetwork(this.clock, { seed })
    this.#random = randomFrom(seed + 1)
  }

  /** `count` nodes that have all joined the first one and know each other. */
  static async of(count: number, { seed = 1, ...options }: NodeOptions & { seed?: number } = {}): Promise<Ring> {
    const ring = new Ring(seed)
    for (let i = 0; i < count; i++) await ring.add(options)
    await ring.joinAll()
    assert.ok(await ring.clock.runUntil(() => ring.isWhole(), 60_000), 'the ring has not come together')
    return ring
  }

  /** One more node, or one that starts again under its number. */
  async add(options: NodeOptions = {}, number = this.nodes.length): Promise<Node> {
    const node = await this.addAt({ name: `node${number}`, address: addressOf(number) }, options)
    this.nodes[number] = node
    return node
  }

  /** A node that is not counted among those of the ring. */
  async addAt(
    { name, address }: Pick<Node, 'name' | 'address'>,
    { isMute, ...options }: NodeOptions = {},
  ): Promise<Node> {
    const host = this.network.host(address)
    const process = new PausingClock(this.clock)
    const [changes, provenAlive]: [Change[], Set<string>] = [[], new Set()]
    const gossip = await openGossip({
      name,
      bind: { address, port: PORT },
      config: LAN,
      key: null,
      label: '',
      meta: new Uint8Array(0),
      network: isMute ? withoutDatagrams(host) : host,
      clock: process,
      random: this.#random,
      log: createLog('none'),
      onChange: ({ name: seen, state, meta }) => {
        changes.push({ atMs: this.clock.monotonicMs(), seen, state, meta: Buffer.from(meta).toString() })
      },
      hasProofOfLife: (of) => provenAlive.has(of),
      ...options,
    })
    return { name, address, gossip, changes, process, provenAlive }
  }

  async joinAll(to = this.node(0)): Promise<void> {
    const others = this.nodes.filter((node) => node !== to)
    const joined = Promise.all(others.map(({ gossip }) => gossip.join([{ address: to.address, port: PORT }])))
    await this.awaited(joined)
  }

  node(number: number): Node {
    const node = this.nodes[number]
    assert.ok(node)
    return node
  }

  /** What a promise gives; time passes while it is waited for. */
  async awaited<Value>(promise: Promise<Value>, limitMs = 120_000): Promise<Value> {
    let isOver = false
    const settled = promise.finally(() => {
      isOver = true
    })
    assert.ok(await this.clock.runUntil(() => isOver, limitMs), 'it never ends')
    return await settled
  }

  /** Power off. */
  crash(node: Node): void {
    this.network.kill(node.address)
    node.process.kill()
  }

  /** SIGSTOP. */
  stop(node: Node): void {
    this.network.suspend(node.address)
    node.process.stop()
  }

  /** SIGCONT: timers first, as in Node. */
  goOn(node: Node): void {
    node.process.continue()
    this.network.resume(node.address)
  }

  /** True if each of these nodes takes each of them for alive. */
  isWhole(nodes: readonly Node[] = this.nodes): boolean {
    return nodes.every((node) => this.sees(node, nodes))
  }

  sees(node: Node, others: readonly Node[]): boolean {
    const alive = new Set(node.gossip.members().flatMap(({ name, state }) => (state === 'alive' ? [name] : [])))
    return others.every(({ name }) => alive.has(name))
  }

  /** What a node takes another for; undefined: it does not know it. */
  stateAt(node: Node, of: Node): MemberView['state'] | undefined {
    return node.gossip.members().find(({ name }) => name === of.name)?.state
  }

  /** Changes of the kind that all nodes were told since then. */
  told(state: MemberView['state'], sinceMs = 0): string[] {
    return this.nodes.flatMap(({ name, changes }) =>
      changes.flatMap((change) =>
        change.state === state && change.atMs >= sinceMs ? [`${name}: ${change.seen} at ${change.atMs}`] : [],
      ),
    )
  }

  close(): void {
    for (const { gossip } of this.nodes) gossip.close()
  }
}

/** A host whose datagrams a firewall drops; TCP passes. */
function withoutDatagrams(host: Network): Network {
  return {
    bindDatagrams: async (binding) => ({ ...(await host.bindDatagrams(binding)), send() {} }),
    listenStreams: (binding) => host.listenStreams(binding),
    connectStream: (to, options) => host.connectStream(to, options),
  }
}

export function addressOf(number: number): string {
  return `10.0.${Math.floor(number / 200)}.${(number % 200) + 1}`
}

/** LAN settings but for these. */
export function lanBut(changes: Partial<GossipConfig>): GossipConfig {
  return { ...LAN, ...changes }
}

/** mulberry32: the same numbers for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
