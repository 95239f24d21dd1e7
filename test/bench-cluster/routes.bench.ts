// SPDX-License-Identifier: Apache-2.0
/** Services on their way to a real router: all at once when they are first advertised, and one new one among many. */
import { setTimeout as sleep } from 'node:timers/promises'
import { inParallel } from '../../lab/cluster/apply.ts'
import { createNode, endpointSlice, metallb, service } from '../../lab/cluster/objects.ts'
import type { ClusterProgram } from '../../lab/cluster/program.ts'
import { Quota } from '../../lab/cluster/quota.ts'
import { run } from '../../lab/command.ts'
import type { Figure } from '../bench/figure.ts'
import { Assignments } from './assignments.ts'
import { allAssigned, createEndpoints, createServices, NODE, quantile } from './churn.ts'
import { OWN_ASN, ROUTER_ASN, Router } from './router.ts'
import { makeScene, type Scene, startController, startSpeaker } from './scene.ts'

const MANY = 2000
const MORE = 10_000
const NEW = 60
const RELABELLED = 500
const PAUSE_MS = 100
/** Between looks at what takes seconds. */
const SELDOM_MS = 20
const SMALL_NODE = 'small'
const NAMES = [NODE, 'node-2', 'node-3', SMALL_NODE] as const
const PEERS = [0, 1, 2, 3]
const SMALL = { cores: 0.2, memoryBytes: 128 * 2 ** 20 }

/** Times in milliseconds, from before the request that begins it until the router has all routes. */
export async function bench(): Promise<readonly Figure[]> {
  const nodes = Object.fromEntries(NAMES.slice(0, 3).map((name) => [name, addressOf(name, 0)]))
  const scene = await makeScene({ nodes, protocol: null })
  const assignments = new Assignments()
  const sessions = NAMES.flatMap((name) => PEERS.map((at) => ({ router: routerOf(at), node: addressOf(name, at) })))
  const router = await Router.start(sessions)
  try {
    for (const { node } of sessions) {
      if (node !== GIVEN) await run(['ip', 'address', 'add', `${node}/24`, 'dev', 'node0'])
    }
    return await measure(scene, assignments, router)
  } finally {
    assignments.stop()
    await router.stop()
    await scene.server.stop()
  }
}

async function measure(scene: Scene, assignments: Assignments, router: Router): Promise<readonly Figure[]> {
  const { client } = scene.server
  await createEndpoints(client, 0, MANY)
  await startController(scene)
  await assignments.start(client)
  await createServices(client, 0, MANY)
  await allAssigned(assignments, 0, MANY)
  for (const node of NAMES) await client.create(peer(node, 0))
  const speakers: ClusterProgram[] = []
  for (const [at, node] of NAMES.slice(0, 3).entries())
    speakers.push(await startSpeaker(scene, [], { node, healthPort: 17_473 + at }))
  await router.until(async () => (await router.sessions()) === 3, 'three sessions')
  const few = await advertised(scene, router, MANY)
  const news = await newServices(scene, router)
  const memory = await fourPeers(scene, router, speakers)
  const small = await smallPod(scene, router)
  await withdrawn(scene, router)
  await createEndpoints(client, MANY, MORE)
  await createServices(client, MANY, MORE)
  await allAssigned(assignments, MANY, MORE)
  const lots = await advertised(scene, router, MORE)
  await Promise.all(speakers.map((speaker) => speaker.stop()))
  const [first, all] = [MANY, MORE].map((count) => `${count.toLocaleString('en-US')} Services, three nodes`)
  return [
    {
      name: `${first}: advertised to all at the router`,
      value: few,
      unit: 'ms',
      bound: 1500,
      note: 'MetalLB: 42 to 48 s',
    },
    ...news,
    ...memory,
    ...small,
    { name: `${all}: advertised to all at the router`, value: lots, unit: 'ms', bound: 5000 },
  ]
}

/** That which the namespace's link has already. */
const GIVEN = '192.168.1.11'

function addressOf(node: (typeof NAMES)[number], at: number): string {
  return `192.168.1.${11 + 10 * at + NAMES.indexOf(node)}`
}

function routerOf(at: number): string {
  return `192.168.1.${1 + at}`
}

/** The session of that number of this node. */
function peer(node: (typeof NAMES)[number], at: number) {
  const nodeSelectors = [{ matchLabels: { 'kubernetes.io/hostname': node } }]
  const ends = { peerAddress: routerOf(at), sourceAddress: addressOf(node, at) }
  const spec = { myASN: OWN_ASN, peerASN: ROUTER_ASN, ...ends, nodeSelectors }
  return metallb('BGPPeer', `${node}-${at}`, spec, 'v1beta2')
}

const ADVERTISEMENT = metallb('BGPAdvertisement', 'benchmark', { communities: ['64500:100'] })

