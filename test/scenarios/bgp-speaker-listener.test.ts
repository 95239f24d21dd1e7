// SPDX-License-Identifier: Apache-2.0
/** Peers that dial us: who is let in, to which session, and what changes with the configuration. In simulated time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PeerSetup } from '../../src/bgp/peer-setup.ts'
import { NodeUnderTest, PORT, routesTo, SpeakerWorld, setupOf, withheldOf } from './bgp-speaker-world.ts'

const NODE = '10.0.0.1'
const OTHER = '10.0.0.2'
const A = '203.0.113.1/32'
const LISTEN = { address: '0.0.0.0', port: PORT }

/** Two nodes that are peers; the second one is in another AS and dials. */
function two() {
  const world = new SpeakerWorld()
  const near = new NodeUnderTest(world, NODE)
  const far = new NodeUnderTest(world, OTHER)
  const theirs = (fields: object = {}): PeerSetup =>
    dialledOf(setupOf('near', NODE, { localAsn: 64_600, routerId: 2 }), fields)
  return { world, near, far, theirs }
}

function dialledOf(setup: PeerSetup, fields: object): PeerSetup {
  const { dial } = setup.reach
  return dial === null ? setup : { ...setup, reach: { dial: { ...dial, ...fields }, withheld: null } }
}

test('a passive peer never dials, is dialled, and is told everything', async () => {
  const { world, near, far, theirs } = two()
  near.speaker.set('a', routesTo(['far'], A))
  near.speaker.configure([setupOf('far', OTHER, { passive: true })])
  await near.speaker.listen(LISTEN)
  await world.clock.advance(60_000)
  assert.deepEqual([near.sockets.dials.length, near.view('far').session.state], [0, 'Active'])
  far.speaker.configure([theirs()])
  await world.until(() => near.isUp('far') && far.view('near').received.announced === 1, 1000, 'it is told')
  const { session } = near.view('far')
  assert.deepEqual(
    [session.isAccepted, session.local, session.remote?.address],
    [true, { address: NODE, port: PORT }, OTHER],
  )
  assert.deepEqual(near.sockets.dials, [])
})

test('without a listener nobody gets in, and who is no peer is turned away', async () => {
  const { world, near, far, theirs } = two()
  near.speaker.configure([setupOf('far', OTHER, { passive: true })])
  far.speaker.configure([theirs()])
  await world.clock.advance(60_000)
  assert.equal(near.view('far').session.state, 'Active')
  near.speaker.configure([setupOf('somebody', '10.0.0.3', { passive: true })])
  await near.speaker.listen(LISTEN)
  await world.clock.advance(60_000)
  assert.deepEqual([far.view('near').session.counters.ups, near.events], [0, []])
  near.speaker.configure([setupOf('far', OTHER, { passive: true })])
  await world.until(() => near.isUp('far'), 45_000, 'it is let in')
})

test('both dial and both listen: one session, and each has the routes of the other', async () => {
  const { world, near, far, theirs } = two()
  await Promise.all([near.speaker.listen(LISTEN), far.speaker.listen(LISTEN)])
  near.speaker.set('a', routesTo(['far'], A))
  far.speaker.set('a', routesTo(['near'], A))
  near.speaker.configure([setupOf('far', OTHER)])
  far.speaker.configure([theirs()])
  const isTold = () => far.view('near').received.announced === 1 && near.view('far').received.announced === 1
  await world.until(isTold, 60_000, 'both are told')
  await world.clock.advance(600_000)
  assert.deepEqual([near.story('far').at(-1), far.story('near').at(-1)], ['up', 'up'])
})

