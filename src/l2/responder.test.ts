// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimReflex } from '../../test/sim/neighbor-reflex.ts'
import { SimLinks } from '../../test/sim/wire.ts'
import type { Clock } from '../lib/clock.ts'
import { createLog } from '../lib/log.ts'
import type { Link } from '../lib/net.ts'
import { type ArpFrame, decode, encode, gratuitous } from './arp.ts'
import type { Claim } from './claims.ts'
import { decode as decodeNdp, encode as encodeNdp, solicitedNode, unsolicited } from './ndp.ts'
import { type Conflict, Responder } from './responder.ts'

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
  master: null,
  linkLocal: null,
  addresses: [],
  ...fields,
})
const VIP = '192.0.2.1'
const VIP_NUMBER = 0xc000_0201
const VIP6 = '2001:db8::1'
const STATION = '02:00:00:00:00:ff'
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
  const conflicts: Conflict[] = []
  const responder = new Responder({
    reflex,
    links: simLinks,
    clock,
    log: createLog('all', (line) => lines.push(line)),
    excludeInterfaces: exclude,
    onSuspended: (pausedMs) => suspensions.push(pausedMs),
    onConflict: (conflict) => conflicts.push(conflict),
  })
  /** Frames sent since the last call, as `eth1 request`. */
  const sent = () =>
    reflex.sent.splice(0).map(({ index, frame }) => {
      const decoded = frame[12] === 0x08 ? decode(frame) : decodeNdp(frame)
      assert.ok(!('malformed' in decoded))
      if ('operation' in decoded) return `eth${index} ${decoded.operation}`
      assert.equal(decoded.type, 'advertisement')
      return `eth${index} ${decoded.type} from ${decoded.sourceIp} to ${decoded.destinationIp}`
    })
  const asks = (index: number, fields: Partial<ArpFrame> = {}) => {
    const request = { ...gratuitous('request', VIP_NUMBER, '02:00:00:00:00:ff'), senderIp: 0xc000_0209, ...fields }
    reflex.receive(index, encode(request))
    return sent()
  }
  const solicits = (index: number) => {
    const from = { source: STATION, sourceIp: 'fe80::99', linkLayer: STATION }
    reflex.receive(index, encodeNdp({ type: 'solicitation', ...solicitedNode(VIP6), ...from, target: VIP6 }))
    return sent()
  }
  return {
    reflex,
    links: simLinks,
    clock,
    lines,
    suspensions,
    conflicts,
    responder,
    sent,
    asks,
    solicits,
    turn: () => Promise.resolve(),
  }
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

