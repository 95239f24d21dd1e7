// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimClock } from '../../test/sim/clock.ts'
import type { RouterMessage } from '../lib/router-advertisement.ts'
import { RouterLink } from './router-link.ts'

const FRR: RouterMessage = { type: 'advertisement', lifetimeS: 30, linkLayer: null }
const QUIET: RouterMessage = { type: 'advertisement', lifetimeS: 0, linkLayer: null }
const ASKED: RouterMessage = { type: 'solicitation', linkLayer: null }

function setUp(random = 0) {
  const clock = new SimClock()
  const sent: string[] = []
  const told: unknown[] = []
  const link = new RouterLink({
    clock,
    random: () => random,
    send: (type) => sent.push(`${type === 'advertisement' ? 'A' : 'S'}${clock.monotonicMs() / 1000}`),
    onChange: () => told.push(link.neighbour),
    onOthers: (routers) => told.push(routers.join(' ')),
  })
  return { clock, link, told, sent: () => sent.splice(0).join(' ') }
}

test('alone: three quick ones of both, then an advertisement in ten seconds and a question in three', async () => {
  const { clock, sent, told } = setUp()
  assert.equal(sent(), 'A0 S0')
  await clock.advance(25_000)
  assert.equal(sent(), 'A1 S1 A2 S2 S5 S8 S11 A12 S14 S17 S20 A22 S23')
  assert.deepEqual(told, [])
})

test('jitter takes up to a quarter off', async () => {
  const { clock, sent } = setUp(0.999)
  await clock.advance(18_000)
  assert.match(sent().replaceAll(/S\S+ ?/g, ''), /A2 A9\.50\d+ A17\.0\d+ ?$/)
})

test('a router that is heard is the neighbour, is answered at once, and is not asked any more', async () => {
  const { clock, link, sent, told } = setUp()
  await clock.advance(5000)
  sent()
  link.heard('fe80::1', FRR)
  assert.deepEqual([link.neighbour, told, sent()], ['fe80::1', ['fe80::1'], 'A5'])
  for (let round = 0; round < 6; round++) {
    await clock.advance(10_000)
    link.heard('fe80::1', FRR)
  }
  assert.deepEqual(told, ['fe80::1'])
  assert.doesNotMatch(sent(), /S/)
})

test('one heard within a second of our last advertisement waits for the next', async () => {
  const { clock, link, sent } = setUp()
  await clock.advance(12_400)
  sent()
  link.heard('fe80::1', FRR)
  assert.equal(sent(), '')
  await clock.advance(2000)
  assert.equal(sent(), 'A13')
})

test('who asks a thousand times a second is answered once a second', async () => {
  const { clock, link, sent } = setUp()
  await clock.advance(5000)
  sent()
  for (let i = 0; i < 3000; i++) {
    link.heard('fe80::2', ASKED)
    await clock.advance(1)
  }
  assert.equal(sent(), 'A5 A6 A7 A8 S8')
  assert.equal(link.neighbour, null)
})

test('a router that falls silent is asked before its lifetime ends, and again when it has ended', async () => {
  const { clock, link, sent, told } = setUp()
  link.heard('fe80::1', FRR)
  await clock.advance(15_000)
  sent()
  await clock.advance(17_500)
  assert.deepEqual([told, link.neighbour], [['fe80::1', null], null])
  assert.equal(sent().replaceAll(/A\S+ ?/g, ''), 'S21 S24 S27 S30 ')
  link.heard('fe80::1', FRR)
  assert.deepEqual(told, ['fe80::1', null, 'fe80::1'])
})

test('one that is no default router stays', async () => {
  const { clock, link, told } = setUp()
  link.heard('fe80::1', QUIET)
  await clock.advance(1_000_000)
  assert.deepEqual(told, ['fe80::1'])
})

test('several: the first stays, and it is said once an hour, however often others come and go', async () => {
  const { clock, link, told } = setUp()
  for (const address of ['fe80::9', 'fe80::1', 'fe80::9', 'fe80::2', 'fe80::1']) link.heard(address, FRR)
  assert.deepEqual(told, ['fe80::9', 'fe80::9 fe80::1'])
  for (let round = 0; round < 300; round++) {
    await clock.advance(10_000)
    link.heard('fe80::9', FRR)
    link.heard('fe80::1', { ...FRR, lifetimeS: 1 })
  }
  assert.deepEqual(told.splice(0), ['fe80::9', 'fe80::9 fe80::1'])
  await clock.advance(600_000)
  assert.deepEqual(told.splice(0), [null])
  for (const address of ['fe80::1', 'fe80::2']) link.heard(address, FRR)
  assert.deepEqual(told, ['fe80::1', 'fe80::1 fe80::2'])
})

test('a router was replaced by one of another address: the old one is asked, and given up', async () => {
  const { clock, link, sent, told } = setUp()
  link.heard('fe80::1', QUIET)
  await clock.advance(60_500)
  sent()
  link.heard('fe80::2', QUIET)
  await clock.advance(13_000)
  assert.deepEqual(told, ['fe80::1', 'fe80::1 fe80::2', 'fe80::2'])
  assert.equal(sent().replaceAll(/A\S+ ?/g, ''), 'S63.5 S66.5 S69.5 ')
})

test('ten thousand routers: four are remembered, and news of one is told', async () => {
  const { clock, link, told } = setUp()
  for (let i = 1; i <= 10_000; i++) {
    link.heard(`fe80::${i.toString(16)}`, FRR)
    await clock.advance(1)
  }
  assert.deepEqual(told, ['fe80::1', 'fe80::1 fe80::2'])
})

test('closed: nothing is sent any more', async () => {
  const { clock, link, sent } = setUp()
  sent()
  link.close()
  await clock.advance(60_000)
  assert.deepEqual([sent(), clock.waiting], ['', 0])
})
