// SPDX-License-Identifier: Apache-2.0
/**
 * Speakers whose main thread is at work for 300 ms of every second, beside busy processes: with SCHED_FIFO at 50 ms × 3,
 * without at 300 ms × 3, and so below a quota. Nobody may be taken for dead. Its argument is a CalmPlan; prints a Calm.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Frr } from '../../lab/routers/frr.ts'
import type { Router } from '../../lab/routers/router.ts'
import { bfdProfile, every, nodeAt, OURS, THEIRS, theirs } from '../interop/bfd-objects.ts'
import { ourPeers, theirBfd } from '../interop/bfd-scene.ts'
import { advertisement, node, peer, pool } from '../interop/bgp-objects.ts'
import { eventually } from '../interop/bgp-scene.ts'
import { endings, type Side } from './bfd-endings.ts'
import { BfdStage, giveRealTime, type SpeakerPlan } from './bfd-stage.ts'
import { occupied } from './failover-busy.ts'

export type CalmPlan = Readonly<{
  launcher: string
  seconds: number
  /** A command that limits what follows it, for the one with a quota. */
  within: readonly string[]
}>

/** How often a session ended, on our side and on the router's, by the name of the node. */
export type Calm = Readonly<Record<(typeof NODES)[number], number>>

/** As bfdd tells of its sessions in JSON. */
type FrrSession = Readonly<{ id: number; 'remote-id': number }>
type FrrCounters = Readonly<{ 'session-down': number }>

const NODES = ['fifo', 'plain', 'quota'] as const
const INTERVALS_MS = { fifo: 50, plain: 300, quota: 300 }
const BLOCKED_MS = 300
/** Of the fields after the name. */
const POLICY = 38
const SCHED_FIFO = '1'

const { launcher, seconds, within }: CalmPlan = JSON.parse(process.argv[2] ?? '')
const stage = await BfdStage.build([...NODES, ...NODES.map((name) => `router-${name}`)])
const { scene } = stage
const plans: Readonly<Record<(typeof NODES)[number], Partial<SpeakerPlan>>> = {
  fifo: { isRealTime: true },
  plain: {},
  quota: { within },
}

scene.write('all', [
  pool(),
  advertisement('all'),
  ...NODES.map((name) => node(name, scene.ipv4(name), { name })),
  ...NODES.map((name) => bfdProfile(name, every(INTERVALS_MS[name]))),
  ...NODES.map((name) =>
    peer(name, {
      myASN: OURS,
      peerASN: THEIRS,
      peerAddress: scene.ipv4(`router-${name}`),
      nodeSelectors: [{ matchLabels: { name } }],
      bfdProfile: name,
    }),
  ),
])

async function startRouter(name: (typeof NODES)[number]): Promise<Router> {
  const ends = { address: scene.ipv4(name), localAddress: scene.ipv4(`router-${name}`) }
  const router = await stage.router('frr', `router-${name}`, [nodeAt(ends, { bfd: theirs(INTERVALS_MS[name]) })])
  // A router is a machine of its own; here it has to stand out against the busy processes.
  await giveRealTime(router)
  return router
}

const routers = await Promise.all(NODES.map(startRouter))
for (const name of NODES) {
  const speaker = await stage.speaker(name, { launcher, blockedMs: BLOCKED_MS, ...plans[name] })
  await stage.allUp(name, 1)
  assert.equal(hasRealTime(speaker.pid), name === 'fifo', `${name}: whether a thread has SCHED_FIFO`)
}

/** Whether a thread of the process has SCHED_FIFO, by proc(5). */
function hasRealTime(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).some((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[POLICY] === SCHED_FIFO
  })
}

/** Our side of the node's session and the router's, once both are up. */
async function sides(index: number): Promise<readonly Side[]> {
  const [name, router] = [NODES[index], routers[index]]
  assert(name && router instanceof Frr)
  await stage.allUp(name, 1)
  await eventually(
    async () => (await theirBfd(router, scene.ipv4(name))).isUp || undefined,
    async () => `${name}: the router has ${(await theirBfd(router, scene.ipv4(name))).text}`,
  )
  const { bfd } = await ourPeers(name)
  const sessions: readonly FrrSession[] = JSON.parse(await router.ask('bfdd', 'show bfd peers json'))
  const counters: readonly FrrCounters[] = JSON.parse(await router.ask('bfdd', 'show bfd peers counters json'))
  const [[ours], [session], [counter]] = [bfd, sessions, counters]
  assert(ours && session && counter && bfd.length + sessions.length + counters.length === 3, `${name}: not one session`)
  return [
    { id: session['remote-id'], downs: ours.downEvents },
    { id: session.id, downs: counter['session-down'] },
  ]
}

async function all(): Promise<readonly (readonly Side[])[]> {
  return await Promise.all(NODES.map((_, index) => sides(index)))
}

const before = await all()
await occupied(2 * availableParallelism(), () => sleep(seconds * 1000))
const after = await all()
const [fifo = Number.NaN, plain = Number.NaN, quota = Number.NaN] = before.map((pair, index) => {
  const counts = pair.map((side, end) => endings(side, after[index]?.[end] ?? { id: side.id, downs: Number.NaN }))
  return counts.reduce((sum, count) => sum + count, 0)
})
await stage.finish({ fifo, plain, quota } satisfies Calm)