test('what others have announced is announced again by us, once in the time that it takes', async () => {
  const { responder, sent, turn, clock } = setUp([link(1)])
  responder.set('ns/s', [claim()])
  await turn()
  clock.advance(20_000)
  sent()
  responder.announceAgain()
  responder.announceAgain()
  assert.deepEqual(sent(), ROUND)
  clock.advance(20_000)
  assert.equal(sent().length, 4 * ROUND.length)
  responder.announceAgain()
  assert.deepEqual(sent(), ROUND)
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
  assert.equal(responder.counters().drops.arp.notOnInterface, 1)
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

const ADVERTISED = ['eth1 advertisement from fe80::1 to ff02::1']
const ANSWERED = [`eth1 advertisement from ${VIP6} to fe80::99`]
const link6 = (fields: Partial<Link> = {}) => link(1, { linkLocal: 'fe80::1', ...fields })

test('an IPv6 claim is answered by neighbour discovery, and announced in five rounds', async () => {
  const { responder, solicits, asks, sent, turn, clock } = setUp([link6()])
  responder.set('ns/s', [claim('all', VIP6)])
  await turn()
  assert.deepEqual(sent(), ADVERTISED)
  assert.deepEqual([solicits(1), asks(1)], [ANSWERED, []])
  clock.advance(9999)
  assert.deepEqual(sent(), [...ADVERTISED, ...ADVERTISED, ...ADVERTISED, ...ADVERTISED])
  assert.deepEqual(responder.counters().addresses, [{ ip: VIP6, requests: 1, replies: 1, gratuitous: 5 }])
  responder.delete('ns/s')
  await turn()
  assert.deepEqual(solicits(1), [])
})

test('an advertisement that nobody asked for: to all, not solicited, overriding, with our MAC address', async () => {
  const { responder, reflex, turn } = setUp([link6()])
  responder.set('ns/s', [claim('all', VIP6)])
  await turn()
  const [first] = reflex.sent
  assert.deepEqual(decodeNdp(first?.frame ?? new Uint8Array()), unsolicited(VIP6, MAC(1), 'fe80::1'))
})

test('an address in other words is the same address', async () => {
  const { responder, solicits, turn } = setUp([link6()])
  responder.set('ns/s', [claim('all', '2001:DB8:0::1'), claim('all', 'nonsense')])
  responder.set('ns/t', [claim('all', VIP6)])
  await turn()
  assert.deepEqual(solicits(1).length > 0, true)
  assert.deepEqual(
    responder.counters().addresses.map(({ ip }) => ip),
    [VIP6],
  )
})

test('a dual-stack claim: each family on the links that speak it', async () => {
  const { responder, sent, turn } = setUp([link6(), link(2)])
  responder.set('ns/s', [claim(), claim('all', VIP6)])
  await turn()
  assert.deepEqual(sent(), [...ROUND, 'eth2 request', 'eth2 reply', ...ADVERTISED])
})

const NO_NDP: [string, Partial<Link>][] = [
  ['without a link-local address, or with one that is still being checked', { linkLocal: null }],
  ['that carries no frames to groups', { multicast: false }],
  ['with NOARP', { noArp: true }],
  ['in a bridge', { hasMaster: true }],
  ['that is down', { up: false }],
]
for (const [name, fields] of NO_NDP) {
  test(`a link ${name}: no NDP until that has changed, then it is answered and announced`, async () => {
    const { responder, links, solicits, sent, turn, lines } = setUp([link6(fields)])
    responder.set('ns/s', [claim('all', VIP6)])
    await turn()
    assert.deepEqual([sent(), solicits(1)], [[], []])
    assert.match(lines.at(-1) ?? '', /nothing answers NDP for 2001:db8::1: no link of this node is up and speaks NDP/)
    links.replace([link6()])
    assert.deepEqual([sent(), solicits(1)], [ADVERTISED, ANSWERED])
  })
}

test('a link that loses its link-local address goes on with ARP', async () => {
  const { responder, links, solicits, asks, sent, turn } = setUp([link6()])
  responder.set('ns/s', [claim(), claim('all', VIP6)])
  await turn()
  links.replace([link(1)])
  sent()
  assert.deepEqual([solicits(1), asks(1)], [[], ['eth1 reply']])
})

test('another link-local address of the link is the source from then on', async () => {
  const { responder, links, sent, turn, clock } = setUp([link6()])
  responder.set('ns/s', [claim('all', VIP6)])
  await turn()
  sent()
  links.replace([link6({ linkLocal: 'fe80::2' })])
  clock.advance(1100)
  assert.deepEqual(sent(), ['eth1 advertisement from fe80::2 to ff02::1'])
})

test('another address of a link: nothing is said for it', async () => {
  const { responder, links, sent, turn, clock } = setUp([link6()])
  responder.set('ns/s', [claim(), claim('all', VIP6)])
  await turn()
  clock.advance(9000)
  sent()
  links.replace([link6({ addresses: [{ address: '192.0.2.9', prefixBits: 24 }] })])
  clock.advance(9000)
  assert.deepEqual(sent(), [])
})

test('after a pause both families are silent until confirmed', async () => {
  const { responder, reflex, asks, solicits, sent, turn } = setUp([link6()])
  responder.set('ns/s', [claim(), claim('all', VIP6)])
  await turn()
  sent()
  reflex.wakeAfter(3000)
  assert.deepEqual([asks(1), solicits(1)], [[], []])
  responder.confirm()
  assert.deepEqual(sent(), [...ROUND, ...ADVERTISED])
  const { drops } = responder.counters()
  assert.deepEqual([drops.arp.suspended, drops.ndp.suspended], [1, 1])
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

test('a pause before anything was claimed takes nobody to confirm it, as there may be nobody yet', async () => {
  const { responder, reflex, suspensions, asks, sent, turn } = setUp([link(1)])
  reflex.wakeAfter(3000)
  responder.set('ns/s', [claim()])
  await turn()
  assert.deepEqual([suspensions, sent(), asks(1)], [[3000], ROUND, ['eth1 reply']])
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

test('a stranger with our address is reported, with the name of the link', async () => {
  const { responder, reflex, asks, turn, conflicts } = setUp([link6()])
  responder.set('ns/s', [claim(), claim('all', VIP6)])
  await turn()
  asks(1, { senderIp: VIP_NUMBER })
  reflex.receive(1, encodeNdp(unsolicited(VIP6, STATION, 'fe80::99')))
  assert.deepEqual(conflicts, [
    { ip: VIP, mac: STATION, link: 'eth1' },
    { ip: VIP6, mac: STATION, link: 'eth1' },
  ])
})

test('a link that cannot be attached is reported once, retried, and the others work', async () => {
  const { responder, reflex, links, lines, clock, asks, turn } = setUp([link(1)])
  let broken = true
  const attach = reflex.attach.bind(reflex)
  reflex.attach = (protocol, to) => {
    if (broken && to.index === 2) throw new Error('cannot open a packet socket on interface eth2: out of luck')
    attach(protocol, to)
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

test('trying a link again is no news of the others: what is claimed there is announced once', async () => {
  const { responder, reflex, links, clock, sent, turn } = setUp([link6()])
  const attach = reflex.attach.bind(reflex)
  reflex.attach = (protocol, to) => {
    if (to.index === 2) throw new Error('cannot open a packet socket on interface eth2: out of luck')
    attach(protocol, to)
  }
  responder.set('ns/s', [claim()])
  links.replace([link6(), link(2)])
  await turn()
  clock.advance(20_000)
  assert.equal(sent().length, 5 * ROUND.length)
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
