// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Capability, Open } from './codec/message.ts'
import { type Config, negotiate, ownOpen } from './negotiate.ts'

const config: Config = {
  localAsn: 64_500,
  remoteAs: 64_501,
  routerId: 0x0a_00_00_01,
  holdMs: 90_000,
  keepaliveMs: null,
  connectMs: null,
  passive: false,
  families: ['ipv4', 'ipv6'],
  extendedNextHop: false,
  gracefulRestart: null,
  hostname: null,
}
const usual = { restarting: false, plain: false }
const ipv4: Capability = { type: 'multiprotocol', family: 'ipv4' }
const ipv6: Capability = { type: 'multiprotocol', family: 'ipv6' }
const as4 = (asn: number): Capability => ({ type: 'fourOctetAs', asn })
const theirs: Open = {
  type: 'open',
  asn: 64_501,
  holdSeconds: 180,
  routerId: 0x0a_00_00_02,
  capabilities: [ipv4, ipv6, as4(64_501)],
}
const judge = (own: Partial<Config>, open: Partial<Open>, plain = false) => {
  const whole = { ...config, ...own }
  return negotiate(whole, ownOpen(whole, { restarting: false, plain }), { ...theirs, ...open })
}
const agreed = (own: Partial<Config>, open: Partial<Open>, plain = false) => {
  const outcome = judge(own, open, plain)
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.why)
  return outcome.negotiated
}

// RFC 4271 §6.2. `ok`, or the subcode of OPEN Message Error.
const JUDGED: [string, Partial<Config>, Partial<Open>, 'ok' | number][] = [
  ['the AS that is expected', {}, {}, 'ok'],
  ['another AS', { remoteAs: 64_502 }, {}, 2],
  ['no 4-octet number: the 2-octet one counts', {}, { capabilities: [] }, 'ok'],
  ['no 4-octet number, another AS', {}, { capabilities: [], asn: 1 }, 2],
  ['a 4-octet number', { remoteAs: 4_200_000_000 }, { asn: 23_456, capabilities: [ipv4, as4(4_200_000_000)] }, 'ok'],
  ['another 4-octet number', { remoteAs: 4_200_000_000 }, { asn: 23_456, capabilities: [ipv4, as4(4_200_000_001)] }, 2],
  ['a small number in four octets behind AS_TRANS', {}, { asn: 23_456 }, 'ok'],
  ['two numbers that contradict each other', {}, { asn: 64_502 }, 2],
  ['AS_TRANS and no more', { remoteAs: 'external' }, { asn: 23_456, capabilities: [ipv4] }, 2],
  ['AS_TRANS in four octets', { remoteAs: 'external' }, { asn: 23_456, capabilities: [ipv4, as4(23_456)] }, 2],
  ['RFC 7607: AS 0', { remoteAs: 'external' }, { asn: 0, capabilities: [ipv4] }, 2],
  ['RFC 7607: AS 0 in four octets', { remoteAs: 'external' }, { asn: 23_456, capabilities: [ipv4, as4(0)] }, 2],
  ['any external one', { remoteAs: 'external' }, {}, 'ok'],
  ['external wanted, ours told', { remoteAs: 'external' }, { asn: 64_500, capabilities: [ipv4, as4(64_500)] }, 2],
  ['internal wanted, ours told', { remoteAs: 'internal' }, { asn: 64_500, capabilities: [ipv4, as4(64_500)] }, 'ok'],
  ['internal wanted, another told', { remoteAs: 'internal' }, {}, 2],
  ['RFC 6286: router ID 0', {}, { routerId: 0 }, 3],
  ['RFC 6286: our own router ID, of another AS', {}, { routerId: config.routerId }, 'ok'],
  [
    'RFC 6286: our own router ID, within our AS',
    { remoteAs: 'internal' },
    { asn: 64_500, capabilities: [], routerId: config.routerId },
    3,
  ],
  ['a router ID that is a multicast address', {}, { routerId: 0xe0_00_00_01 }, 'ok'],
  ['hold time 0', {}, { holdSeconds: 0 }, 'ok'],
  ['hold time 1 s', {}, { holdSeconds: 1 }, 6],
  ['hold time 2 s', {}, { holdSeconds: 2 }, 6],
  ['hold time 3 s', {}, { holdSeconds: 3 }, 'ok'],
  ['no family of ours', {}, { capabilities: [{ type: 'otherFamily', afi: 25, safi: 65 }, as4(64_501)] }, 7],
  ['IPv6 with one who says nothing of families', { families: ['ipv6'] }, { capabilities: [] }, 7],
]
for (const [name, own, open, expected] of JUDGED) {
  test(`OPEN: ${name}: ${expected}`, () => {
    const outcome = judge(own, open)
    assert.equal(outcome.ok ? 'ok' : outcome.subcode, expected)
  })
}

