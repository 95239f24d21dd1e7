// SPDX-License-Identifier: Apache-2.0
/** Memberships as the kernel lists them; wire-ndp.test.ts runs this file in a namespace. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { afterEach, test } from 'node:test'
import { encode, solicitedNode, unsolicited } from '../../src/l2/ndp.ts'
import type { Link } from '../../src/lib/net.ts'
import { openLinks } from '../../src/os/links.ts'
import { openNeighborReflex } from '../../src/os/neighbor-reflex.ts'
import { enableIpv6, ip, makeWire, sleep, Tap, until } from './wire-namespace.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

/** Two wires that speak IPv6, and a reflex. */
async function setUp(pauseMs = 0) {
  const links = openLinks()
  const reflex = openNeighborReflex({ pauseMs })
  cleanUps.push(() => {
    reflex.close()
    links.close()
  })
  for (const near of ['near', 'other']) {
    makeWire(near, `${near}-far`)
    cleanUps.push(() => ip('link', 'del', near))
    enableIpv6(near)
  }
  const find = (name: string) => links.list().find((link) => link.name === name)
  await until(() => ['near', 'other'].every((name) => find(name)?.linkLocal), 'link-local addresses')
  const link = (name: string): Link => {
    const found = find(name)
    assert.ok(found)
    return found
  }
  return { reflex, near: link('near'), other: link('other') }
}

/** The words of each line. */
function fieldsOf(file: string): string[][] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.map((line) => line.trim().split(/\s+/))
}

/** Solicited-node groups that an interface is in, but for that of its own address: as their last three bytes. */
function groups(name: string): string[] {
  const own = fieldsOf('/proc/net/if_inet6')
    .find((fields) => fields[5] === name)?.[0]
    ?.slice(-6)
  const all = fieldsOf('/proc/net/igmp6').filter((fields) => fields[1] === name)
  const solicited = all.flatMap(([, , group = '']) => /^ff02.*1ff(?<last>.{6})$/.exec(group)?.groups?.['last'] ?? [])
  return solicited.filter((last) => last !== own).toSorted()
}

const seen = () => [groups('near'), groups('other')]

test('groups are joined and left with the claims, where they are answered; addresses share one', async () => {
  const { reflex, near, other } = await setUp()
  reflex.attach('ndp', near)
  reflex.update([{ ip: '2001:db8::1:2', reach: 'all' }])
  assert.deepEqual(seen(), [['010002'], []])
  reflex.attach('ndp', other)
  assert.deepEqual(seen(), [['010002'], ['010002']])
  reflex.update([
    { ip: 'fd00::1:2', reach: [other.index] },
    { ip: '2001:db8::3', reach: [other.index] },
    { ip: '192.0.2.1', reach: 'all' },
  ])
  assert.deepEqual(seen(), [['010002'], ['000003', '010002']])
  reflex.update([{ ip: '2001:db8::1:2', reach: null }])
  assert.deepEqual(seen(), [[], ['000003', '010002']])
  reflex.update([{ ip: '2001:db8::3', reach: [near.index] }])
  assert.deepEqual(seen(), [['000003'], ['010002']])
  reflex.update([{ ip: '2001:db8::3', reach: [near.index] }])
  assert.deepEqual(seen(), [['000003'], ['010002']])
  reflex.detach({ protocol: 'ndp', index: near.index })
  assert.deepEqual(seen(), [[], ['010002']])
  reflex.close()
  assert.deepEqual(seen(), [[], []])
})

const joined = (count: number, ...names: string[]) =>
  until(() => names.every((name) => groups(name).length === count), `${count} groups`)

const address = (i: number) => `2001:db8::${(i + 16).toString(16)}`

test('2,000 addresses on two links leave the loop its turns while their groups are joined', async () => {
  const { reflex, near, other } = await setUp()
  reflex.attach('ndp', near)
  reflex.attach('ndp', other)
  const startedMs = performance.now()
  reflex.update(Array.from({ length: 2000 }, (_, i) => ({ ip: address(i), reach: 'all' })))
  const blockedMs = performance.now() - startedMs
  await joined(2000, 'near', 'other')
  const allMs = performance.now() - startedMs
  assert.ok(blockedMs < allMs / 2, `${blockedMs} of ${allMs} ms`)
  reflex.close()
  assert.deepEqual(seen(), [[], []])
})

