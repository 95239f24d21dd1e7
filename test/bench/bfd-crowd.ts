// SPDX-License-Identifier: Apache-2.0
/**
 * One speaker with many sessions to one FRR, each in a subnet of its own on one of two links: processor time of our process, and
 * when its packets reach the router's interface. Its argument is a CrowdPlan; prints a Crowd.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { bfdProfile, every, nodeAt, OURS, THEIRS, theirs } from '../interop/bfd-objects.ts'
import { ourPeers } from '../interop/bfd-scene.ts'
import { node, peer, pool } from '../interop/bgp-objects.ts'
import { BfdStage, giveRealTime } from './bfd-stage.ts'

export type CrowdPlan = Readonly<{ launcher: string; sessions: number; intervalMs: number; seconds: number }>

export type Crowd = Readonly<{
  /** 1 is all of one core. */
  cores: number
  /** Between two packets of a session, as they arrive, in milliseconds; the number of those beyond RFC 5880 §6.8.7. */
  intervals: Readonly<{ count: number; shortest: number; mean: number; longest: number; beyond: number }>
  downs: number
}>

/** proc(5): clock ticks a second, the same on every Linux that Node runs on. */
const TICKS = 100
/** `tcpdump -tt -i any`: seconds, the interface, the direction, and the sender's address. */
const PACKET = /^(\d+\.\d+) \S+ +In +IP (\S+)\.\d+ > /

const { launcher, sessions, intervalMs, seconds }: CrowdPlan = JSON.parse(process.argv[2] ?? '')
const stage = await BfdStage.build(['node', 'router'])
const { scene } = stage
const ends = Array.from({ length: sessions }, (_, index) => ({
  name: `s-${index + 1}`,
  ours: `10.7.${index + 1}.1`,
  theirs: `10.7.${index + 1}.2`,
}))

/** A link's addresses are looked at up to a number, which is less than there are here. */
const LINKS = ['eth0', 'second']

async function give(host: string, own: (end: (typeof ends)[number]) => string): Promise<void> {
  const lines = ends.map((end, index) => `address add ${own(end)}/30 dev ${LINKS[index % 2]}`)
  await scene.host(host).run(['ip', '-batch', '-'], ['link set second up', ...lines].join('\n'))
}

await scene
  .host('node')
  .run(['ip', 'link', 'add', 'second', 'type', 'veth', 'peer', 'name', 'second', 'netns', 'router'])
await Promise.all([give('node', (end) => end.ours), give('router', (end) => end.theirs)])
scene.write('all', [
  node('node', scene.ipv4('node')),
  pool(),
  bfdProfile('quick', every(intervalMs)),
  ...ends.map((end) => peer(end.name, { myASN: OURS, peerASN: THEIRS, peerAddress: end.theirs, bfdProfile: 'quick' })),
])
const neighbors = ends.map((end) =>
  nodeAt({ address: end.ours, localAddress: end.theirs }, { bfd: theirs(intervalMs) }),
)
await giveRealTime(await stage.router('frr', 'router', neighbors))
const speaker = await stage.speaker('node', { launcher, isRealTime: true })
await stage.allUp('node', sessions)
await sleep(3000) // until nothing of the start is left to do

/** Seconds of processor time that the process has had. */
function processorS(): number {
  const stat = readFileSync(`/proc/${speaker.pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

async function capture(): Promise<string> {
  const filter = ['udp', 'port', '3784']
  const dump = scene.start('router', 'dump', ['tcpdump', '-i', 'any', '-Q', 'in', '-n', '-tt', '-B', '8192', ...filter])
  await dump.said('listening on', 20_000)
  await sleep(seconds * 1000)
  dump.signal('SIGINT')
  await dump.ended()
  return scene.logOf(dump)
}

function intervalsOf(text: string): readonly number[] {
  const last = new Map<string, number>()
  const found: number[] = []
  for (const line of text.split('\n')) {
    const [, at = '', from = ''] = PACKET.exec(line) ?? []
    if (from === '') continue
    const before = last.get(from)
    const atMs = Number(at) * 1000
    if (before !== undefined) found.push(atMs - before)
    last.set(from, atMs)
  }
  return found
}

const downsBefore = await downsSoFar()
const [beforeS, startedMs] = [processorS(), performance.now()]
// Who sends over a pair of veth does the receiver's work up to its socket, so nobody else listens there meanwhile.
await sleep(seconds * 1000)
const cores = ((processorS() - beforeS) * 1000) / (performance.now() - startedMs)
const text = await capture()
const found = intervalsOf(text).toSorted((a, b) => a - b)
const crowd: Crowd = {
  cores,
  intervals: {
    count: found.length,
    shortest: found.at(0) ?? Number.NaN,
    mean: found.reduce((sum, ms) => sum + ms, 0) / found.length,
    longest: found.at(-1) ?? Number.NaN,
    beyond: found.filter((ms) => ms < 0.75 * intervalMs || ms > intervalMs).length,
  },
  downs: (await downsSoFar()) - downsBefore,
}
await stage.finish(crowd)

async function downsSoFar(): Promise<number> {
  const { bfd } = await ourPeers('node')
  return bfd.reduce((sum, { downEvents }) => sum + downEvents, 0)
}
