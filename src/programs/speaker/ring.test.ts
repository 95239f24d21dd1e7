// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimClock } from '../../../test/sim/clock.ts'
import type { Watched } from '../../bfd/watches.ts'
import type { Gossip, MemberView } from '../../gossip/session.ts'
import { createLog } from '../../lib/log.ts'
import type { SocketAddress } from '../../lib/sockets.ts'
import { type GossipHooks, Ring, type WatchHooks } from './ring.ts'
import { decodeMetadata, encodeMetadata } from './ring-metadata.ts'

const DROPS = {
  truncated: 0,
  unknownType: 0,
  notMsgpack: 0,
  wrongField: 0,
  tooLarge: 0,
  badChecksum: 0,
  badCompression: 0,
  notDecrypted: 0,
  notEncrypted: 0,
  wrongLabel: 0,
}
const NEVER = new Promise<never>(() => {})
const META = encodeMetadata({
  announces: true,
  version: '1',
  watchPort: 7947,
  gates: { passed: 'only', listed: new Set() },
  lacking: new Set(),
  macs: ['02:00:00:00:00:07'],
})
const PEER = at(2)

function at(host: number): SocketAddress {
  return { address: `10.0.0.${host}`, port: 7946 }
}

function member(name: string, host: number, fields: Partial<MemberView> = {}): MemberView {
  return { name, ...at(host), meta: META, state: 'alive', incarnation: 1, sinceMs: 0, ...fields }
}

/** The ring of node `a` over a member list and a watch that do as they are told; what it asks of them is noted. */
async function rig({ watched = true } = {}) {
  const clock = new SimClock()
  const notes: string[] = []
  const lines: string[] = []
  const up = new Set<string>()
  const world = {
    members: [member('a', 1)],
    peers: [PEER] as readonly SocketAddress[],
    joining: Promise.resolve<number>(1),
    resyncing: Promise.resolve<boolean>(true),
    watching: [] as readonly Watched[],
    drops: DROPS,
  }
  const note = (text: string) => notes.push(`${clock.monotonicMs()} ${text}`)
  const gossip: Gossip = {
    local: at(1),
    members: () => world.members,
    join: (peers) => {
      note(`join ${peers.map(({ address }) => address).join()}`)
      return world.joining
    },
    setMeta: (meta) => note(`meta ${decodeMetadata(meta)?.watchPort}`),
    declareDead: (name) => note(`dead ${name}`),
    resync: () => world.resyncing,
    leave: async () => void note('leave'),
    close: () => note('close gossip'),
    counters: () => ({ drops: world.drops, sent: 0, received: 0, healthScore: 0, queued: 0 }),
  }
  const watches = {
    set: (wanted: readonly Watched[]) => void (world.watching = wanted),
    isUp: (name: string) => up.has(name),
    *states() {},
    close: () => void note('close watch'),
  }
  const hooks: { gossip?: GossipHooks; watch?: WatchHooks } = {}
  const ring = await Ring.open({
    node: 'a',
    watchPort: 7947,
    openGossip: async (given) => {
      hooks.gossip = given
      return gossip
    },
    openWatches: (given) => {
      hooks.watch = given
      return watched ? watches : null
    },
    discovery: { peers: async () => world.peers },
    clock,
    log: createLog('info', (line) => lines.push(line)),
    onChange: () => note('change'),
    onRefuted: () => note('refuted'),
  })
  const take = () => notes.splice(0)
  const heard = (...members: readonly MemberView[]) => {
    world.members = [member('a', 1), ...members]
    for (const each of members) hooks.gossip?.onChange(each)
  }
  return { ring, clock, world, hooks, up, take, lines, heard }
}

test('join ends when the others were heard', async () => {
  const { ring, clock, take } = await rig()
  await ring.join()
  assert.equal(clock.monotonicMs(), 0)
  assert.deepEqual(take(), ['0 join 10.0.0.2', '0 change'])
})

test('join waits 2 s at most for those that do not answer; until then nothing is to be planned', async () => {
  const { ring, clock, world, take } = await rig()
  world.joining = NEVER
  const joined = ring.join()
  await clock.advance(1_999)
  assert.equal(ring.view(), null)
  await clock.advance(1)
  await joined
  assert.deepEqual([...(ring.view()?.speakers ?? [])], ['a'])
  assert.deepEqual(take(), ['0 join 10.0.0.2', '2000 change'])
})

test('who does not answer is asked again: soon, then less often, then every minute', async () => {
  const { ring, clock, world, take } = await rig()
  world.joining = Promise.resolve(0)
  await ring.join()
  await clock.advance(200_000)
  const asked = take().flatMap((note) => (note.includes('join') ? [Number.parseInt(note, 10)] : []))
  assert.deepEqual(asked, [0, 500, 1500, 3500, 7500, 15_500, 30_500, 60_500, 120_500, 180_500])
})

