// SPDX-License-Identifier: Apache-2.0
/** What is waited for in the worlds of routers: sessions and routes as routers tell of them. */
import assert from 'node:assert/strict'
import type { SeenRoute } from '../../lab/routers/router.ts'
import { eventually } from '../interop/bgp-scene.ts'
import { NODES, type NodeName, ROUTERS, type RouterName, type RoutersScene } from './routers-scene.ts'

export type Sessions = Readonly<Partial<Record<RouterName, readonly NodeName[]>>>

/** Resolves when each router named has sessions with these nodes, and with no other. */
export async function sessionsAre(scene: RoutersScene, expected: Sessions): Promise<void> {
  const wanted = JSON.stringify(expected)
  let seen = ''
  const probe = async () => {
    const names = ROUTERS.filter((name) => expected[name] !== undefined)
    const all = await Promise.all(names.map(async (name) => [name, await sessionsOf(scene, name)] as const))
    seen = JSON.stringify(Object.fromEntries(all))
    return seen === wanted ? true : undefined
  }
  await eventually(probe, async () => `sessions are ${seen}, not ${wanted}\n${await peersText(scene)}`)
}

/** Nodes that a router has a session with. */
export async function sessionsOf(scene: RoutersScene, name: RouterName): Promise<NodeName[]> {
  const up: NodeName[] = []
  for (const node of NODES.filter((each) => scene.addressOf(each) !== '')) {
    const { isUp } = await scene.router(name).session(scene.addressOf(node))
    if (isUp) up.push(node)
  }
  return up
}

/** Changes when a session of a router with a node is a new one; '' while there is none. */
export async function sessionId(scene: RoutersScene, name: RouterName, node: NodeName): Promise<string> {
  return (await scene.router(name).session(scene.addressOf(node))).upSince
}

/** All of a router: each path as `PREFIX NODE [AS PATH] COMMUNITIES`, in the order of that text. */
export async function routesOf(scene: RoutersScene, name: RouterName): Promise<string[]> {
  const routes = await scene.router(name).routes()
  return routes.map((route) => routeText(scene, route)).toSorted()
}

function routeText(scene: RoutersScene, { prefix, peer, nextHops, asPath, communities }: SeenRoute): string {
  const node = scene.nodeAt(peer) ?? peer
  const by = nextHops.join() === peer ? node : `${node} (by ${nextHops.join()})`
  return [prefix, by, `[${asPath.join(' ')}]`, ...communities].join(' ')
}

/** Resolves when each router named has these routes, and no other. */
export async function routesAre(
  scene: RoutersScene,
  expected: Readonly<Partial<Record<RouterName, readonly string[]>>>,
): Promise<void> {
  for (const name of ROUTERS) {
    const wanted = expected[name]?.toSorted()
    if (wanted === undefined) continue
    let seen: string[] = []
    const probe = async () => {
      seen = await routesOf(scene, name)
      return seen.join() === wanted.join() ? true : undefined
    }
    const otherwise = async () =>
      `${name} has ${JSON.stringify(seen)}, not ${JSON.stringify(wanted)}\n${await peersText(scene)}`
    await eventually(probe, otherwise)
  }
}

/** Resolves when BFD of a router with these nodes, and no other, is up. */
export async function bfdIsUp(
  scene: RoutersScene,
  name: 'router-1' | 'router-2',
  nodes: readonly NodeName[],
): Promise<readonly BfdSeen[]> {
  const wanted = nodes.map((node) => scene.addressOf(node)).join()
  let seen: readonly BfdSeen[] = []
  const probe = async () => {
    seen = JSON.parse(await scene.frr[name].ask('bfdd', 'show bfd peers json'))
    const up = seen.filter(({ status }) => status === 'up').map(({ peer }) => peer)
    return up.toSorted().join() === wanted ? true : undefined
  }
  await eventually(probe, () => `${name} has BFD ${JSON.stringify(seen)}, not with ${wanted}`)
  return seen.filter(({ status }) => status === 'up')
}

/** As FRR tells of a session; intervals in milliseconds. */
export type BfdSeen = Readonly<{
  peer: string
  status: string
  'receive-interval': number
  'transmit-interval': number
  'remote-receive-interval': number
  'remote-transmit-interval': number
  'remote-detect-multiplier': number
  'remote-echo-receive-interval': number
}>

/** What FRR tells of a session with a node. */
export async function frrNeighbor(
  scene: RoutersScene,
  name: 'router-1' | 'router-2',
  node: NodeName,
): Promise<Record<string, unknown>> {
  const address = scene.addressOf(node)
  return JSON.parse(await scene.frr[name].command(`show bgp neighbors ${address} json`))[address]
}

/** Configures bgpd as an administrator does. */
export async function configure(scene: RoutersScene, name: 'router-1' | 'router-2', text: string): Promise<void> {
  await scene.frr[name].command(`configure terminal\n${text.trim()}`)
}

/** Cuts a node and a router off from each other, and from nobody else; the result joins them again. */
export async function cut(scene: RoutersScene, name: RouterName, node: NodeName): Promise<() => Promise<void>> {
  const address = scene.addressOf(node)
  const rules = [
    'table ip cut {',
    `  chain input { type filter hook input priority 0; ip saddr ${address} drop; }`,
    `  chain output { type filter hook output priority 0; ip daddr ${address} drop; }`,
    '}',
  ]
  await scene.host(name).run(['nft', '-f', '-'], `${rules.join('\n')}\n`)
  return async () => void (await scene.host(name).run(['nft', 'delete', 'table', 'ip', 'cut']))
}

/** Resolves when a probe of the test's own holds. */
export async function becomes(what: string, holds: () => Promise<boolean>): Promise<void> {
  await eventually(
    async () => ((await holds()) ? true : undefined),
    () => `it never was so: ${what}`,
  )
}

/** kubectl, where nothing is to be refused. */
export async function kubectl({ world }: RoutersScene, ...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await world.kubectl(...args)
  assert.equal(status, 0, stderr)
  return stdout
}

async function peersText(scene: RoutersScene): Promise<string> {
  const texts = NODES.map(async (node) => {
    if (scene.speaker(node).hasEnded) return `${node} has ended; ${scene.speaker(node).lastWords()}`
    const peers = await scene.peersOf(node).catch(() => [])
    const last = scene
      .speaker(node)
      .lines.filter(({ protocol }) => protocol === 'bgp')
      .slice(-3)
    const said = last.map(({ msg }) => msg).join('; ')
    return `${node}: ${peers.map(({ name, state }) => `${name} ${state}`).join(', ')} (${said})`
  })
  return (await Promise.all(texts)).join('\n')
}