test('a password that is not the same keeps the peer out until it is', async () => {
  const { world, near, far, theirs } = two()
  await near.speaker.listen(LISTEN)
  const ours = (fields: object) => dialledOf(setupOf('far', OTHER, { passive: true }), fields)
  near.speaker.configure([ours({ md5: 'secret', minTtl: 255 })])
  assert.deepEqual([...near.sockets.peers], [[OTHER, { md5: 'secret', minTtl: 255 }]])
  far.speaker.configure([theirs({ md5: 'other' })])
  await world.clock.advance(60_000)
  assert.equal(near.isUp('far'), false)
  assert.match(far.story('near')[0] ?? '', /^failed: .*no answer/)
  near.speaker.configure([ours({ md5: 'other', minTtl: 255 })])
  await world.until(() => near.isUp('far'), 60_000, 'it is let in')
})

test('the list of who may dial changes when it is another one, and a withheld peer is not on it', async () => {
  const { near } = two()
  const setups = [setupOf('far', OTHER), setupOf('more', '10.0.0.3')]
  near.speaker.configure(setups)
  await near.speaker.listen(LISTEN)
  assert.deepEqual([[...near.sockets.peers.keys()], near.sockets.listsSaid], [[OTHER, '10.0.0.3'], 0])
  near.speaker.configure(setups.toReversed())
  assert.equal(near.sockets.listsSaid, 0)
  near.speaker.configure(setups.map((setup, at) => (at === 0 ? withheldOf(setup) : setup)))
  assert.deepEqual([[...near.sockets.peers.keys()], near.sockets.listsSaid], [['10.0.0.3'], 1])
})

test('a link-local peer is named with its interface', async () => {
  const world = new SpeakerWorld()
  const near = new NodeUnderTest(world, 'fe80::1')
  await near.speaker.listen({ address: '::', port: PORT })
  near.speaker.configure([
    setupOf('a', 'fe80::2%eth0', { passive: true }),
    dialledOf(setupOf('b', 'fe80::3', { passive: true }), { device: 'eth1' }),
    dialledOf(setupOf('c', 'fe80::4%eth2', { passive: true }), { device: 'eth2' }),
  ])
  assert.deepEqual([...near.sockets.peersOf()], ['fe80::2%eth0', 'fe80::4%eth2'])
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([...near.sockets.peersOf('eth1')], ['fe80::3%eth1'])
})

test('a VRF with peers has a listener of its own, for as long as it has some', async () => {
  const { world, near } = two()
  await near.speaker.listen(LISTEN, ['mgmt'])
  await world.clock.advance(1)
  assert.deepEqual(near.sockets.devices, ['', 'mgmt'])
  const inVrf = dialledOf(setupOf('far', OTHER, { passive: true }), { device: 'red' })
  near.speaker.configure([inVrf, setupOf('plain', OTHER, { passive: true })])
  await world.clock.advance(1)
  assert.deepEqual(near.sockets.devices, ['', 'mgmt', 'red'])
  assert.deepEqual([[...near.sockets.peersOf('red')], [...near.sockets.peersOf()]], [[OTHER], [OTHER]])
  near.speaker.configure([])
  assert.deepEqual(near.sockets.devices, ['', 'mgmt'])
})

test('a device that is not there is told once, tried again, and listened on when it is', async () => {
  const { world, near } = two()
  near.sockets.missing.add('red')
  await near.speaker.listen(LISTEN)
  near.speaker.configure([dialledOf(setupOf('far', OTHER, { passive: true }), { device: 'red' })])
  await world.clock.advance(60_000)
  assert.deepEqual(
    near.faults.map(({ message }) => message),
    ['there is no device red'],
  )
  near.sockets.missing.clear()
  await world.clock.advance(5000)
  assert.deepEqual(near.sockets.devices, ['', 'red'])
})

test('of two devices that are not there each is told once', async () => {
  const { world, near } = two()
  for (const device of ['blue', 'red']) near.sockets.missing.add(device)
  await near.speaker.listen(LISTEN, ['blue', 'red'])
  await world.clock.advance(60_000)
  assert.deepEqual(
    near.faults.map(({ message }) => message),
    ['there is no device blue', 'there is no device red'],
  )
})

