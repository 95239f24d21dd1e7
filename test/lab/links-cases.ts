// SPDX-License-Identifier: Apache-2.0
/** What becomes of answers when links change under the responder; links-wire.test.ts runs this file in a namespace. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { openLinks } from '../../src/os/links.ts'
import { openNeighborReflex } from '../../src/os/neighbor-reflex.ts'
import {
  afterwards,
  announcedBy,
  answeredBy,
  answerers,
  otherNamespace,
  responder,
  setUp,
  station,
  wire,
} from './links-station.ts'
import { ip, macOf, makeWire, Tap, until } from './wire-namespace.ts'

function addressesOf(name: string): string {
  return execFileSync('ip', ['-6', 'address', 'show', 'dev', name], { encoding: 'utf8' })
}

const descriptors = () => readdirSync('/proc/self/fd').length

/** `ip -batch` with 500 of these lines, while this thread goes on. */
async function batch(line: (i: number) => string): Promise<void> {
  const child = spawn('ip', ['-batch', '-'], { stdio: ['pipe', 'inherit', 'inherit'] })
  child.stdin.end(Array.from({ length: 500 }, (_, i) => line(i)).join(''))
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
}

test('a link that is renamed while up is answered on by its new name, and announced there', async () => {
  const tap = await wire()
  const mac = macOf('near')
  await responder('renamed')
  assert.deepEqual(await answerers(tap), [])
  ip('link', 'set', 'near', 'name', 'renamed')
  assert.ok(await announcedBy(tap, mac))
  await answeredBy(tap, mac)
  ip('link', 'set', 'renamed', 'name', 'near')
  await answeredBy(tap)
})

test('a link that changes its MAC address announces the new one and answers with it', async () => {
  const tap = await wire()
  const before = macOf('near')
  await responder()
  await answeredBy(tap, before)
  ip('link', 'set', 'near', 'address', '02:00:00:00:00:aa')
  assert.ok(await announcedBy(tap, '02:00:00:00:00:aa'))
  await answeredBy(tap, '02:00:00:00:00:aa')
  assert.equal(await announcedBy(tap, before, 1500), false, 'a round with the old one, a second later')
})

test('a member of a bridge is silent; released, it announces and answers again', async () => {
  const tap = await wire()
  await responder('near')
  await answeredBy(tap, macOf('near'))
  ip('link', 'add', 'bridge', 'type', 'bridge')
  afterwards(() => ip('link', 'del', 'bridge'))
  ip('link', 'set', 'near', 'master', 'bridge')
  await answeredBy(tap)
  ip('link', 'set', 'near', 'nomaster')
  assert.ok(await announcedBy(tap, macOf('near')))
  await answeredBy(tap, macOf('near'))
})

test('a bridge answers for its members, once, with its own MAC address', async () => {
  const tap = await wire()
  await responder()
  ip('link', 'add', 'bridge', 'address', '02:00:00:00:00:bb', 'type', 'bridge')
  afterwards(() => ip('link', 'del', 'bridge'))
  ip('link', 'set', 'near', 'master', 'bridge')
  setUp('bridge')
  assert.ok(await announcedBy(tap, '02:00:00:00:00:bb'))
  await answeredBy(tap, '02:00:00:00:00:bb')
})

test('a link set to NOARP is silent; set back, it announces and answers again', async () => {
  const tap = await wire()
  await responder()
  await answeredBy(tap, macOf('near'))
  ip('link', 'set', 'dev', 'near', 'arp', 'off')
  await answeredBy(tap)
  ip('link', 'set', 'dev', 'near', 'arp', 'on')
  assert.ok(await announcedBy(tap, macOf('near')))
  await answeredBy(tap, macOf('near'))
})

test('a link that has its cable back announces again', async () => {
  makeWire('near', 'far')
  afterwards(() => ip('link', 'del', 'far'))
  const first = new Tap('far')
  await first.ready
  await responder()
  await answeredBy(first, macOf('near'))
  while (await announcedBy(first, macOf('near'), 1500)) continue // the rounds of the start
  await first.close()
  ip('link', 'set', 'far', 'down')
  const links = openLinks()
  afterwards(() => links.close())
  const hasCarrier = () => links.list().find(({ name }) => name === 'near')?.carrier
  await until(() => hasCarrier() === false, 'near to lose its carrier')
  ip('link', 'set', 'far', 'up')
  const tap = await station('far')
  assert.ok(await announcedBy(tap, macOf('near')))
  await answeredBy(tap, macOf('near'))
})