test('who is there is not asked; who answers at last begins the count anew', async () => {
  const { ring, clock, world, take, heard } = await rig()
  world.peers = [at(2), at(3)]
  world.joining = Promise.resolve(0)
  await ring.join()
  await clock.advance(10_000)
  heard(member('b', 2))
  world.joining = Promise.resolve(1)
  await clock.advance(0)
  take()
  await clock.advance(6_000)
  assert.deepEqual(take(), ['15500 join 10.0.0.3'])
  heard(member('b', 2), member('c', 3))
  await clock.advance(120_000)
  assert.deepEqual(
    take().filter((note) => note.includes('join')),
    [],
  )
  heard(member('b', 2, { state: 'dead' }), member('c', 3))
  ring.seek()
  await clock.advance(0)
  assert.ok(take().some((note) => note.endsWith('join 10.0.0.2')))
})

test('of many a few are asked; those of whom they tell are not asked, the others are', async () => {
  const { ring, clock, world, take, heard } = await rig()
  world.peers = Array.from({ length: 30 }, (_, peer) => at(peer + 2))
  const joining = Promise.withResolvers<number>()
  world.joining = joining.promise
  const joined = ring.join()
  await clock.advance(0)
  const few = take()[0]?.split(' ')[2]?.split(',') ?? []
  assert.equal(few.length, 8)
  const silent = world.peers.filter(({ address }) => !few.includes(address)).slice(0, 2)
  heard(...world.peers.filter((peer) => !silent.includes(peer)).map((peer, host) => member(`n${host}`, 0, peer)))
  world.joining = Promise.resolve(0)
  joining.resolve(8)
  await joined
  const asked = take().filter((note) => note.includes('join'))
  assert.deepEqual(asked, [`0 join ${silent.map(({ address }) => address).join()}`])
})

test('looking for others while they are looked for already does not make it look more often', async () => {
  const { ring, clock, world, take } = await rig()
  await ring.join()
  const joining = Promise.withResolvers<number>()
  world.joining = joining.promise
  for (let again = 0; again < 5; again++) ring.seek()
  await clock.advance(0)
  joining.resolve(1)
  world.joining = Promise.resolve(1)
  await clock.advance(0)
  take()
  await clock.advance(180_000)
  assert.equal(take().length, 3)
})

test('before it has joined it does not look for others on its own', async () => {
  const { ring, clock, take } = await rig()
  ring.seek()
  await clock.advance(10_000)
  assert.deepEqual(take(), [])
})

test('only what is new is said', async () => {
  const { ring, clock, take } = await rig()
  await ring.join()
  take()
  const own = { lacking: new Set(['eth1']), macs: ['02:00:00:00:00:01'] }
  ring.say(own)
  ring.say({ ...own, lacking: new Set(own.lacking) })
  ring.sayGates({ passed: 'only', listed: new Set() })
  await clock.advance(0)
  assert.deepEqual(take(), ['0 meta 7947', '0 change'])
  ring.announces()
  ring.announces()
  ring.sayGates({ passed: 'only', listed: new Set(['80/']) })
  await clock.advance(0)
  assert.deepEqual(take(), ['0 meta 7947', '0 meta 7947', '0 change'], 'one change in one turn')
})

test('without a watch it says so, and watches nobody', async () => {
  const { take, heard, world, ring } = await rig({ watched: false })
  assert.deepEqual(take(), ['0 meta 0', '0 change'])
  heard(member('b', 2))
  assert.deepEqual([world.watching, ring.isUp('b'), ring.watchOf('b')], [[], false, null])
})

test('live members with a watch are watched, the dead are looked for, and those that have left are not', async () => {
  const { heard, world, clock } = await rig()
  const bare = { meta: new Uint8Array(0) }
  heard(
    member('b', 2),
    member('c', 3, { state: 'suspect' }),
    member('d', 4, { state: 'dead' }),
    member('e', 5, { state: 'left' }),
    member('f', 6, bare),
  )
  await clock.advance(0)
  const watching = world.watching.map(({ name, address, port }) => `${name} ${address} ${port}`)
  assert.deepEqual(watching.toSorted(), ['b 10.0.0.2 7947', 'c 10.0.0.3 7947', 'd 10.0.0.4 7947'])
})

test('the view has live members; of ourselves what was told, and that we announce', async () => {
  const { ring, heard } = await rig()
  await ring.join()
  ring.say({ lacking: new Set(['eth9']), macs: [] })
  heard(member('b', 2), member('c', 3, { state: 'dead' }), member('d', 4, { meta: new Uint8Array(0) }))
  const view = ring.view()
  assert.deepEqual([...(view?.speakers ?? [])], ['a', 'b', 'd'])
  assert.equal(view?.interfaces.get('a')?.has('eth9'), false)
})

test('MAC addresses of members are known, of the dead as well', async () => {
  const { ring, heard } = await rig()
  heard(member('b', 2, { state: 'dead' }))
  assert.deepEqual([ring.hasMac('02:00:00:00:00:07'), ring.hasMac('02:00:00:00:00:08')], [true, false])
})