test('2,000 addresses on a kernel with little memory for options: every group, every answer, no descriptor left', async () => {
  execFileSync('sysctl', ['-qw', 'net.core.optmem_max=20480'])
  cleanUps.push(() => execFileSync('sysctl', ['-qw', 'net.core.optmem_max=131072']))
  const { reflex, near } = await setUp()
  const tap = new Tap('near-far')
  cleanUps.push(() => tap.close())
  await tap.ready
  const before = readdirSync('/proc/self/fd').length
  reflex.attach('ndp', near)
  reflex.update(Array.from({ length: 2000 }, (_, i) => ({ ip: address(i), reach: 'all' })))
  await joined(2000, 'near')
  const sockets = readdirSync('/proc/self/fd').length - before
  assert.ok(sockets > 3 && sockets < 20, `${sockets} descriptors`)
  for (const i of [0, 1, 999, 1998, 1999, 2000]) tap.send(asked(address(i)))
  const answers = (await tap.settle()).filter((frame) => frame[54] === 136)
  assert.equal(answers.length, 5)
  for (let i = 0; i < 500; i++)
    reflex.update([
      { ip: address(i), reach: null },
      { ip: address(i + 2000), reach: 'all' },
    ])
  assert.equal(groups('near').length, 2000)
  assert.ok(readdirSync('/proc/self/fd').length - before <= sockets + 1, 'room that was given up is used again')
  reflex.detach({ protocol: 'ndp', index: near.index })
  assert.deepEqual(groups('near'), [])
  await until(() => readdirSync('/proc/self/fd').length === before, 'what is detached to be closed')
})

const isReflex = (id: string) => readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim() === 'neighbor-reflex'

/** How often the reflex thread of this process was given a core. */
function turnsOfReflex(): number {
  const turns = readdirSync('/proc/self/task')
    .filter(isReflex)
    .map((id) => fieldsOf(`/proc/self/task/${id}/schedstat`)[0]?.[2])
  return turns.reduce((sum, count) => sum + Number(count), 0)
}

const STATION = { source: '02:00:00:00:00:ff', linkLayer: '02:00:00:00:00:ff', sourceIp: 'fe80::99' }

const asked = (target: string) => encode({ type: 'solicitation', ...STATION, ...solicitedNode(target), target })

test('what is asked about other addresses wakes nobody, however much it is', async () => {
  const { reflex, near } = await setUp()
  const tap = new Tap('near-far')
  cleanUps.push(() => tap.close())
  await tap.ready
  reflex.attach('ndp', near)
  reflex.update([{ ip: '2001:db8::1', reach: 'all' }])
  const others = ['2001:db8::2', '2001:db8:0:1::1', 'fe80::1', '2001:db8::1:0:1'].map(asked)
  const before = turnsOfReflex()
  for (let i = 0; i < 500; i++) for (const frame of others) tap.send(frame)
  await tap.settle()
  assert.equal(turnsOfReflex(), before)
  tap.send(asked('2001:db8::1'))
  await tap.settle()
  assert.ok(turnsOfReflex() > before)
  assert.equal(reflex.counters().addresses[0]?.replies, 1)
})

test('a flood of advertisements of our address is reported some ten times a second', async () => {
  const { reflex, near } = await setUp()
  const tap = new Tap('near-far')
  cleanUps.push(() => tap.close())
  await tap.ready
  let conflicts = 0
  reflex.listen({ onConflict: () => conflicts++, onSuspended: () => undefined })
  reflex.attach('ndp', near)
  reflex.update([{ ip: '2001:db8::1', reach: 'all' }])
  const claim = encode(unsolicited('2001:db8::1', STATION.source, STATION.sourceIp))
  const startedMs = performance.now()
  for (let i = 0; i < 2000; i++) tap.send(claim)
  await tap.settle()
  const seconds = Math.ceil((performance.now() - startedMs) / 1000) + 1
  assert.ok(conflicts >= 10 && conflicts <= 10 * seconds, `${conflicts} in ${seconds} s`)
  assert.equal(reflex.counters().drops.ndp.operation, 2000)
})