test('a password that no TCP key can be made of keeps its own peer out, and nobody else', async () => {
  const { world, near, far, theirs } = two()
  await near.speaker.listen(LISTEN)
  const other = setupOf('other', '10.0.0.9', { passive: true })
  near.speaker.configure([dialledOf(other, { md5: 'ü'.repeat(41) }), setupOf('far', OTHER, { passive: true })])
  assert.deepEqual([...near.sockets.peersOf()], [OTHER])
  far.speaker.configure([theirs()])
  await world.until(() => near.isUp('far'), 1000, 'it is let in')
  near.speaker.configure([dialledOf(other, { md5: 'ü'.repeat(40) }), setupOf('far', OTHER, { passive: true })])
  assert.deepEqual([...near.sockets.peersOf()], ['10.0.0.9', OTHER])
  assert.deepEqual(
    near.faults.map(({ message }) => message),
    ['cannot let BGPPeer other dial: its password has 82 bytes, and TCP MD5 takes 80 at most'],
  )
})

test('a port that is taken rejects with a Fault, and can be had later', async () => {
  const { near } = two()
  near.sockets.missing.add('')
  await assert.rejects(near.speaker.listen(LISTEN), { kind: { code: 'noAddress' } })
  near.sockets.missing.clear()
  await near.speaker.listen(LISTEN)
  assert.deepEqual(near.sockets.devices, [''])
})

for (const [signed, open] of [
  ['a', 'b'],
  ['b', 'a'],
] as const) {
  test(`two sessions with one address, ${signed} with a password: nobody gets either without it`, async () => {
    const { world, near, far, theirs } = two()
    await near.speaker.listen(LISTEN)
    const secret = dialledOf(setupOf(signed, OTHER, { passive: true }), { md5: 'secret', minTtl: 254 })
    near.speaker.configure([secret, setupOf(open, OTHER, { passive: true })])
    assert.deepEqual([...near.sockets.peers.values()], [{ md5: 'secret', minTtl: 254 }])
    far.speaker.configure([theirs()])
    await world.clock.advance(60_000)
    assert.deepEqual([near.isUp('a'), near.isUp('b')], [false, false])
    far.speaker.configure([theirs({ md5: 'secret' })])
    await world.until(() => near.isUp(signed), 45_000, 'the one with the password is up')
    far.speaker.configure([theirs({ md5: 'secret' }), { ...theirs({ md5: 'secret' }), name: 'again' }])
    await world.clock.advance(60_000)
    assert.equal(near.isUp(open), false, 'what was signed for one is not for the other')
  })
}

test('two sessions with one address: who dials gets the one that waits, first by name', async () => {
  const { world, near, far, theirs } = two()
  await near.speaker.listen(LISTEN)
  near.speaker.configure([setupOf('b', OTHER, { passive: true }), setupOf('a', OTHER, { passive: true })])
  far.speaker.configure([theirs()])
  await world.until(() => near.isUp('a'), 1000, 'the first is up')
  far.speaker.configure([theirs(), { ...theirs(), name: 'again' }])
  await world.until(() => near.isUp('b'), 1000, 'the second is up')
  assert.ok(near.isUp('a'))
})

test('of peers at one address the first password counts and the nearest hop limit, wherever they stand', async () => {
  const { near } = two()
  await near.speaker.listen(LISTEN)
  const at = (name: string, terms: object) => dialledOf(setupOf(name, OTHER, { passive: true }), terms)
  near.speaker.configure([at('a', { md5: 'one' }), at('b', { minTtl: 255 }), at('c', { md5: 'two', minTtl: 254 })])
  assert.deepEqual([...near.sockets.peers], [[OTHER, { md5: 'one', minTtl: 255 }]])
  near.speaker.configure([at('a', {}), at('b', { minTtl: 254 }), at('c', { md5: 'two' })])
  assert.deepEqual([...near.sockets.peers], [[OTHER, { md5: 'two', minTtl: 254 }]])
})
