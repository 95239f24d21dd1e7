// SPDX-License-Identifier: Apache-2.0
/**
 * Nodes on one switch, each with a speaker, and a client on each of two ports. Speakers can be started, signalled and
 * replaced, ports pulled, and the switch cut in two. All of it lives in the sandbox that this process is in.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rankingOf } from '../src/plan/election.ts'
import { run } from './command.ts'
import { objectsOf, someAddresses } from './failover-objects.ts'
import type { Host, HostPlan } from './host.ts'
import { buildNetwork } from './network.ts'
import { Program } from './program.ts'

export type ScenePlan = Readonly<{
  /** Files of the sandbox. */
  directory: string
  /** Their names; node-1 to node-3 by default. */
  nodes?: readonly string[]
  /** Of the Services; 30 by default. */
  addresses?: readonly string[]
  /** The node that answers for all as long as it can. */
  preferred?: string
  /** What starts `metallb`; the checkout's launcher by default. */
  launcher?: readonly string[]
}>

export type SpeakerPlan = Readonly<{
  /** Without it speakers do not look at each other: every Node counts as alive. */
  isInRing?: boolean
  /** Directory of the ring's key. */
  secret?: string
  /** A command that limits what follows it, such as a control group. It does not run in the node's namespaces. */
  within?: readonly string[]
}>

const LAUNCHER = [join(import.meta.dirname, '../bin/metallb')]
const THREE = ['node-1', 'node-2', 'node-3']
/** With 2,000 Services and a fifth of a processor it takes long. */
const READY_MS = 60_000
const ISLAND = 'island'
const CLIENTS = ['client', 'visitor']
/** CAP_NET_RAW is all that a speaker may have, root or not. */
const NARROW = ['setpriv', '--bounding-set', '-all,+net_raw', '--inh-caps', '-all,+net_raw']

export class FailoverScene {
  readonly nodes: readonly string[]
  readonly addresses: readonly string[]
  readonly #plan: ScenePlan
  readonly #hosts: ReadonlyMap<string, Host>
  readonly #directory: string
  readonly #speakers = new Map<string, Program>()
  readonly #started: Program[] = []

  /** `build` makes one. */
  constructor(plan: ScenePlan, hosts: readonly Host[]) {
    const { nodes = THREE, addresses = someAddresses(30), preferred } = plan
    this.#plan = plan
    this.nodes = nodes
    this.addresses = addresses
    this.#hosts = new Map(hosts.map((host) => [host.name, host]))
    this.#directory = mkdtempSync(join(plan.directory, 'scene-'))
    mkdirSync(this.manifests)
    const known = nodes.map((name) => ({ name, address: this.host(name).plan.address }))
    const objects = objectsOf({ nodes: known, addresses, ...(preferred !== undefined && { preferred }) })
    writeFileSync(join(this.manifests, 'objects.json'), objects)
  }

  /** Network and objects; nobody speaks yet. */
  static async build(plan: ScenePlan): Promise<FailoverScene> {
    const nodes = (plan.nodes ?? THREE).map((name, index) => hostPlan(name, 11 + index))
    const clients = CLIENTS.map((name, index) => hostPlan(name, 200 + index))
    return new FailoverScene(plan, await buildNetwork([...clients, ...nodes]))
  }

  get manifests(): string {
    return join(this.#directory, 'manifests')
  }

  host(name: string): Host {
    const host = this.#hosts.get(name)
    assert(host, `there is no host ${name}`)
    return host
  }

  /** Its speaker, running or not. */
  speaker(node: string): Program {
    const speaker = this.#speakers.get(node)
    assert(speaker, `there was no speaker on ${node}`)
    return speaker
  }

  macOf(node: string): string {
    return this.host(node).plan.mac
  }

  /** Starts the node's speaker; resolves when it answers for what it should. */
  async start(node: string, plan: SpeakerPlan = {}): Promise<Program> {
    const host = this.host(node)
    const name = `${node}-${this.#started.length}`
    const enter = [...(plan.within ?? []), 'ip', 'netns', 'exec', node]
    const speaker = new Program({ name, command: [...enter, ...this.#command(host, plan)] }, this.#directory)
    this.#speakers.set(node, speaker)
    this.#started.push(speaker)
    await speaker.said('"msg":"ready"', READY_MS)
    return speaker
  }

  async startAll(plan: SpeakerPlan = {}): Promise<void> {
    await Promise.all(this.nodes.map((node) => this.start(node, plan)))
  }

  /** Starts another program on a node, such as a member of the ring that is not ours. Its log is NAME.log. */
  startOther(node: string, name: string, command: readonly string[]): Program {
    const program = new Program({ name, command, host: this.host(node) }, this.#directory)
    this.#started.push(program)
    return program
  }

  /** The first addresses for which all nodes would stand in an order that begins with these. */
  addressesOf(order: readonly string[], count: number): string[] {
    const found = this.addresses.filter((ip) => {
      const ranking = rankingOf({ candidates: this.nodes, ads: [], ip })
      return order.every((node, place) => ranking[place] === node)
    })
    assert(found.length >= count, `${found.length} addresses would go to ${order.join(', ')}; ${count} are wanted`)
    return found.slice(0, count)
  }

  /** Pulls a host's cable, or plugs it in again. */
  async setCable(name: string, state: 'up' | 'down'): Promise<void> {
    await run(['ip', 'link', 'set', name, state])
  }

  /** Moves these hosts' cables to a switch of their own. */
  async cut(names: readonly string[]): Promise<void> {
    const moves = names.map((name) => `link set ${name} master ${ISLAND}`)
    const island = `link add ${ISLAND} type bridge stp_state 0 mcast_snooping 0\nlink set ${ISLAND} up`
    await run(['ip', '-batch', '-'], [island, ...moves].join('\n'))
  }

  /** Joins the two switches by moving the cables back. */
  async heal(names: readonly string[]): Promise<void> {
    const moves = names.map((name) => `link set ${name} master switch`)
    await run(['ip', '-batch', '-'], [...moves, `link del ${ISLAND}`].join('\n'))
  }

  /** Ends all speakers and removes the network, so that another scene can be built. */
  async dismantle(): Promise<void> {
    for (const program of this.#started) program.signal('SIGKILL')
    await Promise.all(this.#started.map((program) => program.ended()))
    const names = [...this.#hosts.keys()]
    await run(
      ['ip', '-force', '-batch', '-'],
      [...names, ISLAND, 'switch'].map((name) => `link del ${name}`).join('\n'),
    ).catch(() => {
      // The island is there only while the switch is cut.
    })
    await run(['ip', '-batch', '-'], names.map((name) => `netns del ${name}`).join('\n'))
  }

  #command({ name, plan: { address } }: Host, { isInRing = true, secret }: SpeakerPlan): string[] {
    const { launcher = LAUNCHER } = this.#plan
    const place = ['--node-name', name, '--run-dir', join(this.#directory, `run-${name}`)]
    const ring = isInRing ? ['--ml-bindaddr', address] : []
    const key = secret === undefined ? [] : ['--ml-secret-key-path', secret]
    return [...NARROW, ...launcher, 'speaker', '--manifests', this.manifests, ...place, ...ring, ...key]
  }
}

function hostPlan(name: string, last: number): HostPlan {
  const mac = `02:00:00:00:00:${last.toString(16).padStart(2, '0')}`
  return { name, address: `192.168.1.${last}`, mac, ownAddresses: [], routes: [], settings: {} }
}
