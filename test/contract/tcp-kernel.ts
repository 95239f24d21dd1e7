// SPDX-License-Identifier: Apache-2.0
/** TCP for BGP on Linux; tcp.test.ts runs this file in a network namespace of its own. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { openTcp } from '../../src/os/bgp-tcp.ts'
import { listenTcp } from '../../src/os/bgp-tcp-listen.ts'
import { enableIpv6, ip, makeWire, until } from '../lab/wire-namespace.ts'
import { noFault } from './sockets-bench.ts'
import { hopLimits, passwords } from './tcp-families-cases.ts'
import {
  type Call,
  call,
  closeHouse,
  failsWith,
  isDropped,
  isReset,
  LONG_MS,
  openHouse,
  SECRET,
  talks,
} from './tcp-scene.ts'

const OWN6 = ['fd00::1', 'fd00::2', 'fd00:1::1', 'fd00:1::2']
ip('link', 'set', 'lo', 'up')
for (const address of OWN6) ip('address', 'add', `${address}/128`, 'dev', 'lo', 'nodad')
makeWire('near', 'far')
for (const name of ['near', 'far']) enableIpv6(name)

function linkLocal(name: string): string {
  const [link] = JSON.parse(
    execFileSync('ip', ['-json', '-6', 'address', 'show', 'dev', name, 'scope', 'link'], { encoding: 'utf8' }),
  )
  return link?.addr_info[0]?.local ?? ''
}
await until(() => linkLocal('near') !== '' && linkLocal('far') !== '', 'link-local addresses')

passwords()
hopLimits()

test('TTL 255 and the precedence of routing protocols are on the wire unless told otherwise', async () => {
  const house = await openHouse({ peers: new Map([['127.0.0.0/8', {}]]) }, '127.0.0.1')
  const rules = `table ip seen { chain in { type filter hook input priority 0
    tcp dport ${house.listener.local.port} ip ttl 255 ip dscp cs6 counter
    tcp sport ${house.listener.local.port} ip ttl 255 ip dscp cs6 tcp flags ack counter
  }
}`
  execFileSync('nft', ['-f', '-'], { input: rules })
  await talks(house, { address: '127.0.0.1' })
  const seen = execFileSync('nft', ['list', 'table', 'ip', 'seen'], { encoding: 'utf8' })
  execFileSync('nft', ['delete', 'table', 'ip', 'seen'])
  assert.deepEqual(
    [...seen.matchAll(/packets (\d+)/g)].map(([, count]) => Number(count) > 0),
    [true, true],
  )
  closeHouse(house)
})

test('our own address is the one asked for, or the one of the route', async () => {
  const house = await openHouse({ peers: new Map([['127.0.0.0/8', {}]]) }, '::')
  const chosen = await call(house, { address: '127.0.0.1', from: '127.3.2.1' })
  assert.equal(chosen.local.address, '127.3.2.1')
  const routed = await call(house, { address: '::ffff:127.0.0.1' })
  assert.equal(routed.local.address, '127.0.0.1')
  await until(() => house.visitors.length === 2, 'both', LONG_MS)
  const ends = house.visitors.map(({ local, remote }) => [local.address, remote.address])
  assert.deepEqual(ends, [
    ['127.0.0.1', '127.3.2.1'],
    ['127.0.0.1', '127.0.0.1'],
  ])
  for (const stream of [chosen, routed]) stream.destroy()
  closeHouse(house)
})

const here = { address: '127.0.0.1', port: 9 }
const here6 = { address: 'fd00::1', port: 9 }
const FAULTS: readonly (readonly [string, Parameters<typeof openTcp>[0], string, RegExp])[] = [
  [
    'nobody listens',
    { to: here, timeoutMs: LONG_MS },
    'refused',
    /^cannot connect to 127\.0\.0\.1 port 9: nobody listens there$/,
  ],
  [
    'no such source',
    { to: here, from: '192.0.2.77', timeoutMs: LONG_MS },
    'noAddress',
    /from 192\.0\.2\.77: this machine has no such address$/,
  ],
  [
    'no such source, IPv6',
    { to: here6, from: 'fd00::77', timeoutMs: LONG_MS },
    'noAddress',
    /from fd00::77: this machine has no such address$/,
  ],
  [
    'a source of the other family',
    { to: here, from: 'fd00::1', timeoutMs: LONG_MS },
    'noAddress',
    /one is IPv4, the other IPv6$/,
  ],
  [
    'a link-local source of no link',
    { to: here6, from: 'fe80::1', timeoutMs: LONG_MS },
    'noAddress',
    /fe80::1 needs its interface, as in fe80::1%eth0$/,
  ],
  [
    'a link-local source of no such link',
    { to: here6, from: 'fe80::1%absent', timeoutMs: LONG_MS },
    'noLink',
    /there is no such interface$/,
  ],
  [
    'no such device',
    { to: here, device: 'absent', timeoutMs: LONG_MS },
    'noLink',
    /for the interface absent: there is no such interface$/,
  ],
  [
    'no device can have that name',
    { to: here, device: 'x'.repeat(99), timeoutMs: LONG_MS },
    'noLink',
    /no such interface$/,
  ],
  [
    'a name and no address',
    { to: { address: 'router', port: 9 }, timeoutMs: LONG_MS },
    'noAddress',
    /^'router' is no IP address$/,
  ],
  [
    'a password too long',
    { to: here, md5: 'x'.repeat(81), timeoutMs: LONG_MS },
    'badPassword',
    /has 81 bytes, and TCP MD5 takes 80 at most$/,
  ],
  ['an empty password', { to: here, md5: '', timeoutMs: LONG_MS }, 'badPassword', /it is empty$/],
  [
    'a link-local peer of no link',
    { to: { address: 'fe80::1', port: 9 }, timeoutMs: LONG_MS },
    'noAddress',
    /fe80::1 port 9: it needs its interface, as in fe80::1%eth0$/,
  ],
  [
    'no route',
    { to: { address: '192.0.2.1', port: 9 }, timeoutMs: LONG_MS },
    'unreachable',
    /there is no route to it$/,
  ],
  [
    'a password, and nobody listens',
    { to: here, md5: 'x', timeoutMs: 100 },
    'timeout',
    /within 100 ms; its password may be another one$/,
  ],
]
for (const [name, dial, code, message] of FAULTS) {
  test(`dialling, ${name}: ${code}`, () => failsWith(openTcp(dial), code, message))
}

test('no answer: timeout, and nothing comes of it later', async () => {
  const house = await openHouse({ peers: new Map([['127.0.0.0/8', {}]]) }, '127.0.0.1')
  execFileSync('nft', ['-f', '-'], {
    input: 'table ip cut { chain in { type filter hook input priority 0\n tcp flags syn drop\n }\n }',
  })
  await isDropped(house, { address: '127.0.0.1' })
  execFileSync('nft', ['delete', 'table', 'ip', 'cut'])
  await talks(house, { address: '127.0.0.1' })
  assert.equal(house.visitors.length, 1)
  closeHouse(house)
})

test('link-local peers: by the interface in the address, or by the device; the other interface is another world', async () => {
  const [near, far] = [linkLocal('near'), linkLocal('far')]
  const peers = new Map([[`${near}%far`, { md5: SECRET }]])
  const house = await openHouse({ peers }, '::')
  const { far: heard } = await talks(house, { address: `${far}%near`, from: `${near}%near`, md5: SECRET })
  assert.equal(heard.stream.remote.address, `${near}%far`)
  await talks(house, { address: far, device: 'near', md5: SECRET })
  await isDropped(house, { address: `${far}%near` })
  house.listener.setPeers(new Map([[`${near}%near`, { md5: SECRET }]]))
  await isReset(house, { address: `${far}%near`, md5: SECRET })
  closeHouse(house)
})

test('bound to a device: what comes by another one is not heard, and nothing is dialled by another one', async () => {
  const [near, far] = [linkLocal('near'), linkLocal('far')]
  const peers = new Map([
    ['fe80::/10', { md5: SECRET }],
    ['127.0.0.0/8', {}],
  ])
  const house = await openHouse({ peers, device: 'far' }, '::')
  await talks(house, { address: far, device: 'near', md5: SECRET })
  assert.equal(house.visitors[0]?.remote.address, `${near}%far`)
  await failsWith(call(house, { address: '127.0.0.1' }), 'refused', /nobody listens there$/)
  closeHouse(house)
  const inside = await openHouse({ peers, device: 'lo' }, '127.0.0.1')
  await talks(inside, { address: '127.0.0.1', device: 'lo' })
  await assert.rejects(call(inside, { address: '127.0.0.1', device: 'near' }, 250), { name: 'Fault' })
  assert.equal(inside.visitors.length, 1)
  closeHouse(inside)
})

test('an address held by a device is found once the socket is bound to it', async () => {
  const house = await openHouse({ peers: new Map([['fe80::/10', {}]]) }, '::')
  const calling: Call = { address: linkLocal('far'), device: 'near', from: linkLocal('near') }
  await talks(house, calling)
  closeHouse(house)
})

const listening = (address: string, port: number, more: Partial<Parameters<typeof listenTcp>[0]> = {}) =>
  listenTcp({ local: { address, port }, peers: new Map(), onStream: () => undefined, onFault: noFault, ...more })

test('listening: what is wrong is said in a sentence', async () => {
  const first = await listening('127.0.0.1', 0)
  const { port } = first.local
  await failsWith(
    listening('127.0.0.1', port),
    'addressInUse',
    /^cannot listen on TCP 127\.0\.0\.1 port \d+: something else/,
  )
  first.close()
  const second = await listening('127.0.0.1', port)
  second.close()
  await failsWith(listening('192.0.2.77', 0), 'noAddress', /this machine has no such address$/)
  await failsWith(listening('router', 0), 'noAddress', /is no IP address$/)
  await failsWith(listening('127.0.0.1', 0, { device: 'absent' }), 'noLink', /there is no such interface$/)
  const peers = new Map([['127.0.0.1', { md5: 'x'.repeat(81) }]])
  await failsWith(listening('127.0.0.1', 0, { peers }), 'badPassword', /81 bytes/)
})

test('more keys than the kernel has room for: said so, and who lacks its key is not let in without one', async () => {
  const house = await openHouse({ peers: new Map([['127.0.0.9', { md5: 'first' }]]) }, '127.0.0.1')
  const many = Array.from({ length: 4000 }, (_, i) => [`10.0.${i >> 8}.${i & 255}`, { md5: 'x' }] as const)
  const last = ['127.0.0.8', { md5: 'last' }] as const
  const setMany = () => house.listener.setPeers(new Map([['127.0.0.9', { md5: 'first' }], ...many, last]))
  const message = /keys is full; raise the sysctl net\.core\.optmem_max$/
  assert.throws(setMany, { name: 'Fault', message })
  await isReset(house, { address: '127.0.0.1', from: '127.0.0.8' })
  await isDropped(house, { address: '127.0.0.1', from: '127.0.0.8', md5: 'last' })
  await talks(house, { address: '127.0.0.1', from: '127.0.0.9', md5: 'first' })
  house.listener.setPeers(new Map([last]))
  await talks(house, { address: '127.0.0.1', from: '127.0.0.8', md5: 'last' })
  closeHouse(house)
})

test('a listener that was closed touches no descriptor that came after it', async () => {
  const house = await openHouse({ peers: new Map([['127.0.0.1', {}]]) }, '127.0.0.1')
  house.listener.close()
  house.listener.close()
  const before = openDescriptors()
  const other = await openHouse({ peers: new Map([['127.0.0.1', {}]]) }, '127.0.0.1')
  house.listener.setPeers(new Map([['127.0.0.1', { md5: SECRET }]]))
  await talks(other, { address: '127.0.0.1' })
  assert.ok(openDescriptors() > before)
  closeHouse(other)
})

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}

/** How long what was closed takes until it is gone. */
async function settledAt(count: number): Promise<void> {
  await until(
    () => openDescriptors() <= count,
    `no more than ${count} descriptors; there are ${openDescriptors()}`,
    LONG_MS,
  )
}