test('RFC 5492 §5: a refused peer is told which capabilities were missed', () => {
  const outcome = judge({}, { capabilities: [{ type: 'otherFamily', afi: 25, safi: 65 }] })
  assert.deepEqual(outcome.ok ? null : [...outcome.data], [1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1])
})

const refused = judge({ remoteAs: 64_502 }, {})
test('a refusal says what was expected', () => {
  assert.equal(refused.ok ? '' : refused.why, 'the peer says it is AS 64501, expected 64502')
})

const FAMILIES: [string, Partial<Config>, readonly Capability[], boolean, string][] = [
  ['both', {}, [ipv4, ipv6], false, 'ipv4 ipv6'],
  ['the peer has IPv4 alone', {}, [ipv4], false, 'ipv4'],
  ['the peer says nothing', {}, [], false, 'ipv4'],
  ['we have IPv6 alone', { families: ['ipv6'] }, [ipv4, ipv6], false, 'ipv6'],
  ['we have said nothing', {}, [ipv4, ipv6], true, 'ipv4'],
]
for (const [name, own, capabilities, plain, expected] of FAMILIES) {
  test(`families, ${name}: ${expected}`, () => {
    assert.equal([...agreed(own, { capabilities }, plain).dialect.families].join(' '), expected)
  })
}

test('what both have, and nothing else', () => {
  const extended: Capability[] = [
    { type: 'extendedMessage' },
    { type: 'routeRefresh' },
    { type: 'extendedNextHop', family: 'ipv4' },
  ]
  const all = agreed({ extendedNextHop: true }, { capabilities: [ipv4, as4(64_501), ...extended] })
  assert.deepEqual(all.dialect, {
    fourOctetAs: true,
    families: new Set(['ipv4']),
    extendedNextHop: new Set(['ipv4']),
    maxBytes: 65_535,
    internal: false,
  })
  assert.equal(all.routeRefresh, true)
  const unwanted = agreed({}, { capabilities: [ipv4, as4(64_501), ...extended] })
  assert.equal(unwanted.dialect.extendedNextHop.size, 0)
  const none = agreed({ extendedNextHop: true }, { capabilities: [] })
  assert.deepEqual(none.dialect, {
    fourOctetAs: false,
    families: new Set(['ipv4']),
    extendedNextHop: new Set(),
    maxBytes: 4096,
    internal: false,
  })
  assert.deepEqual([none.routeRefresh, none.peerRestart, none.notificationRestart], [false, null, false])
})

test('hold time and KEEPALIVEs: the shorter one, a third of it', () => {
  const { holdMs, keepaliveMs } = agreed({ holdMs: 30_500 }, {})
  assert.deepEqual([holdMs, keepaliveMs], [30_000, 10_000])
})

const gracefulRestart = { restartSeconds: 120 }
test('the N bit counts where both set it (RFC 8538)', () => {
  const restart: Capability = {
    type: 'gracefulRestart',
    restarting: false,
    notification: true,
    restartSeconds: 60,
    families: [],
  }
  const capabilities = [ipv4, restart]
  assert.equal(agreed({ gracefulRestart }, { capabilities }).notificationRestart, true)
  assert.equal(agreed({}, { capabilities }).notificationRestart, false)
  assert.equal(
    agreed({ gracefulRestart }, { capabilities: [ipv4, { ...restart, notification: false }] }).notificationRestart,
    false,
  )
})

test('what we say', () => {
  assert.deepEqual(ownOpen(config, usual), {
    type: 'open',
    asn: 64_500,
    holdSeconds: 90,
    routerId: config.routerId,
    capabilities: [
      ipv4,
      ipv6,
      { type: 'routeRefresh' },
      { type: 'extendedMessage' },
      { type: 'gracefulRestart', restarting: false, notification: false, restartSeconds: 0, families: [] },
      as4(64_500),
    ],
  })
})

test('a hold time of whole seconds, as long as an OPEN can tell it', () => {
  const told = [3999, 65_535_000, 86_400_000].map((holdMs) => ownOpen({ ...config, holdMs }, usual).holdSeconds)
  assert.deepEqual(told, [3, 65_535, 65_535])
})

test('what we say with everything', () => {
  const all: Config = { ...config, localAsn: 4_200_000_000, extendedNextHop: true, gracefulRestart, hostname: 'node1' }
  const { asn, capabilities } = ownOpen(all, { restarting: true, plain: false })
  assert.equal(asn, 23_456)
  assert.deepEqual(capabilities.slice(3), [
    { type: 'extendedNextHop', family: 'ipv4' },
    { type: 'extendedMessage' },
    {
      type: 'gracefulRestart',
      restarting: true,
      notification: true,
      restartSeconds: 120,
      families: [
        { family: 'ipv4', preserved: true },
        { family: 'ipv6', preserved: true },
      ],
    },
    as4(4_200_000_000),
    { type: 'hostname', host: 'node1', domain: '' },
  ])
})

test('RFC 5492 §3: nothing but the old fields', () => {
  assert.deepEqual(ownOpen(config, { restarting: false, plain: true }).capabilities, [])
})
