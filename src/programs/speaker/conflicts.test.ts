// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { createLog } from '../../lib/log.ts'
import { Conflicts } from './conflicts.ts'
import type { Planned } from './speaker.ts'

const IP = '192.0.2.1'
const STRANGER = '02:00:00:00:00:ff'
const MEMBER = '02:00:00:00:00:01'
const conflict = (fields: Partial<{ ip: string; mac: string }> = {}) => ({
  ip: IP,
  mac: STRANGER,
  link: 'eth0',
  ...fields,
})
const announced = (key: string, ...ips: readonly string[]): Planned => ({
  key,
  uid: `uid of ${key}`,
  l2: { announce: true, claims: ips.map((ip) => ({ ip, interfaces: 'all' })) },
  bgp: null,
  gate: null,
})
const gone = (key: string): Planned => ({ key, uid: '', l2: null, bgp: null, gate: null })

function rig() {
  let nowMs = 0
  const events: string[] = []
  const lines: string[] = []
  const conflicts = new Conflicts({
    node: 'n1',
    clock: { ...systemClock, monotonicMs: () => nowMs, wallMs: () => 1_700_000_000_000 + nowMs },
    log: createLog('all', (line) => lines.push(line)),
    isMember: (mac) => mac === MEMBER,
    event: ({ object, type, reason, uid, message }) => {
      assert.match(message, /station 02:[0-9a-f:]+ on interface eth0 of node "n1" claims the address/)
      events.push(`${type} ${reason} ${object.namespace}/${object.name} (${uid})`)
    },
  })
  const at = (ms: number, fields: Partial<{ ip: string; mac: string }> = {}) => {
    nowMs = ms
    conflicts.seen(conflict(fields))
  }
  return { conflicts, events, lines, at }
}

test('a station that stays is told by an event on each Service that has the address, and in the log', () => {
  const { conflicts, events, lines, at } = rig()
  conflicts.planned(announced('a/web', IP))
  conflicts.planned(announced('a/dns', IP, '192.0.2.2'))
  conflicts.planned(announced('a/other', '192.0.2.2'))
  at(0)
  assert.deepEqual(events, [])
  at(2001)
  const told = ['Warning addressConflict a/web (uid of a/web)', 'Warning addressConflict a/dns (uid of a/dns)']
  assert.deepEqual(events, told)
  const { level, event, ip, mac, services, interface: link } = JSON.parse(lines.join())
  assert.deepEqual(
    { level, event, ip, mac, services, link },
    { level: 'warn', event: 'addressConflict', ip: IP, mac: STRANGER, services: ['a/web', 'a/dns'], link: 'eth0' },
  )
})

test('once a minute for each address, however many stations there are', () => {
  const { conflicts, events, at } = rig()
  conflicts.planned(announced('a/web', IP))
  const stations = Array.from({ length: 9 }, (_, i) => ({ mac: `02:00:00:00:01:0${i}` }))
  for (const ms of [0, 3000, 30_000, 62_999]) for (const station of stations) at(ms, station)
  assert.equal(events.length, 1)
  for (const station of stations) at(63_000, station)
  assert.equal(events.length, 2)
})

test('a member, and an address that is not announced, are no conflict', () => {
  const { conflicts, events, lines, at } = rig()
  conflicts.planned(announced('a/web', IP))
  for (const ms of [0, 3000, 90_000]) at(ms, { mac: MEMBER })
  for (const ms of [0, 3000, 90_000]) at(ms, { ip: '192.0.2.9' })
  assert.deepEqual([events, lines, [...conflicts.active()]], [[], [], []])
  assert.deepEqual([...conflicts.counts()], [[IP, 0]])
})

test('an address is ours until the last of its Services is gone', () => {
  const { conflicts, events, at } = rig()
  conflicts.planned(announced('a/web', IP))
  conflicts.planned(announced('a/web', IP))
  conflicts.planned(announced('a/dns', IP))
  conflicts.planned(gone('a/web'))
  at(0)
  at(3000)
  assert.deepEqual(events, ['Warning addressConflict a/dns (uid of a/dns)'])
  conflicts.planned({ ...gone('a/dns'), l2: { announce: false, reason: 'notOwner', message: '' } })
  at(90_000)
  at(95_000)
  assert.equal(events.length, 1)
  assert.deepEqual([...conflicts.counts()], [])
})

test('an address of a Service that is not written canonically is known by its canonical text', () => {
  const { conflicts, events, at } = rig()
  conflicts.planned(announced('a/web', '2001:DB8:0::1'))
  at(0, { ip: '2001:db8::1' })
  at(3000, { ip: '2001:db8::1' })
  assert.equal(events.length, 1)
})

test('active: with times that people read', () => {
  const { conflicts, at } = rig()
  conflicts.planned(announced('a/web', IP))
  at(0)
  at(3000)
  at(4000)
  const times = { since: '2023-11-14T22:13:20.000Z', lastSeen: '2023-11-14T22:13:24.000Z' }
  assert.deepEqual([...conflicts.active()], [{ ip: IP, mac: STRANGER, interface: 'eth0', ...times, frames: 2 }])
  assert.deepEqual([...conflicts.counts()], [[IP, 2]])
})
