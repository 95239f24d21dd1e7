// SPDX-License-Identifier: Apache-2.0
/**
 * Members that end, hang and come back, as the others see it. Run by gossip-serf.test.ts.
 *
 * With two members a crash is suspected at the end of the first probe that began after it: after one to two intervals.
 * Nobody else could confirm it, so that the suspect has `suspicionMult × max(1, log10(members)) × probeIntervalMs`:
 * 3 s with serf's profile `local`, 4 s with `lan`.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { LAN } from '../../src/gossip/config.ts'
import { GossipScene, LOCAL, type Pair, SECRET, took } from './gossip-scene.ts'

/** Two intervals of probes, which are longer for who misses answers on a busy machine (Lifeguard's health score). */
const SLACK_MS = 6000
/** Of news that somebody tells of himself. */
const TOLD_MS = 2500
const BUSY_MS = 5000

const PROFILES = [
  { profile: 'local', config: LOCAL, key: SECRET, suspectMs: 3000 },
  { profile: 'lan', config: LAN, key: undefined, suspectMs: 4000 },
] as const

type End = Readonly<{
  name: string
  end: (pair: Pair) => Promise<void>
  seenBy: (pair: Pair, patienceMs: number) => Promise<unknown>
}>
const seenByUs: End['seenBy'] = ({ ours, serf }, patienceMs) => ours.sees(serf.name, 'dead', patienceMs)
const seenBySerf: End['seenBy'] = ({ ours, serf }, patienceMs) => serf.sees(ours.name, 'failed', patienceMs)
const ENDS: readonly End[] = [
  { name: 'serf is killed', end: ({ serf }) => serf.kill(), seenBy: seenByUs },
  { name: 'we are killed', end: ({ ours }) => ours.kill(), seenBy: seenBySerf },
  { name: 'we close our sockets', end: ({ ours }) => ours.close(), seenBy: seenBySerf },
]

const RESTARTS = [
  { when: 'before anybody noticed its end', isLeaving: false, isNoticed: false },
  { when: 'after it was dead', isLeaving: false, isNoticed: true },
  { when: 'after it left', isLeaving: true, isNoticed: true },
]

const scene = await GossipScene.build(40)

await suite('failing', { concurrency: 5 }, () => {
  for (const { profile, config, key, suspectMs } of PROFILES) {
    for (const { name, end, seenBy } of ENDS) {
      test(`${profile}${key ? ', encrypted' : ''}: ${name}, and is dead for the other after ${suspectMs} ms of suspicion, not before`, async (t) => {
        const pair = await scene.ring(t).pair({ ours: { config, key: key ?? null }, serf: { profile, key } })
        const tookMs = await took(end(pair).then(() => seenBy(pair, suspectMs + SLACK_MS)))
        assert.ok(tookMs >= suspectMs, `${tookMs} ms`)
      })
    }
  }

  test('serf leaves: it has left at once', async (t) => {
    const { ours, serf } = await scene.ring(t).pair()
    await serf.leave()
    await ours.sees(serf.name, 'left', TOLD_MS)
  })

  test('we leave: serf hears it at once, and calls us failed, as it knows nobody who leaves without its own words', async (t) => {
    const { ours, serf } = await scene.ring(t).pair()
    await ours.leave()
    await serf.sees(ours.name, 'failed', TOLD_MS)
    assert.deepEqual(serf.said('Suspect'), [])
  })

  test('a crash that two see is suspected by both: the second one confirms it', async (t) => {
    const ring = scene.ring(t)
    const [{ ours, serf }, third] = [await ring.pair(), await ring.ours()]
    assert.equal(await third.join(serf.host, ours.host), 2)
    await third.kill()
    const tookMs = await took(
      Promise.all([ours.sees(third.name, 'dead', 12_000), serf.sees(third.name, 'failed', 12_000)]),
    )
    // Alone each would wait six times the 3 s.
    assert.ok(tookMs >= 3000, `${tookMs} ms`)
  })

  test('we hang and are suspected: we protest when we are back, and never were dead', async (t) => {
    const { ours, serf } = await scene.ring(t).pair()
    const before = await ours.member(ours.name)
    await ours.freeze()
    await serf.saysThat(`Suspect ${ours.name} has failed`, BUSY_MS)
    ours.signal('SIGCONT')
    await sleep(4000)
    const after = await ours.member(ours.name)
    assert.ok((after?.incarnation ?? 0) > (before?.incarnation ?? 0))
    assert.equal((await serf.member(ours.name))?.status, 'alive')
    assert.deepEqual(serf.said('EventMemberFailed'), [])
  })

  test('we hang until we are dead: we come back with a higher incarnation', async (t) => {
    const { ours, serf } = await scene.ring(t).pair()
    const before = await ours.member(ours.name)
    await ours.freeze()
    await serf.sees(ours.name, 'failed', 3000 + SLACK_MS)
    await sleep(1000)
    ours.signal('SIGCONT')
    await serf.sees(ours.name, 'alive', BUSY_MS)
    const after = await ours.member(ours.name)
    assert.ok((after?.incarnation ?? 0) > (before?.incarnation ?? 0))
    assert.deepEqual(
      ours.changes.filter(({ member }) => member.state === 'dead'),
      [],
      'we accuse nobody for it',
    )
  })

  test('serf hangs until it is dead: we take it back', async (t) => {
    const { ours, serf } = await scene.ring(t).pair()
    const before = await ours.member(serf.name)
    serf.program.signal('SIGSTOP')
    await ours.sees(serf.name, 'dead', 3000 + SLACK_MS)
    serf.program.signal('SIGCONT')
    const after = await ours.sees(serf.name, 'alive', BUSY_MS)
    assert.ok(after.incarnation > (before?.incarnation ?? 0))
  })

  for (const { when, isLeaving, isNoticed } of RESTARTS) {
    test(`serf starts anew ${when}: it is a member again, with what it says now`, async (t) => {
      const ring = scene.ring(t)
      const { ours, serf } = await ring.pair()
      if (isLeaving) await serf.leave()
      await serf.kill()
      if (isNoticed) await ours.sees(serf.name, isLeaving ? 'left' : 'dead', 3000 + SLACK_MS)
      const anew = await ring.serf({ tags: { life: 'second' } }, serf.host)
      assert.equal(await anew.join(ours.host), true)
      await ours.sees(serf.name, 'alive', BUSY_MS)
      await ours.hearsTag(serf.name, 'second')
      await anew.sees(ours.name, 'alive', BUSY_MS)
    })

    test(`we start anew ${when}: we are a member again, with what we say now`, async (t) => {
      const ring = scene.ring(t)
      const { ours, serf } = await ring.pair()
      if (isLeaving) await ours.leave()
      await ours.kill()
      if (isNoticed) await serf.sees(ours.name, 'failed', 3000 + SLACK_MS)
      const anew = await ring.ours({ meta: new TextEncoder().encode('second life') }, ours.host)
      assert.equal(await anew.join(serf.host), 1)
      await serf.sees(ours.name, 'alive', BUSY_MS)
      await serf.showsRole(ours.name, 'second life')
    })
  }
})
