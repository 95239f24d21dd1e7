// SPDX-License-Identifier: Apache-2.0
/**
 * The link of a guide about BGP: three nodes, three routers and a client in network namespaces, and an API server beside
 * them. Routers are FRR and BIRD; a node is the address of a machine and its speaker, with the rights of its Pod. The
 * cluster is one, and its worlds come one after the other, each with the addresses that its guide names.
 */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ClusterProgram, LAUNCHER } from '../../lab/cluster/program.ts'
import { scratchDirectory } from '../../lab/cluster/scratch.ts'
import { run, SEARCH_PATH } from '../../lab/command.ts'
import type { Host, HostPlan } from '../../lab/host.ts'
import { buildNetwork } from '../../lab/network.ts'
import { Bird } from '../../lab/routers/bird.ts'
import { Frr } from '../../lab/routers/frr.ts'
import type { NeighborPlan, Router } from '../../lab/routers/router.ts'
import { sandboxDirectory, settleIn } from '../../lab/sandbox.ts'
import { askLocal } from '../../src/programs/listeners/ask-local.ts'
import { ip } from '../lab/wire-namespace.ts'
import { ADDRESS, GuideWorld, type Outcome } from './guide-world.ts'

export const NODES = ['node-1', 'node-2', 'node-3'] as const
export const ROUTERS = ['router-1', 'router-2', 'router-3'] as const
export type NodeName = (typeof NODES)[number]
export type RouterName = (typeof ROUTERS)[number]
export type HostName = NodeName | RouterName | 'client'
const HOSTS: readonly HostName[] = [...NODES, ...ROUTERS, 'client']
/** Of each host in this world, with the length of the link's prefix. */
export type Addresses = Readonly<Partial<Record<HostName, string>>>
/** What a router is told of the cluster. */
export type Told = Readonly<
  {
    asn: number
    /** Those that it has a session with; all by default. */
    nodes?: readonly NodeName[]
  } & Pick<NeighborPlan, 'remoteAs' | 'password' | 'bfd' | 'holdS'>
>

/** Where routers keep their files, some as users of theirs: in the sandbox's own /run. */
const FILES = '/run/routers'
/** Debian's package of each program. */
const TOOLS = { vtysh: 'frr', bird: 'bird2', arping: 'arping', nc: 'netcat-openbsd', curl: 'curl' }

export class RoutersScene {
  readonly world: GuideWorld
  readonly controller: ClusterProgram
  readonly frr: Readonly<Record<'router-1' | 'router-2', Frr>>
  readonly #hosts: ReadonlyMap<string, Host>
  readonly #routers: ReadonlyMap<RouterName, Router>
  readonly #speakers = new Map<NodeName, ClusterProgram>()
  readonly #controllerDirectory: string
  #addresses: Addresses = {}

