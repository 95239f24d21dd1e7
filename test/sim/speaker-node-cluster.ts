// SPDX-License-Identifier: Apache-2.0
/** Nodes of a simulated cluster with their speakers: they start, crash, hang, leave and are cut off while the clock jumps. */
import assert from 'node:assert/strict'
import { LAN } from '../../src/gossip/config.ts'
import type { Link } from '../../src/lib/net.ts'
import type { KubeObject } from '../../src/lib/object.ts'
import type { RingConfig } from '../../src/programs/speaker/ring-config.ts'
import { SimClock } from './clock.ts'
import { MemoryObjects } from './memory-objects.ts'
import { SimNetwork } from './network.ts'
import { SpeakerNode } from './speaker-node.ts'
import { ClientRecord } from './speaker-node-client.ts'

export const RING_PORT = 7946
/** A plan takes one or two turns of the loop, and on a busy machine some more. */
const MOST_TURNS = 50
const WATCH = { intervalMs: 100, detectMult: 4, port: 7947 }

export type ClusterOptions = Readonly<{
  /** Nodes that there are, with a speaker or without. */
  nodes: number
  seed?: number
  /** Addresses, of one Service each. */
  services?: number
  /** Of the Service with that number. */
  annotationsOf?(service: number): Readonly<Record<string, string>>
  /** Of the advertisement. */
  interfaces?: readonly string[]
}>

/** `name`: another one than the number's, for a Node of that name at the number's address. */
export type NodeSettings = Readonly<{ key?: Uint8Array | null; links?: readonly string[]; name?: string }>

/** Anything that answers on the clients' network. */
export type Station = Readonly<{ name: string; answers(ip: string): boolean }>

export class SpeakerCluster {
  readonly clock = new SimClock()
  readonly network: SimNetwork
  readonly api = new MemoryObjects()
  /** Addresses of Services. */
  readonly ips: readonly string[]
  readonly nodes: SpeakerNode[] = []
  /** Besides those of the nodes. */
  readonly strangers: Station[] = []
  readonly random: () => number
  #plans = false

  constructor(options: ClusterOptions) {
    const { nodes, seed = 1, services = 8, annotationsOf = () => ({}) } = options
    this.network = new SimNetwork(this.clock, { seed })
    this.random = randomFrom(seed + 1)
    this.ips = Array.from({ length: services }, (_, at) => `10.20.${at >> 8}.${at & 255}`)
    for (let number = 0; number < nodes; number++) this.api.put(nodeObject(number))
    for (const each of configuration(options.interfaces ?? [])) this.api.put(each)
    for (const [at, ip] of this.ips.entries()) {
      for (const each of serviceObjects(ip, annotationsOf(at))) this.api.put(each)
    }
  }

  /** All nodes have a speaker that has begun, and the ring is at rest. */
  static async of(options: ClusterOptions, settings: NodeSettings = {}): Promise<SpeakerCluster> {
    const cluster = new SpeakerCluster(options)
    await cluster.start(Array.from({ length: options.nodes }, () => settings))
    await cluster.advance(3_000)
    assert.deepEqual(cluster.notOwnedOnce(), [], 'each address has its owner')
    return cluster
  }

  /** Speakers of the first nodes, all at the same moment; resolves when each says that it announces. */
  async start(settings: readonly NodeSettings[]): Promise<void> {
    const starts: Promise<void>[] = []
    for (const [number, each] of settings.entries()) await this.add(number, each)
    for (const { speaker } of this.nodes) {
      starts.push(speaker.start())
      // Reading objects takes real time, more or less of it: each has read them before the next one begins.
      await new Promise(setImmediate)
      await speaker.settled()
    }
    await this.awaited(Promise.all(starts))
  }