test('a link that moves to another namespace takes no answers along; back here it answers', async () => {
  const tap = await wire()
  const mac = macOf('near')
  await responder('near')
  await answeredBy(tap, mac)
  const there = await otherNamespace()
  const inThere = (...command: string[]) => execFileSync('nsenter', ['-n', '-t', there, ...command])
  ip('link', 'set', 'near', 'netns', there)
  inThere('ip', 'link', 'set', 'near', 'up')
  await answeredBy(tap)
  inThere('ip', 'link', 'set', 'near', 'netns', String(process.pid))
  setUp('near')
  assert.ok(await announcedBy(tap, mac))
  await answeredBy(tap, mac)
})

test('a macvlan answers with its own MAC address, as a VLAN would on the frames that are its own', async () => {
  const tap = await wire()
  await responder('upper')
  ip('link', 'add', 'upper', 'link', 'near', 'address', '02:00:00:00:00:cc', 'type', 'macvlan', 'mode', 'bridge')
  setUp('upper')
  assert.ok(await announcedBy(tap, '02:00:00:00:00:cc'))
  await answeredBy(tap, '02:00:00:00:00:cc')
  ip('link', 'set', 'near', 'down') // and with it what stands on it
  ip('link', 'set', 'near', 'up')
  ip('link', 'set', 'upper', 'up')
  await answeredBy(tap, '02:00:00:00:00:cc')
  ip('link', 'del', 'upper')
  await answeredBy(tap)
})

test('an excluded interface is neither announced on nor answered, not even by name', async () => {
  makeWire('later', 'behind')
  afterwards(() => ip('link', 'del', 'later'))
  const tap = await station('behind')
  for (const interfaces of [[], ['later']]) {
    await responder(...interfaces)
    assert.deepEqual(await answerers(tap), [])
    assert.deepEqual(await tap.settle(1300), [], 'nor by the second round')
  }
})

