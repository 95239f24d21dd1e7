// SPDX-License-Identifier: Apache-2.0
/**
 * Where packets go: by equal paths over three nodes, past a node that dies and over the restart of a speaker; and sessions
 * that take another way than the switch. Run by bgp-paths.test.ts.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from '../../lab/backends.ts'
import {
  ADDRESS,
  BLUE_NODE,
  BLUE_ROUTER,
  buildPaths,
  hasRoute,
  link,
  NODES,
  neighborOf,
  OURS,
  objects,
  setCable,
  THEIRS,
} from './bgp-paths-scene.ts'
import { eventually } from './bgp-scene.ts'

const { scene, router } = await buildPaths()
const client = scene.host('client')
const ROUND = 24

/** The node that answers a request of the client, each time on another connection; or what went wrong. */
async function ask(): Promise<string> {
  const answer = await client.fetch(`http://${ADDRESS}/`, 1000)
  if (!answer.ok) return answer.reason
  const page: Page = JSON.parse(answer.body)
  return page.node
}

async function askOften(): Promise<ReadonlySet<string>> {
  const answers = new Set<string>()
  for (let count = 0; count < ROUND; count++) answers.add(await ask())
  return answers
}

/** Waits until these nodes, all of them and no other, answer. */
async function answeredBy(nodes: readonly string[]): Promise<void> {
  let seen: ReadonlySet<string> = new Set()
  const isSo = async () => {
    seen = await askOften()
    return [...seen].toSorted().join(' ') === nodes.join(' ') ? true : undefined
  }
  await eventually(isSo, () => `answers: ${[...seen].join(', ')}; ${router.describe()}`)
}

// Two routers have this address: one behind the switch, by a route of its own, and one on node-1's link `blue`.
await link(
  scene,
  { host: 'node-1', link: 'blue', address: `${BLUE_NODE}/30` },
  { host: 'blue', link: 'side', address: `${BLUE_ROUTER}/30` },
)
await scene.host('node-1').run(['ip', 'route', 'add', `${BLUE_ROUTER}/32`, 'via', scene.ipv4('router')])
await link(scene, { host: 'node-1', link: 'bare' }, { host: 'bare', link: 'node' })

const far = (index: number) => ({ localAddress: `10.9.${index}.2`, multihop: 2 })
const farBird = scene.router('bird', 'far-bird')
const farFrr = scene.router('frr', 'far-frr', ['zebra'])
const blue = scene.router('bird', 'blue')
const bare = scene.router('frr', 'bare', ['zebra'])
await Promise.all([
  farBird.start({
    asn: THEIRS,
    routerId: '10.9.2.2',
    neighbors: [neighborOf(scene, 'node-1', { ...far(2), ttlSecurityHops: 2 })],
  }),
  farFrr.start({ asn: THEIRS, routerId: '10.9.3.2', neighbors: [neighborOf(scene, 'node-1', far(3))] }),
  blue.start({
    asn: THEIRS,
    routerId: BLUE_ROUTER,
    neighbors: [neighborOf(scene, 'node-1', { address: BLUE_NODE, localAddress: BLUE_ROUTER })],
  }),
  bare.start({
    asn: THEIRS,
    routerId: scene.ipv4('bare'),
    neighbors: [],
    extra: [
      ` neighbor node interface remote-as ${OURS}`,
      ' address-family ipv4 unicast',
      '  neighbor node activate',
      ' exit-address-family',
    ],
  }),
])
scene.write(
  'all',
  objects(scene, {
    'far-bird': { peerAddress: '10.9.2.2', ebgpMultiHop: true, ttlSecurityHops: 2 },
    'far-frr': { peerAddress: '10.9.3.2', ebgpMultiHop: true },
    blue: { peerAddress: BLUE_ROUTER, vrf: 'blue' },
    bare: { interface: 'bare' },
  }),
)
const [first] = await Promise.all(NODES.map((name) => scene.speaker(name, { flags: ['--bgp-listen', ':179'] })))

function sessions(): void {
  test('multihop with GTSM over a router in between: BIRD', async () => hasRoute(farBird, scene.ipv4('node-1')))
  test('multihop over a router in between: FRR', async () => hasRoute(farFrr, scene.ipv4('node-1')))
  test('vrf: bound to a device, where the routing table leads to another router of that address', async () => {
    await hasRoute(blue, BLUE_NODE)
  })
  test('unnumbered: FRR has IPv4 by our link-local address', async () => {
    const words = await scene.host('node-1').run(['ip', '-6', '-o', 'address', 'show', 'dev', 'bare', 'scope', 'link'])
    await hasRoute(bare, /fe80::[0-9a-f:]+/.exec(words)?.[0] ?? 'none')
  })
}

async function speakerIsKilled(): Promise<void> {
  const answers: string[] = []
  const over = new AbortController()
  const asking = (async () => {
    while (!over.signal.aborted) {
      answers.push(await ask())
      await sleep(10)
    }
  })()
  first?.signal('SIGKILL')
  await first?.ended()
  const session = await eventually(
    async () => {
      const seen = await router.session(scene.ipv4('node-1'))
      return seen.isUp ? undefined : seen
    },
    () => router.describe(),
  )
  assert.equal(session.isUp, false)
  const stale = (await router.routes()).filter((route) => route.stale)
  assert.deepEqual(
    stale.map(({ peer }) => peer),
    [scene.ipv4('node-1')],
  )
  const before = answers.length
  await eventually(
    async () => (answers.length > before + ROUND ? true : undefined),
    () => 'no answers',
  )
  const meanwhile = answers.slice(before)
  await scene.speaker('node-1', { flags: ['--bgp-listen', ':179'] })
  await eventually(
    async () => ((await router.session(scene.ipv4('node-1'))).endOfRib.length > 0 ? true : undefined),
    () => router.describe(),
  )
  const fresh = async () => ((await router.routes()).every((route) => !route.stale) ? true : undefined)
  await eventually(fresh, () => router.describe())
  over.abort()
  await asking
  assert.deepEqual([...new Set(answers)].toSorted(), NODES)
  assert.ok(meanwhile.includes('node-1'), 'the node of the dead speaker goes on to serve')
}

async function nodeDies(): Promise<void> {
  await setCable('node-3', 'down')
  await answeredBy(['node-1', 'node-2'])
  await setCable('node-3', 'up')
  await answeredBy(NODES)
}

// One after the other: what is started here ends with the last of them.
await suite('ways of sessions and of packets', () => {
  void suite('ways of sessions', { concurrency: 4 }, sessions)
  test('traffic spreads over all nodes', async () => answeredBy(NODES))
  test('a speaker is killed and started again: the router keeps forwarding, no request is lost', speakerIsKilled)
  test('a node dies: the rest carries, and all do when it is back', nodeDies)
})