  /** A speaker on a node, not begun yet. After `crash` and `terminate` the next one. */
  async add(
    number: number,
    { key = null, links = ['eth0'], name = nameOf(number) }: NodeSettings = {},
  ): Promise<SpeakerNode> {
    const bind = { address: addressOf(number), port: RING_PORT }
    const config: RingConfig = { gossip: LAN, bind, key, watch: WATCH }
    const node = await SpeakerNode.open({
      name,
      config,
      links: links.map(linkNamed),
      api: this.api,
      clock: this.clock,
      network: this.network.host(bind.address),
      random: this.random,
      onPlan: () => (this.#plans = true),
    })
    this.nodes[number] = node
    return node
  }

  /** These links are there from now on, and no others. */
  plug(node: SpeakerNode, names: readonly string[]): void {
    node.links.replace(names.map(linkNamed))
  }

  node(number: number): SpeakerNode {
    const node = this.nodes[number]
    assert.ok(node)
    return node
  }

  /** Names of those that would answer a client now. */
  answering(ip: string): string[] {
    const stations: readonly Station[] = [...this.nodes, ...this.strangers]
    return stations.flatMap((station) => (station.answers(ip) ? [station.name] : []))
  }

  /** The one that answers. */
  ownerOf(ip: string): SpeakerNode {
    const [name, ...others] = this.answering(ip)
    assert.deepEqual(others, [])
    const node = this.nodes.find((each) => each.name === name)
    assert.ok(node, `nobody answers for ${ip}`)
    return node
  }

  ownedBy(node: SpeakerNode): string[] {
    return this.ips.filter((ip) => node.answers(ip))
  }

  /** Addresses for which not exactly one answers, with those that do. */
  notOwnedOnce(): [string, string[]][] {
    return this.ips.flatMap((ip): [string, string[]][] => {
      const names = this.answering(ip)
      return names.length === 1 ? [] : [[ip, names]]
    })
  }

  isOwnedOnce(): boolean {
    return this.notOwnedOnce().length === 0
  }

  /** Looks every 2 ms until each address has its owner; false: that takes longer. */
  async ownedOnceWithin(limitMs: number): Promise<boolean> {
    const untilMs = this.clock.monotonicMs() + limitMs
    while (!this.isOwnedOnce()) {
      if (this.clock.monotonicMs() >= untilMs) return false
      await this.advance(2)
    }
    return true
  }

  record(ips: readonly string[] = this.ips, everyMs = 5): ClientRecord {
    return new ClientRecord({ clock: this.clock, answering: (ip) => this.answering(ip), ips, everyMs })
  }

  /** Power off. */
  crash(node: SpeakerNode): void {
    node.halt()
    this.network.kill(node.address)
  }

  /** A new process in place of one that has ended. */
  async restart(number: number, settings: NodeSettings = {}): Promise<SpeakerNode> {
    if (settings.name !== undefined) this.api.put(nodeObject(number, settings.name))
    const node = await this.add(number, settings)
    await this.awaited(node.speaker.start())
    return node
  }

  /** How often the nodes have said so. */
  said(event: string): number {
    return this.nodes.reduce((sum, { log }) => sum + log.filter((line) => line.event === event).length, 0)
  }

  /** SIGTERM, until the process has ended. */
  async terminate(node: SpeakerNode): Promise<void> {
    await this.awaited(node.speaker.stop())
    this.crash(node)
  }

  /** SIGSTOP. */
  stop(node: SpeakerNode): void {
    this.network.suspend(node.address)
    node.stop(this.clock.monotonicMs())
  }

  /** The machine sleeps. */
  sleep(node: SpeakerNode): void {
    this.network.suspend(node.address)
    node.sleep(this.clock.monotonicMs())
  }

  /** SIGCONT, or the machine wakes up. */
  goOn(node: SpeakerNode): void {
    this.network.resume(node.address)
    node.goOn(this.clock.monotonicMs())
  }

  /** Nothing passes between these and all others, on the network of the nodes. */
  cutOff(...these: readonly SpeakerNode[]): void {
    const others = this.nodes.filter((node) => !these.includes(node))
    this.network.partition(addresses(these), addresses(others))
  }

  async advance(byMs: number): Promise<void> {
    await this.until(() => false, byMs)
  }

  /** Lets time pass until something holds, looking after every timer; false: it does not within the limit. */
  async until(condition: () => boolean, limitMs: number): Promise<boolean> {
    const untilMs = this.clock.monotonicMs() + limitMs
    while (!condition()) if (!(await this.#step(untilMs))) return condition()
    return true
  }

  /** What a promise gives; time passes while it is waited for. */
  async awaited<Value>(promise: Promise<Value>, limitMs = 120_000): Promise<Value> {
    let isOver = false
    const settled = promise.finally(() => {
      isOver = true
    })
    await new Promise(setImmediate) // where no timer is needed no time passes
    assert.ok(await this.until(() => isOver, limitMs), 'it never ends')
    return await settled
  }

  /** One timer. What it brings about, plans included, is over before the next: the real loop turns in between. */
  async #step(untilMs: number): Promise<boolean> {
    let looked = 0
    const fired = await this.clock.runUntil(() => looked++ > 0, untilMs - this.clock.monotonicMs())
    if (!this.#plans) return fired
    this.#plans = false
    const planned = Promise.all(this.nodes.map(({ speaker }) => speaker.settled()))
    await Promise.race([planned, turns(MOST_TURNS)]) // one that stops plans no more, and does not say so
    return fired
  }
}

export function nameOf(number: number): string {
  return `node${number}`
}

export function addressOf(number: number): string {
  return `10.0.0.${number + 1}`
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}

function addresses(nodes: readonly SpeakerNode[]): string[] {
  return nodes.map(({ address }) => address)
}

function linkNamed(name: string, at: number): Link {
  const mac = `02:00:00:00:00:${(at + 1).toString(16).padStart(2, '0')}`
  const flags = {
    up: true,
    carrier: true,
    broadcast: true,
    noArp: false,
    multicast: true,
    hasMaster: false,
    master: null,
  }
  return { index: at + 2, name, mac, ...flags, linkLocal: null, addresses: [] }
}

function object(apiVersion: string, kind: string, name: string, rest: object): KubeObject {
  const namespace = kind === 'Node' ? '' : apiVersion.startsWith('metallb.io') ? 'metallb-system' : 'default'
  return { apiVersion, kind, metadata: { name, namespace, labels: {}, annotations: {} }, ...rest }
}

function nodeObject(number: number, name = nameOf(number)): KubeObject {
  const status = { addresses: [{ type: 'InternalIP', address: addressOf(number) }] }
  return object('v1', 'Node', name, { status })
}

function configuration(interfaces: readonly string[]): KubeObject[] {
  return [
    object('metallb.io/v1beta1', 'IPAddressPool', 'a', { spec: { addresses: ['10.20.0.0/16'] } }),
    object('metallb.io/v1beta1', 'L2Advertisement', 'a', { spec: interfaces.length > 0 ? { interfaces } : {} }),
  ]
}

function serviceObjects(ip: string, annotations: Readonly<Record<string, string>>): KubeObject[] {
  const name = `web-${ip.replaceAll('.', '-')}`
  const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] }
  const service = object('v1', 'Service', name, { spec, status: { loadBalancer: { ingress: [{ ip }] } } })
  const endpoints = [{ addresses: ['10.1.0.1'], nodeName: nameOf(0), conditions: { ready: true } }]
  const slice = object('discovery.k8s.io/v1', 'EndpointSlice', `${name}-1`, { endpoints })
  const labels = { 'kubernetes.io/service-name': name }
  return [
    { ...service, metadata: { ...service.metadata, annotations } },
    { ...slice, metadata: { ...slice.metadata, labels } },
  ]
}

/** mulberry32: the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
