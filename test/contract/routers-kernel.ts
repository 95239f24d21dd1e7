// SPDX-License-Identifier: Apache-2.0
/** Router discovery on Linux; routers.test.ts runs this file in a network namespace of its own. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/lib/clock.ts'
import { openRouters } from '../../src/os/routers.ts'
import { enableIpv6, ip, Tap, until } from '../lab/wire-namespace.ts'
import {
  frame,
  linesOf,
  type Near,
  OtherNamespace,
  openNear,
  type Sent,
  untilLinkLocal,
  wire,
} from './routers-scene.ts'

const LONG_MS = 20_000
const FAR = join(import.meta.dirname, 'routers-far.ts')

const cleaning: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleaning.splice(0).toReversed()) await clean()
})

/** Watched, with nobody at the far end but a station that sends what it is told. */
async function openTapped(): Promise<Near & { tap: Tap }> {
  wire()
  cleaning.push(() => ip('link', 'del', 'near'))
  ip('link', 'set', 'far', 'up')
  const tap = new Tap('far')
  await tap.ready
  cleaning.push(() => tap.close())
  const near = openNear()
  cleaning.push(() => near.close())
  await untilLinkLocal(near)
  near.routers.watch(['near'])
  return { ...near, tap }
}

test('two namespaces learn each other, lose each other with the link, and find each other again', async () => {
  const other = await OtherNamespace.open()
  cleaning.push(() => other.close())
  wire()
  cleaning.push(() => ip('link', 'del', 'near'))
  other.take('far')
  other.run('sysctl', '-qw', 'net.ipv6.conf.far.accept_dad=0')
  other.run('ip', 'link', 'set', 'far', 'up')
  const near = openNear()
  cleaning.push(() => near.close())
  await untilLinkLocal(near)
  near.routers.watch(['near'])
  const child = other.start(process.execPath, FAR, 'far')
  const heard = linesOf(child)
  await until(() => heard.length >= 2 && near.told.length > 0, 'each other', LONG_MS)
  const [link] = JSON.parse(other.run('ip', '-json', '-6', 'address', 'show', 'dev', 'far', 'scope', 'link'))
  assert.deepEqual(heard, ['ready', near.linkLocal()])
  assert.deepEqual(near.told, [link.addr_info[0].local])
  ip('link', 'set', 'near', 'down')
  await until(() => near.told.at(-1) === null && heard.at(-1) === 'nobody', 'both to be alone', LONG_MS)
  ip('link', 'set', 'near', 'up')
  await until(() => near.told.length === 3 && heard.length === 4, 'each other again', LONG_MS)
  assert.deepEqual([near.told[2], heard[3]], [near.told[0], near.linkLocal()])
  near.routers.watch([])
  assert.equal(near.routers.neighbour('near'), null)
  assert.deepEqual(near.said, [])
})

const PEER = 'fe800000000000000000000000000001'
const ADVERTISED = '8600 0000 40 00 001e 00000000 00000000'
const HOSTILE: [string, Sent][] = [
  ['a hop limit of 254', { from: PEER, hopLimit: 254, message: ADVERTISED }],
  ['a hop limit of 0', { from: PEER, hopLimit: 0, message: ADVERTISED }],
  ['from a global address', { from: '20010db8000000000000000000000001', message: ADVERTISED }],
  ['a wrong checksum', { from: PEER, message: ADVERTISED, spoil: true }],
  ['code 1', { from: PEER, message: ADVERTISED.replace('8600', '8601') }],
  ['cut off', { from: PEER, message: ADVERTISED.slice(0, -3) }],
  ['an option without length', { from: PEER, message: `${ADVERTISED} 0100 000000000000` }],
  ['a neighbour advertisement', { from: PEER, message: `8800 0000 e0000000 ${PEER} 0201 020000000001` }],
  ['a redirect', { from: PEER, message: `8900 0000 00000000 ${PEER} ${PEER}` }],
]

test('hostile messages are dropped; a good one behind them is heard', async () => {
  const { tap, routers, told } = await openTapped()
  for (const [, sent] of HOSTILE) tap.send(frame(sent))
  tap.send(frame({ from: `${PEER.slice(0, -1)}2`, message: ADVERTISED }))
  await until(() => told.length > 0, 'the good one', LONG_MS)
  assert.deepEqual([told, routers.neighbour('near')], [['fe80::2'], 'fe80::2'])
})
for (const [name, sent] of HOSTILE) {
  test(`hostile: ${name}`, async () => {
    const { tap, told } = await openTapped()
    tap.send(frame(sent))
    await tap.settle()
    assert.deepEqual(told, [])
  })
}

test('what we send: hop limit 255, our link-local address, lifetime 0, our MAC address; once more for who asks', async () => {
  const { tap, links, linkLocal } = await openTapped()
  const { mac } = links.list().find(({ name }) => name === 'near') ?? {}
  const sent: string[] = []
  const collect = async (count: number, type: string) => {
    await until(
      () => {
        sent.push(...tap.take().map((bytes) => Buffer.from(bytes).toString('hex')))
        return sent.filter((hex) => isMessage(hex, type)).length >= count
      },
      `${count} of type ${type}`,
      LONG_MS,
    )
  }
  await collect(2, '86')
  await collect(2, '85')
  const advertised = sent.find((one) => isMessage(one, '86')) ?? ''
  const hex = (mac ?? '').replaceAll(':', '')
  assert.match(advertised, new RegExp(`^333300000001${hex}86dd60.{8}183aff`))
  assert.match(advertised, new RegExp(`ff0200000000000000000000000000018600....0000000000000000000000000101${hex}$`))
  const asked = sent.find((one) => isMessage(one, '85')) ?? ''
  assert.match(asked, new RegExp(`^333300000002${hex}86dd60.{8}103aff`))
  assert.match(linkLocal(), /^fe80::/)
  await collect(3, '86')
  tap.send(frame({ from: PEER, message: '8500 0000 00000000' }))
  const startedMs = performance.now()
  await collect(4, '86')
  assert.ok(performance.now() - startedMs < 6000, 'sooner than the next one is due')
})

