// SPDX-License-Identifier: Apache-2.0
/** A speaker beside a member that is none of ours, as it tells people of it. Run by speaker-serf.test.ts. */
import assert from 'node:assert/strict'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FailoverScene } from '../../lab/failover-scene.ts'
import { until } from '../../lab/wait.ts'
import { rankingOf } from '../../src/plan/election.ts'
import { LAUNCHER_FOR_SERF, Serf } from '../lab/failover-serf.ts'
import { buildScene } from '../lab/failover-start.ts'
import { took } from './gossip-scene.ts'

const METALLB = join(import.meta.dirname, '../../bin/metallb')
const [OURS, THEIRS] = ['node-1', 'node-2'] as const
/** `4 × max(1, log10(2)) × 1 s` of suspicion, at most two probes before it, and a processor that is busy. */
const SUSPECT_MS = 4000
const DEAD_MS = 10_000

type Told = Readonly<{ members: ReadonlyMap<string, string>; leaders: ReadonlyMap<string, string> }>

/** What --memberlist-debug prints: each member's state and kind, and each address's leader. */
async function told(scene: FailoverScene): Promise<Told> {
  const run = join(dirname(scene.manifests), `run-${OURS}`)
  const text = await scene.host(OURS).run([METALLB, 'speaker', '--memberlist-debug', '--run-dir', run])
  const rows = (title: string): string[][] => {
    const section = text.split('\n\n').find((part) => part.startsWith(title)) ?? ''
    return section
      .trimEnd()
      .split('\n')
      .slice(2)
      .map((line) => line.trim().split(/\s+/))
  }
  return {
    members: new Map(rows('MEMBERS').map(([name = '', , state, ...more]) => [name, `${state} ${more.at(-1)}`])),
    leaders: new Map(rows('LEADERS').map(([address = '', , leader = '']) => [address, leader])),
  }
}

test('serf leads what the election gives it, and its part is ours when memberlist calls it dead', async () => {
  const nodes = [OURS, THEIRS]
  const scene = await buildScene({ nodes, launcher: LAUNCHER_FOR_SERF })
  const serf = new Serf(scene, THEIRS)
  await serf.program.said('agent: Serf agent starting')
  await scene.start(OURS)
  await serf.sees(OURS, 'alive', 5000)
  const { members, leaders } = await told(scene)
  assert.equal(members.get(THEIRS), 'alive memberlist')
  const elected = scene.addresses.map((ip) => [ip, rankingOf({ candidates: nodes, ads: [], ip })[0]] as const)
  assert.deepEqual(leaders, new Map(elected))
  assert.deepEqual(new Set(leaders.values()), new Set(nodes), 'each of them leads some')

  serf.program.signal('SIGKILL')
  let latest: Told = { members, leaders }
  const isOurs = async (): Promise<true | undefined> => {
    await sleep(250)
    latest = await told(scene)
    return [...latest.leaders.values()].every((leader) => leader === OURS) ? true : undefined
  }
  const tookMs = await took(until(isOurs, () => `serf still leads: ${JSON.stringify([...latest.leaders])}`, DEAD_MS))
  assert.ok(tookMs >= SUSPECT_MS, `${tookMs} ms`)
  assert.equal(latest.members.get(THEIRS), 'dead memberlist')
})
