// SPDX-License-Identifier: Apache-2.0
/**
 * Two nodes announce an address, a router (FRR) spreads a client's requests over both, and one of them dies: its link is
 * down and its processes are killed. How long until the last request that gets lost, as the client counts. Its argument
 * is a ReroutePlan; prints a list of milliseconds.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Program } from '../../lab/program.ts'
import { bfdProfile, every, nodeAt, OURS, THEIRS, theirs } from '../interop/bfd-objects.ts'
import { advertisement, node, peer, pool, service } from '../interop/bgp-objects.ts'
import { eventually } from '../interop/bgp-scene.ts'
import { BfdStage } from './bfd-stage.ts'

export type ReroutePlan = Readonly<{ launcher: string; rounds: number; intervalMs: number }>

const NODES = ['node-1', 'node-2'] as const
const ADDRESS = '198.51.100.1'
const [CLIENT, GATEWAY] = ['10.9.1.2', '10.9.1.1']
const BACKENDS = new URL('../../lab/backends.ts', import.meta.url).pathname
const ASK_EVERY_MS = 10
/** Without BFD the router would wait for the hold time. */
const WATCHED_MS = 4000

const { launcher, rounds, intervalMs }: ReroutePlan = JSON.parse(process.argv[2] ?? '')
const stage = await BfdStage.build(['router', ...NODES, 'client'])
const { scene } = stage
const via = scene.ipv4('router')
const running = new Map<string, readonly Program[]>()
let starts = 0

async function wire(): Promise<void> {
  const router = scene.host('router')
  await router.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.fib_multipath_hash_policy=1'])
  await router.run(['ip', 'link', 'add', 'side', 'type', 'veth', 'peer', 'name', 'side', 'netns', 'client'])
  await router.run(['ip', '-batch', '-'], `address add ${GATEWAY}/24 dev side\nlink set side up`)
  const client = ['link set eth0 down', `address add ${CLIENT}/24 dev side`, 'link set side up']
  await scene.host('client').run(['ip', '-batch', '-'], [...client, `route add default via ${GATEWAY}`].join('\n'))
  for (const name of NODES) {
    const lines = [`address add ${ADDRESS}/32 dev lo`, `route add 10.9.0.0/16 via ${via}`]
    await scene.host(name).run(['ip', '-batch', '-'], lines.join('\n'))
  }
}

async function startNode(name: string): Promise<void> {
  const backend = [{ pod: name, node: name, ip: ADDRESS, port: 80 }]
  const pods = scene.start(name, `pods-${name}-${starts++}`, [process.execPath, BACKENDS, JSON.stringify(backend)])
  await pods.said('ready', 20_000)
  running.set(name, [pods, await stage.speaker(name, { launcher, isRealTime: true })])
}

await wire()
const multipath = [' address-family ipv4 unicast', '  maximum-paths 4', ' exit-address-family']
const neighbors = NODES.map((name) =>
  nodeAt({ address: scene.ipv4(name), localAddress: via }, { bfd: theirs(intervalMs) }),
)
const router = await stage.router('frr', 'router', neighbors, multipath)
scene.write('all', [
  ...NODES.map((name) => node(name, scene.ipv4(name))),
  pool(),
  advertisement('all'),
  ...service('web', [ADDRESS]),
  bfdProfile('usual', every(intervalMs)),
  peer('router', { myASN: OURS, peerASN: THEIRS, peerAddress: via, bfdProfile: 'usual' }),
])
await Promise.all(NODES.map(startNode))

/** The router spreads over all nodes, and watches them. */
async function allCarry(): Promise<void> {
  await Promise.all(NODES.map((name) => stage.allUp(name, 1)))
  await eventually(
    async () => {
      const routes = await router.host.run(['ip', 'route', 'show', ADDRESS])
      return NODES.every((name) => routes.includes(`via ${scene.ipv4(name)} `)) ? true : undefined
    },
    async () => `${router.describe()} ${await router.host.run(['ip', 'route'])}`,
  )
}

/** Requests that began since a moment and were lost: when the last one began. */
function lastLostMs(client: Program, sinceMs: number): number | undefined {
  const lost = scene
    .logOf(client)
    .split('\n')
    .flatMap((line) => {
      const [atMs, isAnswered] = line.split(' ')
      return isAnswered === 'false' && Number(atMs) >= sinceMs ? [Number(atMs)] : []
    })
  return lost.at(-1)
}

const command = [process.execPath, new URL('bfd-client.ts', import.meta.url).pathname, `http://${ADDRESS}/`]
const found: number[] = []
for (let round = 0; round < rounds; round++) {
  await allCarry()
  const client = scene.start('client', `client-${round}`, [...command, String(ASK_EVERY_MS)])
  await client.said('asking', 20_000)
  await sleep(500)
  const name = NODES[round % NODES.length] ?? NODES[0]
  const atMs = stage.setCables([name], 'down')
  for (const program of running.get(name) ?? []) program.signal('SIGKILL')
  await sleep(WATCHED_MS)
  client.signal('SIGKILL')
  await client.ended()
  // None lost is no measurement: half of all requests were the dead node's.
  found.push((lastLostMs(client, atMs) ?? Number.NaN) - atMs)
  stage.setCables([name], 'up')
  await startNode(name)
}
await stage.finish(found)