test('one changed address among 2,000 takes far less than a turn of the loop', async () => {
  const { reflex, near } = await setUp()
  reflex.attach('ndp', near)
  reflex.update(Array.from({ length: 2000 }, (_, i) => ({ ip: `2001:db8::${(2 * i).toString(16)}`, reach: 'all' })))
  await joined(2000, 'near')
  const times = Array.from({ length: 100 }, (_, i) => {
    const startedMs = performance.now()
    reflex.update([{ ip: `2001:db8::${(2 * i + 1).toString(16)}`, reach: 'all' }])
    return performance.now() - startedMs
  })
  const median = times.toSorted((a, b) => a - b)[50] ?? Number.NaN
  assert.ok(median < 5, `${median} ms`)
})

test('a process out of descriptors joins a group when it has some again', async () => {
  const { reflex, near } = await setUp()
  reflex.attach('ndp', near)
  execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=256:'])
  const taken: number[] = []
  cleanUps.push(() => taken.splice(0).map((descriptor) => closeSync(descriptor)))
  const takeAll = () => {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  }
  assert.throws(takeAll, /EMFILE/)
  reflex.update([{ ip: '2001:db8::1', reach: 'all' }])
  assert.throws(() => groups('near'), /EMFILE/)
  for (const descriptor of taken.splice(0)) closeSync(descriptor)
  assert.deepEqual(groups('near'), [])
  await until(() => groups('near').length > 0, 'the group')
})

/** A script that makes an interface again that is gone. */
const making = ({ index, mac }: Link) => `
  ip link add near index ${index} address ${mac} type veth peer name near-far
  sysctl -qw net.ipv6.conf.near.accept_dad=0
  ip link set near up
  ip link set near-far up`
const run = (script: string) => execFileSync('sh', ['-ec', script])

const REMAKES: [string, number, string, string][] = [
  ['all between two looks', 0, '', ''],
  ['while the process was stopped', 300, `kill -STOP ${process.pid}`, `sleep 0.5; kill -CONT ${process.pid}`],
]
for (const [when, pauseMs, first, last] of REMAKES) {
  test(`a link removed and made again with its old index and MAC address, ${when}, is in its groups`, async () => {
    const { reflex, near } = await setUp(pauseMs)
    reflex.attach('ndp', near)
    reflex.update([{ ip: '2001:db8::1', reach: 'all' }])
    run(`${first}\nip link del near${making(near)}\n${last}`) // this thread waits and sees nothing
    assert.deepEqual(groups('near'), [])
    await until(() => groups('near').length > 0, 'the group')
    assert.deepEqual(groups('near'), ['000001'])
    reflex.update([{ ip: '2001:db8::1', reach: null }])
    assert.deepEqual(groups('near'), [])
  })
}

test('a link that was away when its groups were joined again is in them once it is back', async () => {
  const { reflex, near } = await setUp(300)
  reflex.attach('ndp', near)
  reflex.update([{ ip: '2001:db8::1', reach: 'all' }])
  ip('link', 'del', 'near')
  await sleep(100)
  run(making(near))
  assert.deepEqual(groups('near'), [])
  await until(() => groups('near').length > 0, 'the group')
})

test('a link that vanishes with its memberships is no error', async () => {
  const { reflex, near } = await setUp()
  reflex.attach('ndp', near)
  reflex.update([{ ip: '2001:db8::1', reach: 'all' }])
  ip('link', 'del', 'near')
  cleanUps.push(() => makeWire('near', 'near-far')) // the clean-up of setUp wants one to remove
  reflex.update([
    { ip: '2001:db8::1', reach: null },
    { ip: '2001:db8::2', reach: 'all' },
  ])
  reflex.detach({ protocol: 'ndp', index: near.index })
  const frame = encode(unsolicited('2001:db8::2', near.mac ?? '', 'fe80::1'))
  assert.equal(reflex.send({ protocol: 'ndp', index: near.index }, frame), 'lost')
})
