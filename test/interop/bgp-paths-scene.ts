// SPDX-License-Identifier: Apache-2.0
/**
 * Three nodes and a router that forwards, on one switch; behind the router a client and two more routers; and two links
 * of node-1's own, to a router each. All of it for bgp-paths-cases.ts.
 */
import { run } from '../../lab/command.ts'
import { Frr } from '../../lab/routers/frr.ts'
import type { NeighborPlan, Router } from '../../lab/routers/router.ts'
import { advertisement, type Manifest, node, peer, pool, service } from './bgp-objects.ts'
import { BgpScene, eventually } from './bgp-scene.ts'

export const NODES = ['node-1', 'node-2', 'node-3'] as const
export const ADDRESS = '198.51.100.1'
export const PREFIX = `${ADDRESS}/32`
/** Ours, and that of all routers. */
export const [OURS, THEIRS] = [64_500, 64_501]
/** Both ends of node-1's link to the router that has the same address as one on the other side of the switch. */
export const [BLUE_NODE, BLUE_ROUTER] = ['10.8.0.1', '10.8.0.2']

/** A pair of interfaces with an address each, in hosts by their names. */
type End = Readonly<{ host: string; link: string; address?: string }>

export async function link(scene: BgpScene, ...ends: readonly [End, End]): Promise<void> {
  const [a, b] = ends
  const place = ['netns', b.host]
  await scene.host(a.host).run(['ip', 'link', 'add', a.link, 'type', 'veth', 'peer', 'name', b.link, ...place])
  for (const { host, link: name, address } of ends) {
    if (address !== undefined) await scene.host(host).run(['ip', 'address', 'add', address, 'dev', name])
    await scene.host(host).run(['ip', 'link', 'set', 'dev', name, 'up'])
  }
}

/** Puts a host behind the router, in a network of its own: `10.9.N.2`, with the router at `10.9.N.1`. */
async function putBehind(scene: BgpScene, name: string, number: number): Promise<void> {
  const near = { host: 'router', link: name, address: `10.9.${number}.1/24` }
  await link(scene, near, { host: name, link: 'side', address: `10.9.${number}.2/24` })
  await scene.host(name).run(['ip', 'route', 'add', 'default', 'via', `10.9.${number}.1`])
}

/** Network and programs but for our speakers. */
export async function buildPaths(): Promise<{ scene: BgpScene; router: Frr }> {
  const scene = await BgpScene.build(['router', ...NODES, 'client', 'far-bird', 'far-frr', 'blue', 'bare'])
  const via = scene.ipv4('router')
  await scene.host('router').run(['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.fib_multipath_hash_policy=1'])
  await scene.host('client').run(['ip', 'link', 'set', 'eth0', 'down'])
  const behind = ['client', 'far-bird', 'far-frr']
  for (const [index, name] of behind.entries()) await putBehind(scene, name, index + 1)
  for (const name of NODES) {
    await scene.host(name).run(['ip', 'address', 'add', PREFIX, 'dev', 'lo'])
    await scene.host(name).run(['ip', 'route', 'add', '10.9.0.0/16', 'via', via])
    const backend = [{ pod: name, node: name, ip: ADDRESS, port: 80 }]
    const program = scene.start(name, `pods-${name}`, [process.execPath, BACKENDS, JSON.stringify(backend)])
    await program.said('ready', 20_000)
  }
  const router = scene.router('frr', 'router', ['zebra'])
  const plans = NODES.map((name) => neighborOf(scene, name, { localAddress: via, holdS: 3 }))
  const many = [' address-family ipv4 unicast', '  maximum-paths 4', ' exit-address-family']
  await router.start({ asn: THEIRS, routerId: via, neighbors: plans, extra: many })
  if (!(router instanceof Frr)) throw new Error('it is one of FRR')
  return { scene, router }
}

const BACKENDS = new URL('../../lab/backends.ts', import.meta.url).pathname

export function neighborOf(
  scene: BgpScene,
  name: string,
  more: Partial<NeighborPlan> & { localAddress: string },
): NeighborPlan {
  return { address: scene.ipv4(name), remoteAs: OURS, families: ['ipv4'], ...more }
}

const on = (name: string): object => ({ nodeSelectors: [{ matchLabels: { name } }] })

/** Peers of node-1 by their names, beside the router that all nodes have. */
export function objects(scene: BgpScene, own: Readonly<Record<string, object>>): Manifest[] {
  const session = { myASN: OURS, peerASN: THEIRS }
  const common = { ...session, peerAddress: scene.ipv4('router'), holdTime: '3s' }
  return [
    ...NODES.map((name) => node(name, scene.ipv4(name), { name })),
    pool(),
    advertisement('all'),
    ...service('web', [ADDRESS]),
    peer('router-1', { ...common, ...on('node-1'), gracefulRestart: { enabled: true, restartTime: '60s' } }),
    ...['node-2', 'node-3'].map((name) => peer(`router-${name.slice(-1)}`, { ...common, ...on(name) })),
    ...Object.entries(own).map(([name, spec]) => peer(name, { ...session, ...on('node-1'), ...spec })),
  ]
}

/** Waits for a router to have the route, by next hops that include this one. */
export async function hasRoute(router: Router, nextHop: string): Promise<void> {
  let seen: unknown
  const isSo = async (): Promise<true | undefined> => {
    const routes = await router.routes()
    seen = routes
    return routes.some((route) => route.prefix === PREFIX && route.nextHops.includes(nextHop)) ? true : undefined
  }
  await eventually(isSo, () => `${router.name} shows ${JSON.stringify(seen)}. ${router.describe()}`)
}

/** Plugs a host's cable in, or pulls it. */
export async function setCable(name: string, state: 'up' | 'down'): Promise<void> {
  await run(['ip', 'link', 'set', name, state])
}
