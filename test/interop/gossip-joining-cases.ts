// SPDX-License-Identifier: Apache-2.0
/** Members of ours and of serf's find each other, and read all that the other says. Run by gossip-serf.test.ts. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { until } from '../../lab/wait.ts'
import { MEMBERLIST_VERSIONS } from '../../src/gossip/member.ts'
import type { GossipDrop } from '../../src/gossip/messages.ts'
import { GossipScene, LOCAL, type Pair, SECRET, SERF_VERSIONS } from './gossip-scene.ts'
import { RING_PORT } from './serf-agent.ts'

/** Of news that gossip carries: it goes out ten times a second, while all is exchanged by TCP every 15 s. */
const GOSSIP_MS = 4000

type Join = Readonly<{ isEncrypted: boolean; isCompressing: boolean; by: 'us' | 'serf' }>
const JOINS: readonly Join[] = [true, false].flatMap((isEncrypted) =>
  [true, false].flatMap((isCompressing) => (['us', 'serf'] as const).map((by) => ({ isEncrypted, isCompressing, by }))),
)

const text = (words: string): Uint8Array => new TextEncoder().encode(words)
/** Every byte there is, twice: all that metadata can hold. */
const BINARY = Uint8Array.from({ length: 512 }, (_, index) => index % 256)

/** Neither side had anything to complain of. */
async function assertUnderstood({ ours, serf }: Pair): Promise<void> {
  const { drops } = await ours.counters()
  assert.deepEqual(
    Object.entries(drops).filter(([, count]) => count > 0),
    [],
    'we understand all that serf says',
  )
  assert.deepEqual([...serf.said('[ERR]'), ...serf.said('[WARN] memberlist')], [], 'and serf what we say')
}

type Keys = readonly [string, Uint8Array | null, Uint8Array | undefined, GossipDrop]
const KEYS: readonly Keys[] = [
  ['we have another key', SECRET.toReversed(), SECRET, 'notDecrypted'],
  ['we have a key, and serf none', SECRET, undefined, 'notEncrypted'],
  ['we have no key, and serf one', null, SECRET, 'notDecrypted'],
]

function namesOf(members: readonly Readonly<{ name: string }>[]): string[] {
  return members.map(({ name }) => name)
}

const scene = await GossipScene.build(48)