/** All Services there are, to sessions that are up and have nothing. */
async function advertised({ server }: Scene, router: Router, count: number): Promise<number> {
  const sessions = await router.sessions()
  const began = performance.now()
  await server.client.create(ADVERTISEMENT)
  const isThere = async () => (await router.counts()).routes >= count * sessions
  return (await router.until(isThere, `${count} routes of ${sessions} sessions`, { lookMs: SELDOM_MS })) - began
}

async function withdrawn({ server }: Scene, router: Router): Promise<void> {
  await server.client.delete(ADVERTISEMENT)
  await router.until(async () => (await router.counts()).routes === 0, 'no route')
}

/** Each takes the place of another, which is deleted at the same moment. */
async function newServices({ server: { client } }: Scene, router: Router): Promise<Figure[]> {
  const latenciesMs: number[] = []
  for (let at = 0; at < NEW; at++) {
    const [gone, name] = [`service-${at}`, `new-${at}`]
    await client.delete(service(gone))
    await router.until(async () => (await router.counts()).routes === (MANY - 1) * 3, `${gone} is gone`)
    await client.create(endpointSlice(name, [NODE]))
    const began = performance.now()
    await client.create(service(name))
    const isThere = async () => (await router.counts()).routes === MANY * 3
    latenciesMs.push((await router.until(isThere, `${name} from three nodes`)) - began)
    await sleep(PAUSE_MS)
  }
  const sorted = latenciesMs.toSorted((a, b) => a - b)
  const name = `${MANY.toLocaleString('en-US')} Services present: create to route from all three nodes`
  return [
    { name: `${name}, p50`, value: quantile(sorted, 0.5), unit: 'ms', bound: 60, note: 'MetalLB: 3.4 s' },
    { name: `${name}, p99`, value: quantile(sorted, 0.99), unit: 'ms', bound: null },
  ]
}

async function fourPeers({ server }: Scene, router: Router, [first]: readonly ClusterProgram[]): Promise<Figure[]> {
  for (const at of [1, 2, 3]) await server.client.create(peer(NODE, at))
  const isThere = async () => (await router.counts()).routes >= MANY * 6
  await router.until(isThere, 'all routes by six sessions')
  const before = await router.told(6)
  await relabel(server.client, 'once')
  await sleep(5000)
  const after = await router.told(6)
  if (after.since !== before.since) throw new Error(`a session ended: ${before.since}, then ${after.since}`)
  const name = `${MANY.toLocaleString('en-US')} Services by 4 peers: speaker, RSS`
  return [
    { name, value: first?.rssMb() ?? Number.NaN, unit: 'MB', bound: 100 },
    {
      name: `${RELABELLED} Services relabelled: UPDATEs' routes told without need`,
      value: after.prefixes - before.prefixes,
      unit: '',
      bound: 0,
      note: `beside ${before.prefixes} before, in six sessions`,
    },
  ]
}

/** Touches Services so that nothing of their routes changes; a label of another value than before. */
async function relabel(client: Scene['server']['client'], touched: string): Promise<void> {
  const names = Array.from({ length: RELABELLED }, (_, index) => `service-${NEW + index}`)
  await inParallel(names, 8, async (name) => {
    const body = { metadata: { labels: { touched } } }
    const path = `/api/v1/namespaces/default/services/${name}`
    await client.request('PATCH', path, { body, type: 'application/merge-patch+json' })
  })
}

/** A node whose speaker has a fifth of a core and 128 MiB, and four sessions. */
async function smallPod(scene: Scene, router: Router): Promise<Figure[]> {
  const { client } = scene.server
  const before = (await router.counts()).routes
  await createNode(client, SMALL_NODE, { address: addressOf(SMALL_NODE, 0) })
  for (const at of [1, 2, 3]) await client.create(peer(SMALL_NODE, at))
  const quota = new Quota(SMALL)
  const began = performance.now()
  const speaker = await startSpeaker(scene, quota.within, { node: SMALL_NODE, healthPort: 17_480 })
  const isThere = async () => (await router.counts()).routes >= before + MANY * 4
  const ended = await router.until(isThere, 'all routes of the small Pod by four sessions', { deadlineMs: 120_000 })
  await relabel(client, 'twice') // so that memory is that of a process at work
  await sleep(3000)
  const lost = before + MANY * 4 - (await router.counts()).routes
  const rss = speaker.rssMb()
  await speaker.stop()
  for (const at of PEERS) await client.delete(peer(SMALL_NODE, at))
  const name = `a small Pod, ${MANY.toLocaleString('en-US')} Services by 4 peers`
  return [
    { name: `${name}: start to all at the router`, value: ended - began, unit: 'ms', bound: null },
    { name: `${name}: processes killed for their memory`, value: quota.kills(), unit: '', bound: 0 },
    { name: `${name}: routes lost`, value: lost, unit: '', bound: 0 },
    { name: `${name}: speaker, RSS`, value: rss, unit: 'MB', bound: null },
  ]
}