test('200 failed connects and 60 refused listeners leave no descriptor open', async () => {
  const house = await openHouse({ peers: new Map([['127.0.0.9', { md5: SECRET }]]) }, '127.0.0.1')
  const before = openDescriptors()
  const { local } = house.listener
  const failing = [
    { to: here },
    { to: here, from: '192.0.2.77' },
    { to: here, device: 'absent' },
    { to: here, md5: 'x'.repeat(81) },
    { to: { address: '192.0.2.1', port: 9 } },
    { to: local, from: '127.0.0.9', timeoutMs: 20 },
    { to: { address: 'fe80::1', port: 9 } },
    { to: here, from: 'fd00::1' },
  ]
  for (let round = 0; round < 25; round++) {
    const dialled = await Promise.allSettled(failing.map((dial) => openTcp({ timeoutMs: LONG_MS, ...dial })))
    assert.ok(dialled.every(({ status }) => status === 'rejected'))
  }
  for (let round = 0; round < 20; round++) {
    await assert.rejects(listening('127.0.0.1', local.port))
    await assert.rejects(listening('192.0.2.77', 0))
    await assert.rejects(listening('127.0.0.1', 0, { device: 'absent' }))
  }
  await settledAt(before)
  for (let round = 0; round < 20; round++) await isReset(house, { address: '127.0.0.1', from: '127.0.0.7' })
  await settledAt(before)
  closeHouse(house)
})
