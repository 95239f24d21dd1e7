// SPDX-License-Identifier: Apache-2.0
/** A peer that sends wrong messages to our speaker, beside one that is good. Run by bgp-hostile.test.ts. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { run } from '../../lab/command.ts'
import type { SeenSession } from '../../lab/routers/router.ts'
import { sandboxDirectory } from '../../lab/sandbox.ts'
import type { Outcome, Script } from './bgp-hostile-peer.ts'
import {
  GOOD_OPEN,
  GRACEFUL_OPEN,
  HOSTILE_ROWS,
  type HostileRow,
  OUR_ADDRESS,
  OURS,
  THEIRS,
  type Verdict,
} from './bgp-hostile-rows.ts'
import { advertisement, node, peer, pool, service } from './bgp-objects.ts'
import { BgpScene, eventually } from './bgp-scene.ts'

const LAUNCHER = join(import.meta.dirname, '../../bin/metallb')
const FIRST_PORT = 2000
/** Of a session that fails again and again, each one after a longer while. */
const LEAST_ATTEMPTS = 5

const scene = await BgpScene.build(['node', 'hostile', 'good'])
const scripts = HOSTILE_ROWS.map(scriptOf)
assert.equal(Buffer.from(OUR_ADDRESS, 'hex').join('.'), scene.ipv4('node'), 'rows know our address')

function scriptOf([name, sent]: HostileRow, index: number): Script {
  const open = isGraceful(sent) ? GRACEFUL_OPEN : GOOD_OPEN
  return { name, port: FIRST_PORT + index, open, bytes: '', ...sent }
}

function isGraceful(sent: HostileRow[1]): boolean {
  return 'isGraceful' in sent
}

function hostilePeer([, sent]: HostileRow, index: number): ReturnType<typeof peer> {
  const [peerPort, enableGracefulRestart] = [FIRST_PORT + index, isGraceful(sent)]
  const place = { peerAddress: scene.ipv4('hostile'), peerPort }
  return peer(`hostile-${peerPort}`, { myASN: OURS, peerASN: THEIRS, enableGracefulRestart, ...place })
}

scene.write('base', [
  node('node', scene.ipv4('node')),
  pool(),
  advertisement('all'),
  ...service('web', ['198.51.100.1']),
  peer('good', { myASN: OURS, peerASN: THEIRS, peerAddress: scene.ipv4('good') }),
  ...HOSTILE_ROWS.map(hostilePeer),
])
const good = scene.router('bird', 'good')
const [us, address] = [scene.ipv4('node'), scene.ipv4('good')]
const neighbor = { address: us, localAddress: address, remoteAs: OURS, families: ['ipv4' as const] }
await good.start({ asn: THEIRS, routerId: address, neighbors: [neighbor] })
const command = [process.execPath, join(import.meta.dirname, 'bgp-hostile-peer.ts'), JSON.stringify(scripts)]
const hostile = scene.start('hostile', 'hostile', command)
await hostile.said('ready', 20_000)
const speaker = await scene.speaker('node')
const runDirectory = join(sandboxDirectory() ?? '', 'run-node')

/** What our speaker tells of the peer of a row. */
type HostileView = Readonly<{
  name: string
  state: string
  received: Readonly<{ announced: number; withdrawn: number }>
  counters: Readonly<{ flaws: number }>
  capabilities: Readonly<{ sent: readonly string[]; received: readonly string[] | null }>
}>

async function hostileView(index: number): Promise<HostileView> {
  const question = [LAUNCHER, 'peers', `hostile-${FIRST_PORT + index}`, '-o', 'json', '--run-dir', runDirectory]
  const { peers }: { peers: readonly HostileView[] } = JSON.parse(await run(question))
  const [found] = peers
  assert(found, `our speaker has no peer for row ${index}`)
  return found
}

/** All that came of one row so far. */
function outcomesOf(name: string): readonly Outcome[] {
  const lines = scene.logOf(hostile).split('\n').slice(0, -1)
  const outcomes = lines.flatMap((line): Outcome[] => (line.startsWith('{') ? [JSON.parse(line)] : []))
  return outcomes.filter((outcome) => outcome.name === name)
}

/** What came of the first connection. */
function verdictOf(name: string): Verdict | undefined {
  for (const outcome of outcomesOf(name)) {
    if (outcome.type === 'answered') return 'kept'
    if (outcome.type === 'told') return [outcome.code, outcome.subcode]
  }
  return undefined
}

/** Since when the session with the good peer is up. */
async function goodSession(): Promise<string> {
  const { upSince } = await eventually(upSession, () => good.describe())
  return upSince
}

async function upSession(): Promise<SeenSession | undefined> {
  const session = await good.session(us)
  return session.isUp ? session : undefined
}

await suite('a peer that sends wrong messages', () => {
  for (const [name, , verdict] of HOSTILE_ROWS) {
    test(name, async () => {
      const found = await eventually(
        () => Promise.resolve(verdictOf(name)),
        () => JSON.stringify(outcomesOf(name)),
      )
      assert.deepEqual(found, verdict)
    })
  }

  test('prefixes without the attributes that belong to them are withdrawn, not announced', async () => {
    const withdrawn = new Map<string, number>()
    for (const [index, [name, sent]] of HOSTILE_ROWS.entries()) {
      if (!/prefixes without|^no (?:attributes|ORIGIN)/.test(name)) continue
      const one = await hostileView(index)
      assert.deepEqual([one.state, one.received.announced, one.counters.flaws], ['Established', 0, 1], name)
      const restart = isGraceful(sent) ? /^graceful restart \(120 s, ipv4 preserved/ : /^graceful restart \(as helper\)/
      for (const side of [one.capabilities.sent, one.capabilities.received ?? []])
        assert.ok(
          side.some((capability) => restart.test(capability)),
          `${name}: ${side.join(', ')}`,
        )
      withdrawn.set(name, one.received.withdrawn)
    }
    assert.deepEqual([...withdrawn.values()], [1, 1, 2, 2, 1], JSON.stringify([...withdrawn]))
  })

  test('the speaker lives, and so does the session with a good peer', async () => {
    const upSince = await goodSession()
    const failing = HOSTILE_ROWS.filter(([, , verdict]) => verdict !== 'kept').map(([name]) => name)
    const tries = () => failing.map((name) => outcomesOf(name).filter(({ type }) => type === 'connected'))
    const areMany = async () => (tries().every(({ length }) => length >= LEAST_ATTEMPTS) ? true : undefined)
    await eventually(areMany, () => JSON.stringify(tries().map(({ length }) => length)))
    for (const connected of tries()) {
      const gaps = connected.slice(1).map(({ atMs }, at) => atMs - (connected[at]?.atMs ?? 0))
      const [, second = 0, third = 0, fourth = 0] = gaps
      assert.ok(fourth > third && third > second, `attempts come less and less often: ${gaps.join(', ')} ms`)
    }
    assert.match(speaker.describe(), / is running; /)
    assert.equal(await goodSession(), upSince)
    assert.deepEqual(
      (await good.routes()).map(({ prefix }) => prefix),
      ['198.51.100.1/32'],
    )
  })
})