function isMessage(hex: string, type: string): boolean {
  return hex.startsWith('86dd6', 24) && hex.startsWith('3aff', 40) && hex.startsWith(type, 108)
}

test('of several routers the first is taken, which is said once', async () => {
  const { tap, told, said } = await openTapped()
  for (const end of ['9', '1', '9', '2', '1']) tap.send(frame({ from: PEER.replace(/1$/, end), message: ADVERTISED }))
  await tap.settle()
  assert.deepEqual([told, said], [['fe80::9'], ['near: fe80::9 fe80::1']])
})

test('who is told of other routers may cease to watch at once, in the midst of what has come', async () => {
  const { tap, links, routers, linkLocal } = await openTapped()
  routers.close()
  const told: string[] = []
  const others = openRouters({
    links,
    clock: systemClock,
    random: Math.random,
    onOthers: (_, all) => {
      told.push(...all)
      others.watch([])
    },
    onFault: (fault) => told.push(fault.message),
  })
  cleaning.push(() => others.close())
  assert.match(linkLocal(), /^fe80:/)
  others.watch(['near'])
  for (let i = 0; i < 40; i++) tap.send(frame({ from: PEER.replace(/1$/, String(1 + (i % 2))), message: ADVERTISED }))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300) // they are read together
  await until(() => told.length > 0, 'the others', LONG_MS)
  await tap.settle()
  await sleep(100) // more than the pause of a flood
  assert.deepEqual([told, others.neighbour('near')], [['fe80::1', 'fe80::2'], null])
})

test('a flood of made-up routers: one neighbour, one sentence, and the loop goes on', async () => {
  const { tap, told, said } = await openTapped()
  // The kernel takes each of them for a default router, which makes it slow.
  execFileSync('sysctl', ['-qw', 'net.ipv6.conf.near.accept_ra=0'])
  tap.send(frame({ from: PEER, message: ADVERTISED }))
  await until(() => told.length > 0, 'the router', LONG_MS)
  for (let i = 2; i < 3000; i++) {
    const from = `fe80000000000000${i.toString(16).padStart(16, '0')}`
    tap.send(frame({ from, message: ADVERTISED }))
  }
  let turns = 0
  const turning = setInterval(() => turns++, 5)
  await tap.settle()
  clearInterval(turning)
  assert.deepEqual([told, said.length], [['fe80::1'], 1])
  assert.ok(turns > 5)
})

test('only what is watched is heard, as soon as it is there', async () => {
  ip('link', 'add', 'other', 'type', 'veth', 'peer', 'name', 'beyond')
  cleaning.push(() => ip('link', 'del', 'other'))
  enableIpv6('other')
  for (const name of ['other', 'beyond']) ip('link', 'set', name, 'up')
  const beyond = new Tap('beyond')
  await beyond.ready
  cleaning.push(() => beyond.close())
  const near = openNear()
  cleaning.push(() => near.close())
  near.routers.watch(['near'])
  wire()
  cleaning.push(() => ip('link', 'del', 'near'))
  ip('link', 'set', 'far', 'up')
  const tap = new Tap('far')
  await tap.ready
  cleaning.push(() => tap.close())
  await until(() => groups().includes('near'), 'the socket', LONG_MS)
  beyond.send(frame({ from: PEER.replace(/1$/, '5'), message: ADVERTISED }))
  await beyond.settle()
  tap.send(frame({ from: PEER, message: ADVERTISED }))
  await until(() => near.told.length > 0, 'the router', LONG_MS)
  assert.deepEqual([near.told, near.routers.neighbour('other')], [['fe80::1'], null])
  near.routers.watch(['other'])
  beyond.send(frame({ from: PEER.replace(/1$/, '5'), message: ADVERTISED }))
  await until(() => near.routers.neighbour('other') === 'fe80::5', 'the other', LONG_MS)
  assert.equal(near.routers.neighbour('near'), null)
  assert.deepEqual(groups(), ['other'])
})

/** Interfaces on which somebody listens to all routers. */
function groups(): string[] {
  const lines = readFileSync('/proc/net/igmp6', 'utf8').split('\n')
  return lines.flatMap((line) => {
    const [, name = '', group] = line.trim().split(/\s+/)
    return group === 'ff020000000000000000000000000002' ? [name] : []
  })
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}

test('a hundred times watched and not: no descriptor stays open', async () => {
  const { routers } = await openTapped()
  const before = descriptors()
  for (let round = 0; round < 100; round++) {
    routers.watch([])
    routers.watch(['near'])
  }
  await until(() => descriptors() <= before, 'them to be closed', LONG_MS)
  routers.close()
  routers.close()
  await until(() => descriptors() < before, 'the last', LONG_MS)
})