await suite('joining', { concurrency: 3 }, () => {
  for (const { isEncrypted, isCompressing, by } of JOINS) {
    const how = `${isEncrypted ? '' : 'not '}encrypted, ${isCompressing ? '' : 'not '}compressed`
    test(`${how}: ${by} joins, each sees the other, and news by UDP arrive`, async (t) => {
      const ring = scene.ring(t)
      const key = isEncrypted ? SECRET : null
      const config = { ...LOCAL, enableCompression: isCompressing }
      const [ours, serf] = await Promise.all([
        ring.ours({ key, config, meta: text('first words') }),
        ring.serf({ key: key ?? undefined, isCompressing, tags: { kind: 'router' } }),
      ])
      if (by === 'us') assert.equal(await ours.join(serf.host), 1)
      else assert.equal(await serf.join(ours.host), true)
      await ours.sees(serf.name, 'alive', GOSSIP_MS)
      await serf.sees(ours.name, 'alive', GOSSIP_MS)
      await ours.hearsTag(serf.name, 'router')
      await serf.showsRole(ours.name, 'first words')
      await ours.setMeta(text('second words'))
      await serf.showsRole(ours.name, 'second words')
      await serf.setTag('kind', 'switch')
      await ours.hearsTag(serf.name, 'switch')
      await assertUnderstood({ ours, serf })
    })
  }

  test('by IPv6', async (t) => {
    const ring = scene.ring(t)
    const hosts = [scene.host(), scene.host()] as const
    const addresses = ['fd00::1', 'fd00::2'] as const
    for (const [index, host] of hosts.entries())
      await host.run(['ip', 'address', 'add', `${addresses[index]}/64`, 'dev', 'eth0', 'nodad'])
    const ours = await ring.ours({ key: SECRET, bind: { address: addresses[0], port: RING_PORT } }, hosts[0])
    const serf = await ring.serf({ key: SECRET, address: addresses[1] }, hosts[1])
    assert.equal(await ours.joinAt(addresses[1]), 1)
    const { address } = await ours.sees(serf.name, 'alive', GOSSIP_MS)
    const { addr } = await serf.sees(ours.name, 'alive', GOSSIP_MS)
    assert.deepEqual([address, addr], ['fd00::2', `[fd00::1]:${RING_PORT}`])
    await assertUnderstood({ ours, serf })
  })

  test('512 bytes of any value as metadata come through serf as they are', async (t) => {
    const ring = scene.ring(t)
    const [first, second, serf] = await Promise.all([ring.ours(), ring.ours({ meta: BINARY }), ring.serf()])
    assert.equal(await second.join(serf.host), 1)
    assert.equal(await first.join(serf.host), 1)
    assert.deepEqual(Buffer.from((await first.sees(second.name, 'alive', GOSSIP_MS)).meta), Buffer.from(BINARY))
    await second.setMeta(BINARY.toReversed())
    await until(
      async () => ((await first.member(second.name))?.meta[0] === 255 ? true : undefined),
      () => 'changed metadata should arrive by gossip',
      GOSSIP_MS,
    )
    assert.deepEqual(Buffer.from((await first.member(second.name))?.meta ?? []), Buffer.from(BINARY.toReversed()))
    // It begins as serf's tags do, and is none: serf says so, and nothing else happens.
    assert.equal((await serf.member(second.name))?.status, 'alive')
    assert.deepEqual(
      serf.said('[ERR]').filter((line) => !line.includes('Failed to decode tags')),
      [],
    )
  })

  for (const [name, key, theirs, drop] of KEYS) {
    test(`${name}: nobody joins anybody, and we count what we cannot read`, async (t) => {
      const ring = scene.ring(t)
      const [ours, serf] = await Promise.all([ring.ours({ key }), ring.serf({ key: theirs })])
      assert.equal(await ours.join(serf.host), 0)
      assert.equal(await serf.join(ours.host), false)
      assert.deepEqual(namesOf(await ours.members()), [ours.name])
      assert.deepEqual(namesOf(await serf.members()), [serf.name])
      const dropped = Object.entries((await ours.counters()).drops).filter(([, count]) => count > 0)
      assert.deepEqual(Object.keys(Object.fromEntries(dropped)), [drop])
    })
  }

  test('who speaks to no application, as MetalLB, is no member for serf, and serf none for him', async (t) => {
    const ring = scene.ring(t)
    const [ours, serf] = await Promise.all([ring.ours({ versions: MEMBERLIST_VERSIONS }), ring.serf()])
    await ours.join(serf.host)
    await serf.join(ours.host)
    assert.deepEqual(namesOf(await ours.members()), [ours.name])
    assert.deepEqual(namesOf(await serf.members()), [serf.name])
    assert.match(serf.said('[ERR]').join(), /delegate protocol version \(0\) is incompatible/)
  })

  test('200 members that we tell of by TCP are read, and told on', async (t) => {
    const ring = scene.ring(t)
    const host = scene.host()
    const known = Array.from({ length: 200 }, (_, index) => ({
      name: `pretended-${index}`,
      address: Uint8Array.from(host.plan.address.split('.').map(Number)),
      port: 10_000 + index,
      meta: BINARY.subarray(0, 200),
      versions: SERF_VERSIONS,
      incarnation: 1,
    }))
    const [ours, second, serf] = await Promise.all([ring.ours({ known }, host), ring.ours(), ring.serf()])
    assert.equal(await ours.join(serf.host), 1)
    assert.equal((await serf.members()).length, 202)
    assert.equal(await second.join(serf.host), 1)
    assert.equal((await second.members()).length, 203)
    const pretended = await second.member('pretended-199')
    assert.deepEqual(Buffer.from(pretended?.meta ?? []), Buffer.from(BINARY.subarray(0, 200)))
    // Nobody answers in their place, and serf finds that out.
    const complaints = serf.said('[ERR]').filter((line) => !/fallback (?:TCP )?ping/.test(line))
    assert.deepEqual(complaints, [])
  })
})
