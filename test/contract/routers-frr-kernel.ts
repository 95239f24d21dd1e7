// SPDX-License-Identifier: Apache-2.0
/**
 * FRR on the other side of a wire without any address but the link-local ones; routers.test.ts runs this file in a network
 * namespace of its own, as root, for FRR's daemons become a user of their own.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { PeerStream } from '../../src/lib/peer-sockets.ts'
import { openPeerSockets } from '../../src/os/peer-sockets.ts'
import { until } from '../lab/wire-namespace.ts'
import { type Near, OtherNamespace, openNear, untilLinkLocal, wire } from './routers-scene.ts'
import { Listening, noFault } from './sockets-bench.ts'

const LONG_MS = 30_000
const BGP = 179
const CONFIG = `hostname far
router bgp 64999
 bgp router-id 192.0.2.1
 no bgp ebgp-requires-policy
 neighbor far interface remote-as external
 neighbor far timers connect 2
`

let near: Near
let other: OtherNamespace
const directory = mkdtempSync(join(tmpdir(), 'metallb-routers-'))
process.on('exit', () => rmSync(directory, { recursive: true }))
const vtysh = (command: string): string =>
  execFileSync('vtysh', ['--vty_socket', directory, '--config_dir', directory, '-d', 'bgpd', '-c', command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })

/** A BGP OPEN: 16 bytes of ones, the length, the type. */
function hasOpen({ text }: Listening): boolean {
  return text.startsWith('\u00ff'.repeat(16)) && text.charCodeAt(18) === 1
}

/** Where bgpd takes its neighbour to be; nothing before it answers. */
function neighborOfFrr(): string {
  try {
    const { far } = JSON.parse(vtysh('show bgp neighbors far json'))
    return far?.bgpNeighborAddr ?? ''
  } catch {
    return ''
  }
}

function startFrr(): void {
  for (const file of ['zebra.conf', 'vtysh.conf']) writeFileSync(join(directory, file), '')
  writeFileSync(join(directory, 'bgpd.conf'), CONFIG)
  execFileSync('chown', ['-R', 'frr:frr', directory])
  const shared = ['--vty_socket', directory, '-z', join(directory, 'zserv.api'), '-P', '0']
  for (const name of ['zebra', 'bgpd']) {
    const own = ['-f', join(directory, `${name}.conf`), '-i', join(directory, `${name}.pid`)]
    other.start(`/usr/lib/frr/${name}`, ...shared, ...own)
  }
}

before(async () => {
  other = await OtherNamespace.open()
  wire()
  other.take('far')
  other.run('sysctl', '-qw', 'net.ipv6.conf.far.accept_dad=0')
  for (const name of ['lo', 'far']) other.run('ip', 'link', 'set', name, 'up')
  near = openNear()
  await untilLinkLocal(near)
  startFrr()
})

after(async () => {
  near.close()
  await other.close()
})

test('FRR is found; it learns us by an advertisement of lifetime 0, and dials us', async () => {
  const visitors: PeerStream[] = []
  near.routers.watch(['near'])
  await until(() => near.told.length > 0, 'FRR to be heard', LONG_MS)
  const [link] = JSON.parse(other.run('ip', '-json', '-6', 'address', 'show', 'dev', 'far', 'scope', 'link'))
  const there = link.addr_info[0].local
  assert.deepEqual(near.told, [there])
  await until(() => neighborOfFrr() === near.linkLocal(), 'FRR to learn us', LONG_MS)
  const listener = await openPeerSockets().listen({
    local: { address: '::', port: BGP },
    peers: new Map([[`${there}%near`, { minTtl: 1 }]]),
    onStream: (stream) => visitors.push(stream),
    onFault: noFault,
  })
  await until(() => visitors.length > 0, 'FRR to dial', LONG_MS)
  const [visitor] = visitors
  assert.ok(visitor)
  assert.deepEqual(
    [visitor.remote.address, visitor.local],
    [`${there}%near`, { address: `${near.linkLocal()}%near`, port: BGP }],
  )
  const heard = new Listening(visitor)
  await until(() => hasOpen(heard), 'an OPEN', LONG_MS)
  listener.close()
  visitor.destroy()
})

test('FRR takes a connection from our link-local address, as its peer', async () => {
  const to = { address: `${near.routers.neighbour('near')}%near`, port: BGP }
  const stream = await openPeerSockets().dial({ to, timeoutMs: LONG_MS })
  assert.equal(stream.local?.address, `${near.linkLocal()}%near`)
  const heard = new Listening(stream)
  await until(() => hasOpen(heard), 'an OPEN', LONG_MS)
  stream.destroy()
})

test('with the link the neighbour goes, and comes back with it', async () => {
  other.run('ip', 'link', 'set', 'far', 'down')
  await until(() => near.routers.neighbour('near') === null, 'it to be gone', LONG_MS)
  other.run('ip', 'link', 'set', 'far', 'up')
  await until(() => near.routers.neighbour('near') !== null, 'it to be back', LONG_MS)
  assert.deepEqual(near.said, [])
})
