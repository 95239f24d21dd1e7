// SPDX-License-Identifier: Apache-2.0
/** Rings whose network loses packets, is cut, or does not reach everywhere. Run by gossip-serf.test.ts. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Host } from '../../lab/host.ts'
import { until } from '../../lab/wait.ts'
import type { OurMember } from './gossip-member.ts'
import { GossipScene, type Pair, SECRET } from './gossip-scene.ts'
import type { SerfAgent } from './serf-agent.ts'

const SUSPECT_MS = 3000
const SLACK_MS = 6000
const BUSY_MS = 5000
const LOSS_MS = 60_000
/** What says that somebody is dead goes out twice, in two rounds of 100 ms. */
const UNHEARD_MS = 1500
/** A wrong death is refuted in a few rounds of gossip, some of which are lost. */
const LASTING_MS = 5000

/** A rule for what comes in at a host; what goes out is not dropped there, as the sender would be told. */
async function filter(host: Host, rule: string): Promise<void> {
  await host.run(
    ['nft', '-f', '-'],
    `table inet trouble { chain input { type filter hook input priority 0; ${rule}; }\n }`,
  )
}

async function unfilter(host: Host): Promise<void> {
  await host.run(['nft', 'delete', 'table', 'inet', 'trouble'])
}

/** Packets that the rules of a host have met. */
async function countedBy(host: Host): Promise<number> {
  const listed = await host.run(['nft', 'list', 'table', 'inet', 'trouble'])
  return Number(/counter packets (\d+)/.exec(listed)?.[1] ?? 0)
}

/** Neither hears the other one any more. */
async function cut(one: Host, other: Host): Promise<void> {
  await filter(one, `ip saddr ${other.plan.address} drop`)
  await filter(other, `ip saddr ${one.plan.address} drop`)
}

async function heal(...hosts: readonly Host[]): Promise<void> {
  for (const host of hosts) await unfilter(host)
}

async function seeEachOther(
  { ours, serf }: Pair,
  state: Readonly<{ ours: 'alive' | 'dead'; serf: 'alive' | 'failed' }>,
  patienceMs: number,
): Promise<void> {
  await Promise.all([ours.sees(serf.name, state.ours, patienceMs), serf.sees(ours.name, state.serf, patienceMs)])
}

/** Asks everybody again and again who is alive; whom somebody calls dead for too long, by `NAME of NAME`. */
async function lastingDeaths(
  ours: readonly OurMember[],
  serfs: readonly SerfAgent[],
  forMs: number,
): Promise<string[]> {
  const sinceMs = new Map<string, number>()
  const lasting = new Set<string>()
  const look = (observer: string, name: string, isDead: boolean): void => {
    const about = `${name} of ${observer}`
    if (!isDead) sinceMs.delete(about)
    else if (!sinceMs.has(about)) sinceMs.set(about, performance.now())
    if (performance.now() - (sinceMs.get(about) ?? Infinity) > LASTING_MS) lasting.add(about)
  }
  const endMs = performance.now() + forMs
  while (performance.now() < endMs) {
    for (const observer of ours) {
      for (const { name, state } of await observer.members()) look(observer.name, name, state === 'dead')
    }
    for (const observer of serfs) {
      for (const { name, status } of await observer.members()) look(observer.name, name, status === 'failed')
    }
    await sleep(500)
  }
  return [...lasting]
}

const scene = await GossipScene.build(24)

await suite('network', { concurrency: true }, () => {
  test('30 % of all datagrams are lost for a minute: nobody is dead for long', async (t) => {
    const ring = scene.ring(t)
    const ours = await Promise.all([ring.ours({ key: SECRET }), ring.ours({ key: SECRET })])
    const serfs = await Promise.all([ring.serf({ key: SECRET }), ring.serf({ key: SECRET })])
    const all = [...ours, ...serfs]
    // Not by hearsay: this profile says everything but twice, and may miss one of four.
    for (const [index, member] of all.entries()) {
      for (const other of all.slice(0, index)) assert.equal(Number(await member.join(other.host)), 1)
    }
    const everybodyIsAlive = async (): Promise<true | undefined> => {
      const states = [
        ...(await Promise.all(ours.map((member) => member.members()))).flat().map(({ state }) => state),
        ...(await Promise.all(serfs.map((member) => member.members()))).flat().map(({ status }) => status),
      ]
      return states.length === all.length ** 2 && states.every((state) => state === 'alive') ? true : undefined
    }
    await until(everybodyIsAlive, () => 'all should find each other', BUSY_MS)
    for (const { host } of all) await filter(host, 'udp dport 7946 numgen random mod 100 < 30 counter drop')
    assert.deepEqual(await lastingDeaths(ours, serfs, LOSS_MS), [])
    for (const { host } of all) assert.ok((await countedBy(host)) > 10, 'nothing was lost')
    await heal(...all.map(({ host }) => host))
    await until(everybodyIsAlive, () => 'all should be alive in the end', BUSY_MS)
  })

  test('a cut: both are dead for each other, and alive when we join again', async (t) => {
    const pair = await scene.ring(t).pair()
    const { ours, serf } = pair
    await cut(ours.host, serf.host)
    await seeEachOther(pair, { ours: 'dead', serf: 'failed' }, SUSPECT_MS + SLACK_MS)
    await sleep(UNHEARD_MS)
    await heal(ours.host, serf.host)
    // memberlist does not look for the dead, and neither does ours: that is for who started it.
    await sleep(UNHEARD_MS)
    await seeEachOther(pair, { ours: 'dead', serf: 'failed' }, 0)
    assert.equal(await ours.join(serf.host), 1)
    await seeEachOther(pair, { ours: 'alive', serf: 'alive' }, BUSY_MS)
  })

  test('serf does not know that it is dead for us: it hears so when it pings, and protests', async (t) => {
    const { ours, serf } = await scene.ring(t).pair()
    await cut(ours.host, serf.host)
    await ours.declareDead(serf.name)
    await sleep(UNHEARD_MS)
    await seeEachOther({ ours, serf }, { ours: 'dead', serf: 'alive' }, 0)
    await heal(ours.host, serf.host)
    await ours.sees(serf.name, 'alive', BUSY_MS)
    assert.equal((await serf.member(ours.name))?.status, 'alive')
  })

  test('a cut: serf looks for those it lost, and finds us', async (t) => {
    const pair = await scene.ring(t).pair({ serf: { reconnectEveryS: 1 } })
    await cut(pair.ours.host, pair.serf.host)
    await seeEachOther(pair, { ours: 'dead', serf: 'failed' }, SUSPECT_MS + SLACK_MS)
    await heal(pair.ours.host, pair.serf.host)
    await seeEachOther(pair, { ours: 'alive', serf: 'alive' }, BUSY_MS)
  })

  for (const blinded of ['serf', 'we'] as const) {
    test(`${blinded === 'we' ? 'we do' : 'serf does'} not reach a member, and ask another one to ping it`, async (t) => {
      const ring = scene.ring(t)
      const { ours, serf } = await ring.pair()
      const third = await ring.ours()
      assert.equal(await third.join(serf.host, ours.host), 2)
      const observer = blinded === 'we' ? ours : serf
      await cut(observer.host, third.host)
      await sleep(SUSPECT_MS + SLACK_MS)
      assert.deepEqual(
        ours.changes.map(({ member: { name, state } }) => `${name} ${state}`),
        [`${serf.name} alive`, `${third.name} alive`],
      )
      assert.equal((await serf.member(third.name))?.status, 'alive')
      assert.deepEqual(serf.said('Suspect'), [])
    })
  }
})