test('on a directory the file of excluded interfaces counts as it does in a cluster', async () => {
  for (const name of ['near', 'hidden']) {
    makeWire(name, `of-${name}`)
    afterwards(() => ip('link', 'del', name))
  }
  const script = `mount -t tmpfs none /etc
    mkdir /etc/metallb
    printf 'announcedInterfacesToExclude:\\n- ^hidden$\\n- ^of-\\n' > /etc/metallb/excludel2.yaml
    exec "$@"`
  const metallb = ['bin/metallb', 'speaker', '--manifests', 'examples/basics', '--node-name', 'node-1']
  const place = ['--run-dir', '/etc/metallb']
  const child = spawn('unshare', ['--mount', 'sh', '-ec', script, 'sh', ...metallb, ...place], {
    cwd: join(import.meta.dirname, '../..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  afterwards(() => child.kill('SIGKILL'))
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  await until(() => lines.some((line) => line.includes('"ready"')), 'the speaker', 20_000)
  const attached = lines.flatMap((line) => /"event":"createARPResponder","interface":"([^"]+)"/.exec(line)?.[1] ?? [])
  assert.deepEqual(attached, ['near'])
})

test('links: a link-local address is told when it is usable, and when it is gone', async () => {
  ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far')
  afterwards(() => ip('link', 'del', 'near'))
  const links = openLinks()
  afterwards(() => links.close())
  const address = () => links.list().find(({ name }) => name === 'near')?.linkLocal
  const told: unknown[] = []
  links.onChange(() => told.push(address()))
  ip('link', 'set', 'near', 'up')
  ip('link', 'set', 'far', 'up')
  await until(() => links.list().find(({ name }) => name === 'near')?.carrier === true, 'near to be up')
  assert.equal(address(), null, 'the kernel looks for duplicates for a second')
  await until(() => typeof address() === 'string', 'the link-local address', 10_000)
  assert.match(String(address()), /^fe80::[0-9a-f:]+$/)
  assert.equal(told.at(-1), address())
  ip('-6', 'address', 'flush', 'dev', 'near')
  await until(() => address() === null, 'the address to be gone')
  assert.equal(told.at(-1), null)
})

test('links: an address that another station has is not usable', async () => {
  ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far')
  afterwards(() => ip('link', 'del', 'near'))
  const links = openLinks()
  afterwards(() => links.close())
  for (const name of ['near', 'far']) execFileSync('sysctl', ['-qw', `net.ipv6.conf.${name}.addr_gen_mode=1`])
  for (const name of ['near', 'far']) ip('link', 'set', name, 'up')
  const address = () => links.list().find(({ name }) => name === 'near')?.linkLocal
  ip('-6', 'address', 'add', 'fe80::1/64', 'dev', 'far', 'nodad')
  ip('-6', 'address', 'add', 'fe80::1/64', 'dev', 'near')
  await until(() => addressesOf('near').includes('dadfailed'), 'the duplicate to be found', 10_000)
  assert.equal(address(), null)
  ip('-6', 'address', 'add', 'fe80::2/64', 'dev', 'near', 'nodad')
  await until(() => address() === 'fe80::2', 'the other address')
})

test('links: of thousands of addresses on one link the first are read, and every link-local one', async () => {
  ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far')
  afterwards(() => ip('link', 'del', 'near'))
  const own = Array.from({ length: 3000 }, (_, i) => `address add 10.${i >> 8}.${i & 255}.1/32 dev near\n`)
  const own6 = Array.from({ length: 100 }, (_, i) => `address add 2001:db8::${i + 1}/128 dev near nodad\n`)
  execFileSync('ip', ['-batch', '-'], { input: [...own, ...own6, 'link set near up\n', 'link set far up\n'].join('') })
  const links = openLinks()
  afterwards(() => links.close())
  const near = () => links.list().find(({ name }) => name === 'near')
  const count = (family: string) => near()?.addresses.filter(({ address }) => address.includes(family)).length
  assert.deepEqual([count('.'), count(':'), near()?.addresses[0]?.address], [64, 64, '10.0.0.1'])
  await until(() => near()?.linkLocal !== null, 'the link-local address', 10_000)
})

test('a hundred links that go at once are let go without a wait for the kernel at each', async () => {
  const lines = Array.from({ length: 100 }, (_, i) => `link add a${i} group 5 up type veth peer name b${i}\n`)
  execFileSync('ip', ['-batch', '-'], { input: lines.join('') })
  afterwards(() => ip('link', 'del', 'group', '5'))
  const links = openLinks()
  afterwards(() => links.close())
  const reflex = openNeighborReflex({ pauseMs: 0 })
  afterwards(() => reflex.close())
  const attached = links.list().filter(({ name }) => name.startsWith('a'))
  const before = descriptors()
  for (const link of attached) reflex.attach('arp', link)
  const startedMs = performance.now()
  for (const { index } of attached) reflex.detach({ protocol: 'arp', index })
  const tookMs = performance.now() - startedMs
  assert.ok(tookMs < 300, `${tookMs} ms`) // a close takes some 10 ms
  await until(() => descriptors() <= before, 'the last of them to be closed')
})

test('links: a thousand at once are read together, with a pause in between, and none is missed', async () => {
  const links = openLinks()
  afterwards(() => links.close())
  const times: number[] = []
  links.onChange(() => times.push(performance.now()))
  await batch((i) => `link add a${i} group 5 type veth peer name b${i}\nlink set a${i} up\nlink set b${i} up\n`)
  const working = () => links.list().filter(({ up, carrier }) => up && carrier).length
  await until(() => working() === 1000, 'a thousand links')
  await batch((i) => `link set b${i} down\n`)
  await until(() => working() === 0, 'the last of them to lose its carrier')
  ip('link', 'del', 'group', '5') // all in one, while this thread waits
  await until(() => links.list().every(({ name }) => name === 'lo'), 'all to be gone')
  const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0))
  assert.ok(Math.min(...gaps) >= 19, `the shortest of ${gaps.length} pauses took ${Math.min(...gaps)} ms`)
})
