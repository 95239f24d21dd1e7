// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimLinks, SimReflex } from '../../test/sim/wire.ts'
import type { Clock } from '../lib/clock.ts'
import { createLog } from '../lib/log.ts'
import type { Link } from '../lib/net.ts'
import { type ArpFrame, decode, encode, gratuitous } from './arp.ts'
import type { Claim } from './claims.ts'
import { Responder } from './responder.ts'

const MAC = (index: number) => `02:00:00:00:00:0${index}`
const link = (index: number, fields: Partial<Link> = {}): Link => ({
  index,
  name: `eth${index}`,
  mac: MAC(index),
  up: true,
  carrier: true,
  broadcast: true,
  noArp: false,
  multicast: true,
  hasMaster: false,
  linkLocal: null,
  ...fields,
})
const VIP = '192.0.2.1'
const VIP_NUMBER = 0xc000_0201
const claim = (interfaces: Claim['interfaces'] = 'all', ip = VIP): Claim => ({ ip, interfaces })

class JumpingClock implements Clock {
  #nowMs = 0
  #timers = new Set<{ atMs: number; fire: () => void }>()

  monotonicMs = () => this.#nowMs
  wallMs = () => this.#nowMs
  after = (delayMs: number, fire: () => void) => {
    const timer = { atMs: this.#nowMs + delayMs, fire }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs
    for (;;) {
      const [next] = [...this.#timers].toSorted((a, b) => a.atMs - b.atMs)
      if (!next || next.atMs > untilMs) break
      this.#nowMs = next.atMs
      this.#timers.delete(next)
      next.fire()
    }
    this.#nowMs = untilMs
  }
}

function setUp(links: Link[], exclude: RegExp[] = []) {
  const reflex = new SimReflex()
  const simLinks = new SimLinks(links)
  const clock = new JumpingClock()
  const lines: string[] = []
  const suspensions: number[] = []
  const responder = new Responder({
    reflex,
    links: simLinks,
    clock,
    log: createLog('all', (line) => lines.push(line)),
    excludeInterfaces: exclude,
    onSuspended: (pausedMs) => suspensions.push(pausedMs),
  })
  /** Frames sent since the last call, as `eth1 request`. */
  const sent = () =>
    reflex.sent.splice(0).map(({ index, frame }) => {
      const decoded = decode(frame)
      assert.ok(!('malformed' in decoded))
      return `eth${index} ${decoded.operation}`
    })
  const asks = (index: number, fields: Partial<ArpFrame> = {}) => {
    const request = { ...gratuitous('request', VIP_NUMBER, '02:00:00:00:00:ff'), senderIp: 0xc000_0209, ...fields }
    reflex.receive(index, encode(request))
    return sent()
  }
  return { reflex, links: simLinks, clock, lines, suspensions, responder, sent, asks, turn: () => Promise.resolve() }
}

const ROUND = ['eth1 request', 'eth1 reply']

test('a claim takes effect when the turn ends: answered, and announced in five rounds', async () => {
  const { responder, asks, sent, turn, clock } = setUp([link(1)])
  responder.set('ns/s', [claim()])
  assert.deepEqual(asks(1), [])
  await turn()
  assert.deepEqual(sent(), ROUND)
  assert.deepEqual(asks(1), ['eth1 reply'])
  for (const [afterMs, frames] of [
    [1099, []],
    [1, ROUND],
    [1100, ROUND],
    [1100, ROUND],
    [1100, ROUND],
    [9999, []],
  ] as const) {
    clock.advance(afterMs)
    assert.deepEqual(sent(), frames)
  }
  const { addresses } = responder.counters()
  assert.deepEqual(addresses, [{ ip: VIP, requests: 1, replies: 1, gratuitous: 10 }])
})

test('a gratuitous frame names us as sender and target, for all to hear', async () => {
  const { responder, reflex, turn } = setUp([link(1)])
  responder.set('ns/s', [claim()])
  await turn()
  assert.deepEqual(
    reflex.sent.map(({ frame }) => decode(frame)),
    [gratuitous('request', VIP_NUMBER, MAC(1)), gratuitous('reply', VIP_NUMBER, MAC(1))],
  )
})

test('a withdrawn address is silent, also in the middle of its rounds', async () => {
  const { responder, asks, sent, turn, clock } = setUp([link(1)])
  responder.set('ns/s', [claim()])
  await turn()
  sent()
  responder.delete('ns/s')
  await turn()
  clock.advance(5000)
  assert.deepEqual([asks(1), sent()], [[], []])
  assert.deepEqual(responder.counters().addresses, [])
})

test('a second Service on the address keeps it, and announces nothing anew', async () => {
  const { responder, asks, sent, turn, clock } = setUp([link(1)])
  responder.set('ns/s', [claim()])
  await turn()
  clock.advance(9000)
  sent()
  responder.set('ns/t', [claim()])
  responder.delete('ns/s')
  await turn()
  assert.deepEqual([sent(), asks(1)], [[], ['eth1 reply']])
})

test('a claim for one interface is answered and announced there only', async () => {
  const { responder, asks, sent, turn } = setUp([link(1), link(2)])
  responder.set('ns/s', [claim(['eth1'])])
  await turn()
  assert.deepEqual(sent(), ROUND)
  assert.deepEqual([asks(1), asks(2)], [['eth1 reply'], []])
  assert.equal(responder.counters().drops.notOnInterface, 1)
})

test('an interface added to a claim hears the announcement; the others do not again', async () => {
  const { responder, sent, turn, asks } = setUp([link(1), link(2)])
  responder.set('ns/s', [claim(['eth1'])])
  await turn()
  sent()
  responder.set('ns/s', [claim(['eth1', 'eth2'])])
  await turn()
  assert.deepEqual(sent(), ['eth2 request', 'eth2 reply'])
  assert.deepEqual(asks(2), ['eth2 reply'])
})

test('an IPv6 claim is left to neighbour discovery', async () => {
  const { responder, sent, turn } = setUp([link(1)])
  responder.set('ns/s', [claim('all', '2001:db8::1')])
  await turn()
  assert.deepEqual([sent(), responder.counters().addresses], [[], []])
})

const COMES_BACK: [string, Link[], Link[]][] = [
  ['plugged in later', [], [link(1)]],
  ['switched on later', [link(1, { up: false })], [link(1)]],
  ['with its cable plugged in again', [link(1, { carrier: false })], [link(1)]],
  ['leaving its bridge', [link(1, { hasMaster: true })], [link(1)]],
  ['made anew under the same name', [link(7, { name: 'eth1', mac: MAC(1) })], [link(1)]],
  ['with a new MAC address', [link(1, { mac: MAC(9) })], [link(1)]],
]
for (const [name, before, after] of COMES_BACK) {
  test(`an interface ${name}: answered and announced, by name as well`, async () => {
    const { responder, links, asks, sent, turn, clock } = setUp(before)
    responder.set('ns/s', [claim(['eth1'])])
    await turn()
    clock.advance(9000)
    sent()
    links.replace(after)
    assert.deepEqual(sent(), ROUND)
    assert.deepEqual(asks(1), ['eth1 reply'])
  })
}

test('an interface that goes takes its rounds along', async () => {
  const { responder, links, sent, turn, clock } = setUp([link(1)])
  responder.set('ns/s', [claim()])
  await turn()
  sent()
  links.replace([link(1, { up: false })])
  clock.advance(9000)
  assert.deepEqual(sent(), [])
})

test('an excluded interface is left alone', async () => {
  const { responder, asks, sent, turn } = setUp([link(1), link(2)], [/^eth2$/])
  responder.set('ns/s', [claim()])
  await turn()
  assert.deepEqual([sent(), asks(2)], [ROUND, []])
})

test('after a pause: silent, the owner is asked, and confirming announces again', async () => {
  const { responder, reflex, suspensions, asks, sent, turn, clock } = setUp([link(1)])
  responder.set('ns/s', [claim()])
  await turn()
  sent()
  reflex.wakeAfter(3000)
  clock.advance(1100)
  assert.deepEqual([suspensions, asks(1), sent()], [[3000], [], []])
  responder.confirm()
  assert.deepEqual([sent(), asks(1)], [ROUND, ['eth1 reply']])
})

test('confirming first takes over what was decided in the same turn: what is no longer ours is not answered once', async () => {
  const { responder, reflex, turn } = setUp([link(1)])
  responder.set('a', [claim()])
  await turn()
  reflex.wakeAfter(5000)
  responder.delete('a')
  responder.confirm()
  assert.deepEqual(reflex.counters().addresses, [])
})

test('a stranger with our address is reported, once a minute', async () => {
  const { responder, asks, turn, lines, clock } = setUp([link(1)])
  responder.set('ns/s', [claim()])
  await turn()
  for (let i = 0; i < 3; i++) asks(1, { senderIp: VIP_NUMBER })
  const warnings = () => lines.filter((line) => line.includes('another station'))
  assert.equal(warnings().length, 1)
  assert.match(warnings()[0] ?? '', /"ip":"192.0.2.1","mac":"02:00:00:00:00:ff"/)
  clock.advance(60_000)
  asks(1, { senderIp: VIP_NUMBER })
  assert.equal(warnings().length, 2)
})

test('a link that cannot be attached is reported once, retried, and the others work', async () => {
  const { responder, reflex, links, lines, clock, asks, turn } = setUp([link(1)])
  let broken = true
  const attach = reflex.attach.bind(reflex)
  reflex.attach = (to) => {
    if (broken && to.index === 2) throw new Error('cannot open a packet socket on interface eth2: out of luck')
    attach(to)
  }
  responder.set('ns/s', [claim()])
  links.replace([link(1), link(2)])
  await turn()
  clock.advance(5000)
  assert.equal(lines.filter((line) => line.includes('out of luck')).length, 1)
  assert.deepEqual(
    [asks(1), asks(2)].map(({ length }) => length > 0),
    [true, false],
  )
  broken = false
  clock.advance(1000)
  assert.ok(asks(2).length > 0)
})

test('a claim that nothing answers is said in one line', async () => {
  const { responder, lines, turn } = setUp([link(1)])
  responder.set('ns/s', [claim(['eth8', 'eth9'])])
  await turn()
  assert.match(lines.at(-1) ?? '', /nothing answers ARP for 192.0.2.1: no link of interfaces eth8, eth9 is up/)
})

test('ten thousand new addresses are announced in slices, each in full', async () => {
  const { responder, reflex, turn, clock } = setUp([link(1)])
  for (let i = 0; i < 10_000; i++) responder.set(`ns/s${i}`, [claim('all', `10.0.${i >> 8}.${i & 255}`)])
  await turn()
  assert.ok(reflex.sent.length <= 512)
  clock.advance(5000)
  assert.equal(reflex.sent.length, 10_000 * 10)
})

test('close: no answer, no round, and pending changes are forgotten', async () => {
  const { responder, asks, sent, turn, clock } = setUp([link(1)])
  responder.set('ns/s', [claim()])
  await turn()
  sent()
  responder.set('ns/t', [claim('all', '192.0.2.2')])
  responder.close()
  await turn()
  clock.advance(9000)
  assert.deepEqual([asks(1), sent()], [[], []])
})