test('what the watch has lost is dead', async () => {
  const { hooks, take, lines } = await rig()
  hooks.watch?.onLost({ name: 'b', why: 'silent' })
  assert.deepEqual(take(), ['0 dead b'])
  assert.match(lines.at(-1) ?? '', /node b has fallen silent/)
})

test('a dead one that is heard again is told all, until it answers', async () => {
  const { ring, hooks, take, heard, world, up, clock } = await rig()
  await ring.join()
  heard(member('b', 2, { state: 'dead' }))
  await clock.advance(0)
  take()
  world.joining = Promise.resolve(0)
  up.add('b')
  hooks.watch?.onUp('b')
  await clock.advance(1_500)
  world.joining = Promise.resolve(1)
  await clock.advance(5_000)
  const told = take().filter((note) => note.endsWith('join 10.0.0.2'))
  assert.ok(['0', '1000', '2000'].every((ms) => told.includes(`${ms} join 10.0.0.2`)))
  assert.ok(!told.some((note) => note.startsWith('3000')))
})

test('a live one whose watch comes up is told nothing', async () => {
  const { ring, hooks, take, heard, up, clock } = await rig()
  await ring.join()
  heard(member('b', 2))
  await clock.advance(0)
  take()
  up.add('b')
  hooks.watch?.onUp('b')
  await clock.advance(5_000)
  assert.deepEqual(take(), [])
})

test('leaving: nobody is watched, then others are told, and 500 ms later, or more for many, it is over; news change nothing any more', async () => {
  const { ring, clock, take, heard } = await rig()
  await ring.join()
  heard(member('b', 2))
  await clock.advance(0)
  take()
  let over = false
  const left = ring.leave(200).then(() => (over = true))
  await clock.advance(0)
  heard(member('b', 2, { state: 'dead' }))
  assert.deepEqual(take(), ['0 close watch', '0 leave'])
  await clock.advance(599)
  assert.equal(over, false)
  await clock.advance(1)
  await left
  await clock.advance(120_000)
  assert.deepEqual(take(), [], 'nobody is looked for')
})

const ALONE: [string, MemberView[]][] = [
  ['nobody else is there', []],
  ['the other one is dead', [member('b', 2, { state: 'dead' })]],
  [
    'the other one only begins',
    [
      member('b', 2, {
        meta: encodeMetadata({
          announces: false,
          version: '',
          watchPort: 0,
          gates: { passed: 'only', listed: new Set() },
          lacking: new Set(),
          macs: [],
        }),
      }),
    ],
  ],
]
for (const [name, others] of ALONE) {
  test(`leaving waits for nobody where ${name}`, async () => {
    const { ring, clock, heard } = await rig()
    await ring.join()
    heard(...others)
    await ring.leave(1)
    assert.equal(clock.monotonicMs(), 0)
  })
}

test('who was taken for dead says again what is its own, unless it leaves', async () => {
  const { ring, take, hooks, lines } = await rig()
  await ring.join()
  take()
  hooks.gossip?.onAccused('b')
  assert.deepEqual(take(), ['0 refuted'])
  assert.match(lines.join(), /the speaker of node b took this one for dead/)
  await ring.leave(0)
  take()
  hooks.gossip?.onAccused('b')
  assert.deepEqual(take(), [])
})

test('leaving before it has joined waits for nobody', async () => {
  const { ring, clock } = await rig()
  await ring.leave(1)
  assert.equal(clock.monotonicMs(), 0)
})

test('after a pause a member is heard; nobody answers: 2 s, and the log says so', async () => {
  const { ring, clock, world, heard, lines } = await rig()
  await ring.join()
  heard(member('b', 2))
  await ring.resync()
  assert.equal(clock.monotonicMs(), 0)
  world.resyncing = NEVER
  const resynced = ring.resync()
  await clock.advance(2_000)
  await resynced
  assert.match(lines.at(-1) ?? '', /no other speaker answers/)
})

test('after a pause it waits for nobody where nobody is, or before it has joined', async () => {
  const { ring, clock, world, heard } = await rig()
  world.resyncing = NEVER
  heard(member('b', 2))
  await ring.resync()
  heard(member('b', 2, { state: 'dead' }))
  await ring.join()
  await ring.resync()
  assert.equal(clock.monotonicMs(), 0)
})

test('what cannot be read is told once, while some do not answer', async () => {
  const { ring, clock, world, lines } = await rig()
  const told = () => lines.filter((line) => line.includes('otherRing')).length
  world.joining = Promise.resolve(0)
  await ring.join()
  await clock.advance(2_000)
  assert.equal(told(), 0)
  world.drops = { ...DROPS, notDecrypted: 1 }
  await clock.advance(10_000)
  world.drops = { ...DROPS, notDecrypted: 2 }
  await clock.advance(300_000)
  assert.equal(told(), 1)
})

test('closing ends both, and nobody is looked for any more', async () => {
  const { ring, clock, world, take } = await rig()
  world.joining = Promise.resolve(0)
  await ring.join()
  take()
  ring.close()
  await clock.advance(120_000)
  assert.deepEqual(take(), ['0 close watch', '0 close gossip'])
})