  constructor(hosts: readonly Host[], world: GuideWorld, controller: { program: ClusterProgram; directory: string }) {
    this.#hosts = new Map(hosts.map((host) => [host.name, host]))
    this.world = world
    this.controller = controller.program
    this.#controllerDirectory = controller.directory
    const place = (name: RouterName) => ({ name, host: this.host(name), directory: filesOf(name) })
    const frr = (name: RouterName) => new Frr(place(name), ['zebra', 'bfdd'])
    this.frr = { 'router-1': frr('router-1'), 'router-2': frr('router-2') }
    this.#routers = new Map<RouterName, Router>([
      ['router-1', this.frr['router-1']],
      ['router-2', this.frr['router-2']],
      ['router-3', new Bird(place('router-3'))],
    ])
  }

  /** All but routers and speakers, in the sandbox that this process is in. */
  static async open(): Promise<RoutersScene> {
    const directory = sandboxDirectory()
    assert.ok(directory, 'this file is run by routers.test.ts, in a sandbox')
    for (const [tool, name] of Object.entries(TOOLS)) {
      const isInstalled = SEARCH_PATH.split(':').some((folder) => existsSync(join(folder, tool)))
      assert.ok(isInstalled, `these tests need ${tool}: apt-get install ${name}`)
    }
    await settleIn()
    process.channel?.unref() // the launcher may wait for us, not we for it
    process.env['TMPDIR'] = directory // process ids, which name directories there, are the sandbox's own
    // FRR keeps what a crash would need there, wherever its other files are.
    await run(['mount', '-t', 'tmpfs', 'lab', '/var/tmp'])
    const hosts = await buildNetwork(HOSTS.map(hostPlan))
    ip('address', 'add', `${ADDRESS}/24`, 'dev', 'switch')
    const world = await GuideWorld.open({ isWired: true })
    const runDirectory = scratchDirectory('run-controller')
    const program = await world.startController({ runDirectory })
    return new RoutersScene(hosts, world, { program, directory: runDirectory })
  }

  async close(): Promise<void> {
    await Promise.all([...this.#routers.values()].map((router) => router.stop('SIGKILL')))
    await this.world.close()
  }

  host(name: HostName): Host {
    const host = this.#hosts.get(name)
    assert.ok(host, `there is no host ${name}`)
    return host
  }

  router(name: RouterName): Router {
    const router = this.#routers.get(name)
    assert.ok(router, `there is no ${name}`)
    return router
  }

  /** In this world. */
  addressOf(name: HostName): string {
    return this.#addresses[name]?.split('/')[0] ?? ''
  }

  nodeAt(address: string): NodeName | undefined {
    return NODES.find((name) => this.addressOf(name) === address)
  }

  /** Gives all hosts the addresses of another world, which are those of the Nodes, too. */
  async move(addresses: Addresses): Promise<void> {
    for (const name of HOSTS) {
      const [before, after] = [this.#addresses[name], addresses[name]]
      if (before !== undefined) await this.host(name).run(['ip', 'address', 'delete', before, 'dev', 'eth0'])
      if (after !== undefined) await this.host(name).run(['ip', 'address', 'add', after, 'dev', 'eth0'])
    }
    const isFirst = Object.keys(this.#addresses).length === 0
    this.#addresses = addresses
    const { client } = this.world
    if (isFirst) {
      const labels = { 'kubernetes.io/os': 'linux' }
      await this.world.addNodes(
        Object.fromEntries(NODES.map((name) => [name, { address: this.addressOf(name), labels }])),
      )
    }
    for (const name of NODES.filter((each) => addresses[each] !== undefined)) {
      const node = { apiVersion: 'v1', kind: 'Node', metadata: { name } }
      const found = [{ type: 'InternalIP', address: this.addressOf(name) }]
      if (!isFirst) await client.patchStatus(node, { addresses: found })
    }
  }

  /** Starts a router, or starts it anew. */
  async startRouter(name: RouterName, { asn, nodes = NODES, ...told }: Told): Promise<void> {
    const router = this.router(name)
    await router.stop('SIGKILL')
    const localAddress = this.addressOf(name)
    const neighbors = nodes.flatMap((node) => {
      const address = this.addressOf(node)
      return address === '' ? [] : [{ address, localAddress, families: ['ipv4' as const], ...told }]
    })
    await router.start({ asn, routerId: localAddress, neighbors })
  }

  async stopRouter(name: RouterName): Promise<void> {
    await this.router(name).stop('SIGKILL')
  }

  /**
   * Starts a node's speaker as its DaemonSet would; it has said that it is ready. Its run directory outlives it.
   * `capability`: the only one that it has, as in a Pod that drops all others.
   */
  async startSpeaker(node: NodeName, capability?: string): Promise<ClusterProgram> {
    const own = ['--kubeconfig', this.world.server.kubeconfigFor('speaker'), '--run-dir', runDirectoryOf(node)]
    const env = { METALLB_NODE_NAME: node, METALLB_NAMESPACE: 'metallb-system' }
    const alone = ['--bounding-set', `-all,+${capability}`, '--inh-caps', `-all,+${capability}`]
    const within = ['ip', 'netns', 'exec', node, ...(capability === undefined ? [] : ['setpriv', ...alone])]
    const speaker = new ClusterProgram(['speaker', '--log-level=info', ...own], { env, within })
    this.world.programs.push(speaker)
    this.#speakers.set(node, speaker)
    await speaker.said('ready')
    return speaker
  }

  speaker(node: NodeName): ClusterProgram {
    const speaker = this.#speakers.get(node)
    assert.ok(speaker, `there was no speaker on ${node}`)
    return speaker
  }

  /** A command of the image in the Pod of a node's speaker, or in that of the controller. */
  async inPod(pod: NodeName | 'controller', ...command: readonly string[]): Promise<Outcome> {
    const [program = '', ...args] = command
    return await this.world.run([...this.podCommand(pod, program), ...args])
  }

  /** What starts a program there. */
  podCommand(pod: NodeName | 'controller', program: string): readonly string[] {
    const directory = pod === 'controller' ? this.#controllerDirectory : runDirectoryOf(pod)
    const tool = program === 'vtysh' ? [LAUNCHER, 'vtysh', '--run-dir', directory] : [program]
    return pod === 'controller' ? tool : ['ip', 'netns', 'exec', pod, ...tool]
  }

  /** What a speaker tells of its peers. */
  async peersOf(node: NodeName): Promise<readonly PeerSeen[]> {
    const asking = [LAUNCHER, 'peers', '-o', 'json', '--run-dir', runDirectoryOf(node)]
    const { status, stdout, stderr } = await this.world.run(asking)
    assert.deepEqual([status, stderr], [0, ''])
    return JSON.parse(stdout).peers
  }

  /** Why a node announces a Service of the default namespace to no router; null: it does, or does not know it. */
  async whySilent(node: NodeName, service: string): Promise<string | null> {
    const plan = await askLocal({ program: 'speaker', runDirectory: runDirectoryOf(node) }, 'plan')
    const { services }: Plan = JSON.parse(plan)
    const found = services.find((one) => one.protocol === 'bgp' && one.service === `default/${service}`)
    return found?.reason ?? null
  }

  /** The values of one of a speaker's metrics, by the name of the peer. */
  async metric(node: NodeName, name: string): Promise<Record<string, number>> {
    const text = await this.host(node).run(['curl', '-sf', 'http://127.0.0.1:7472/metrics'])
    const lines = text.matchAll(new RegExp(`^${name}\\{[^}]*peer="([^"]*)"[^}]*\\} (\\S+)$`, 'gm'))
    return Object.fromEntries([...lines].map(([, peer = '', value = '']) => [peer, Number(value)]))
  }
}

/** As `metallb peers` tells them. */
export type PeerSeen = Readonly<{
  name: string
  state: string
  withheld: Readonly<{ reason: string }> | null
  attempts: number
  routerId: string
}>

type Plan = Readonly<{ services: readonly Readonly<{ service: string; protocol: string; reason?: string }>[] }>

const runDirectories = new Map<string, string>()

function runDirectoryOf(node: NodeName): string {
  const directory = runDirectories.get(node) ?? scratchDirectory(`run-${node}`)
  runDirectories.set(node, directory)
  return directory
}

function filesOf(name: RouterName): string {
  const directory = join(FILES, name)
  mkdirSync(directory, { recursive: true })
  chmodSync(directory, 0o755)
  return directory
}

/** By the address here they reach the API server, in every world. */
function hostPlan(name: HostName, at: number): HostPlan {
  const last = 11 + at
  // A router sends packets on to where they came from, and is to stay in their way.
  const forwarding = { ip_forward: 1, 'conf/all/send_redirects': 0, 'conf/eth0/send_redirects': 0 }
  const isRouter = name.startsWith('router')
  return {
    name,
    address: `172.31.0.${last}`,
    mac: `02:00:00:00:00:${last.toString(16).padStart(2, '0')}`,
    ownAddresses: [],
    routes: [],
    settings: isRouter ? forwarding : {},
  }
}
