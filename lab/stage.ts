// SPDX-License-Identifier: Apache-2.0
/** The scenery: a switch, three nodes with their Pods, three routers, a client, the controller and a speaker per node. */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { startForwarding } from './forwarding.ts'
import type { Host, HostPlan } from './host.ts'
import { apply, type Backend, readServices } from './manifests.ts'
import { Neighbors } from './neighbors.ts'
import { buildNetwork } from './network.ts'
import { Program } from './program.ts'
import { UPLINK_PLANS, type UplinkKind, uplinkHost } from './uplink-plans.ts'
import { prepareUplinks, type Uplink } from './uplinks.ts'

export const BREAKABLE = ['controller', 'responder', 'forwarding', 'sessions'] as const
export type Breakable = (typeof BREAKABLE)[number]

export type Stage = Readonly<{
  /** Files of this run. */
  directory: string
  /** What the programs read; it is a copy that the story changes. */
  manifests: string
  client: Host
  nodes: readonly Host[]
  /** What the client learns about its link. */
  neighbors: Neighbors
  controller: Program
  /** In the order of the nodes; one that was killed may be replaced by another. */
  speakers: Program[]
  /** Not started yet. */
  uplinks: readonly Uplink[]
}>

export type StageOptions = Readonly<{ broken?: Breakable | undefined; routers?: UplinkKind | undefined }>

const ROOT = join(import.meta.dirname, '..')
export const BASICS = join(ROOT, 'examples', 'basics')
export const SHARE = join(import.meta.dirname, 'manifests', 'share')
export const FULL = join(import.meta.dirname, 'manifests', 'full')
export const ROUTERS = join(ROOT, 'examples', 'bgp-multi-router')
export const METALLB = join(ROOT, 'bin', 'metallb')
/** A firewall that nobody has told of BGP. */
const NO_SESSIONS = 'table ip firewall { chain out { type filter hook output priority 0; tcp dport bgp drop; }; }\n'
/** Seven programs start at once, perhaps on a machine that does other things, too. */
const READY_MS = 20_000

/** Builds everything, with one component switched off if asked. Resolves when all that is on is ready. */
export async function buildStage(directory: string, { broken, routers }: StageOptions = {}): Promise<Stage> {
  const manifests = join(directory, 'manifests')
  mkdirSync(manifests)
  apply(join(BASICS, 'machines.yaml'), manifests)
  const pods = allPods()
  const plans = [CLIENT, ...NODES.map((node) => withPods(node, pods)), ...UPLINK_PLANS.map(uplinkHost)]
  const [client, ...others] = await buildNetwork(plans)
  assert(client)
  const nodes = others.slice(0, NODES.length)
  const uplinks = await prepareUplinks(others.slice(NODES.length), nodes, routers)
  const neighbors = new Neighbors(client)
  const controller = new Program({ name: 'controller', command: controllerCommand(manifests) }, directory)
  const speakers = nodes.map((host) => speakerOn(host, { directory, manifests }))
  const backends = nodes.map(
    (host) => new Program({ name: `pods-${host.name}`, host, command: podsCommand(pods, host) }, directory),
  )
  const daemons = [controller, ...speakers].map((program) => program.said('"msg":"ready"', READY_MS))
  await Promise.all([neighbors.start(), ...daemons, ...backends.map((program) => program.said('ready', READY_MS))])
  if (broken === 'controller') controller.signal('SIGSTOP')
  if (broken === 'responder') for (const speaker of speakers) speaker.signal('SIGSTOP')
  if (broken === 'sessions') await Promise.all(nodes.map((node) => node.run(['nft', '-f', '-'], NO_SESSIONS)))
  if (broken !== 'forwarding') startForwarding(nodes, manifests)
  return { directory, manifests, client, nodes, neighbors, controller, speakers, uplinks }
}

