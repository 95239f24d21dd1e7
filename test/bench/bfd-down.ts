// SPDX-License-Identifier: Apache-2.0
/**
 * A router is cut off, again and again, with two of FRR and two of BIRD: how long until our speaker has closed its
 * session, and until the router's kernel has no route any more. Its argument is a DownPlan; prints Downs.
 */
import { readFileSync } from 'node:fs'
import type { Program } from '../../lab/program.ts'
import type { Kind, Router } from '../../lab/routers/router.ts'
import { until } from '../../lab/wait.ts'
import { bfdProfile, every, nodeAt, OURS, THEIRS, theirs } from '../interop/bfd-objects.ts'
import { isUp, ourPeers, type Said, saidOf, saidSince } from '../interop/bfd-scene.ts'
import { advertisement, node, peer, pool, service } from '../interop/bgp-objects.ts'
import { eventually } from '../interop/bgp-scene.ts'
import { BfdStage } from './bfd-stage.ts'

export type DownPlan = Readonly<{ launcher: string; rounds: number; intervalMs: number }>
/** Milliseconds of each round. */
export type Times = Readonly<{ ours: readonly number[]; theirs: readonly number[] }>
export type Downs = Readonly<{
  /** The router's link goes down, of which its kernel knows at once. */
  link: Times
  /** Nothing comes through any more while all links stay up, which BFD alone can notice in time. */
  silence: Times
}>

const ROUTERS: readonly (readonly [string, Kind])[] = [
  ['frr-1', 'frr'],
  ['bird-1', 'bird'],
  ['frr-2', 'frr'],
  ['bird-2', 'bird'],
]
const ADDRESS = '198.51.100.1'
const TO_KERNEL = ['protocol kernel {', '  ipv4 { export all; };', '}']
/** As /proc/net/route has it. */
const ADDRESS_HEX = ADDRESS.split('.')
  .toReversed()
  .map((part) => Number(part).toString(16).padStart(2, '0'))
  .join('')
  .toUpperCase()

const { launcher, rounds, intervalMs }: DownPlan = JSON.parse(process.argv[2] ?? '')
const stage = await BfdStage.build(['node', ...ROUTERS.map(([name]) => name)])
const { scene } = stage
/** A process in each router's network: the kernel shows its routes there, and a look at them costs no other process. */
const inside = new Map<string, Program>()

async function startRouter([name, kind]: readonly [string, Kind]): Promise<Router> {
  inside.set(name, scene.start(name, `routes-${name}`, ['sleep', 'infinity']))
  const ends = { address: scene.ipv4('node'), localAddress: scene.ipv4(name) }
  return await stage.router(kind, name, [nodeAt(ends, { bfd: theirs(intervalMs) })], kind === 'bird' ? TO_KERNEL : [])
}

scene.write('all', [
  node('node', scene.ipv4('node')),
  pool(),
  advertisement('all'),
  ...service('web', [ADDRESS]),
  bfdProfile('quick', every(intervalMs)),
  ...ROUTERS.map(([name]) =>
    peer(name, { myASN: OURS, peerASN: THEIRS, peerAddress: scene.ipv4(name), bfdProfile: 'quick' }),
  ),
])
await Promise.all(ROUTERS.map(startRouter))
const speaker = await stage.speaker('node', { launcher, isRealTime: true })

function hasRoute(name: string): boolean {
  const routes = readFileSync(`/proc/${inside.get(name)?.pid}/net/route`, 'utf8')
  return routes.split('\n').some((line) => line.split('\t')[1] === ADDRESS_HEX)
}

async function isReady(name: string): Promise<true | undefined> {
  const ours = (await ourPeers('node')).peers.find((one) => one.name === name)
  return ours && isUp(ours) && hasRoute(name) ? true : undefined
}

/** How a router is cut off, with the moment right before, and joined again. */
type Cut = Readonly<{ apart: (name: string) => number; together: (name: string) => number }>

const CUTS: Readonly<Record<keyof Downs, Cut>> = {
  link: {
    apart: (name) => stage.setCables([name], 'down'),
    together: (name) => stage.setCables([name], 'up'),
  },
  silence: {
    apart: (name) => stage.setPort(name, 'silent'),
    together: (name) => stage.setPort(name, 'heard'),
  },
}

async function play({ apart, together }: Cut): Promise<Times> {
  const times: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] }
  for (let round = 0; round < rounds; round++) {
    const [name] = ROUTERS[round % ROUTERS.length] ?? ['']
    await eventually(
      () => isReady(name),
      async () => `${name} is not ready: ${JSON.stringify([hasRoute(name), (await ourPeers('node')).peers])}`,
      60_000,
    )
    const atMs = apart(name)
    await until(
      () => (hasRoute(name) ? undefined : true),
      () => `${name} keeps the route`,
    )
    times.theirs.push(Date.now() - atMs)
    const told = (): readonly Said[] => saidOf(scene, speaker, name)
    times.ours.push((await saidSince(told, 'sessionDown', atMs)).atMs - atMs)
    together(name)
  }
  return times
}

const link = await play(CUTS.link)
const silence = await play(CUTS.silence)
await stage.finish({ link, silence } satisfies Downs)