/** Starts the speakers anew that have ended; resolves to the names of their nodes when they are ready. */
export async function reviveSpeakers({ nodes, speakers, ...place }: Stage): Promise<string[]> {
  const ended = nodes.filter((_, index) => speakers[index]?.hasEnded)
  for (const host of ended) speakers[nodes.indexOf(host)] = speakerOn(host, place)
  await Promise.all(speakers.map((speaker) => speaker.said('"msg":"ready"', READY_MS)))
  return ended.map(({ name }) => name)
}

function speakerOn(host: Host, { directory, manifests }: Pick<Stage, 'directory' | 'manifests'>): Program {
  return new Program({ name: `speaker-${host.name}`, host, command: speakerCommand(manifests, host) }, directory)
}

/** The node that has this MAC address. */
export function nodeOf({ nodes }: Stage, mac: string): string {
  return nodes.find(({ plan }) => plan.mac === mac)?.name ?? 'no node of the lab'
}

const CLIENT: HostPlan = {
  name: 'client',
  address: '192.168.1.100',
  mac: '02:00:00:00:01:00',
  ownAddresses: [],
  routes: [],
  settings: {
    'conf/eth0/arp_accept': 1, // learn from announcements that nobody asked for
    'neigh/eth0/locktime': 0, // believe the last answer even right after another one
    'neigh/eth0/retrans_time_ms': 100, // three questions take 300 ms, not 3 s
  },
}

const NODES = [1, 2, 3].map((number) => ({
  name: `node-${number}`,
  address: `192.168.1.${10 + number}`,
  mac: `02:00:00:00:00:${10 + number}`,
  podRange: `10.244.${number}.0/24`,
}))

/** Where the client is when it comes by a router. */
const BEHIND_ROUTERS = UPLINK_PLANS.flatMap(({ address, cable }) => (cable ? { to: cable.range, via: address } : []))

function withPods({ name, address, mac }: (typeof NODES)[number], pods: readonly Backend[]): HostPlan {
  const own = new Set(pods.filter(({ node }) => node === name).map(({ ip }) => ip))
  const others = NODES.filter((other) => other.name !== name)
  return {
    name,
    address,
    mac,
    ownAddresses: [...own],
    routes: [...others.map((other) => ({ to: other.podRange, via: other.address })), ...BEHIND_ROUTERS],
    settings: { ip_forward: 1, 'conf/all/send_redirects': 0, 'conf/eth0/send_redirects': 0 },
  }
}

/** The Pods behind every Service of the story; one with two ports is listed twice. */
function allPods(): Backend[] {
  const services = [BASICS, SHARE, FULL, ROUTERS].flatMap((directory) => readServices(directory))
  const backends = services.flatMap(({ ports }) => ports.flatMap((port) => port.backends))
  return [...new Map(backends.map((backend) => [`${backend.ip}:${backend.port}`, backend])).values()]
}

function controllerCommand(manifests: string): string[] {
  const capabilities = ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all']
  return [...capabilities, METALLB, 'controller', '--manifests', manifests, '--run-dir', runDirectory(manifests)]
}

/** CAP_NET_RAW is all that a speaker may have here, root or not. */
function speakerCommand(manifests: string, { name, plan }: Host): string[] {
  const capabilities = ['setpriv', '--bounding-set', '-all,+net_raw', '--inh-caps', '-all,+net_raw']
  const place = ['--node-name', name, '--ml-bindaddr', plan.address, '--run-dir', runDirectory(manifests, name)]
  return [...capabilities, METALLB, 'speaker', '--manifests', manifests, ...place]
}

/** Beside the manifests: every machine of the lab would have its own, and here they share one. */
export function runDirectory(manifests: string, host = 'controller'): string {
  return join(dirname(manifests), `run-${host}`)
}

function podsCommand(pods: readonly Backend[], { name }: Host): string[] {
  const own = pods.filter(({ node }) => node === name)
  return [process.execPath, join(import.meta.dirname, 'backends.ts'), JSON.stringify(own)]
}
