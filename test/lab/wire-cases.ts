// SPDX-License-Identifier: Apache-2.0
/** The responder as a process of its own on a real wire; wire-responder.test.ts runs this file in a namespace. */
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type ArpFrame, BROADCAST_MAC, decode, encode, gratuitous } from '../../src/l2/arp.ts'
import { freeze, inNamespace, ip, macOf, makeWire, sleep, type Tap, until } from './wire-namespace.ts'
import { cleanUps, PROGRAM, startResponder, startTap, wire } from './wire-running.ts'

const VIP = '198.51.100.1'
const VIP_NUMBER = 0xc633_6401
const STATION = '02:00:00:00:00:ff'
/** Root without any capability but those named; a file system of one's own needs none. */
const withOnly = (capabilities: string) => ['--bounding-set', capabilities, '--inh-caps', capabilities]

const REQUEST: ArpFrame = {
  destination: BROADCAST_MAC,
  source: STATION,
  operation: 'request',
  senderMac: STATION,
  senderIp: 0xc633_6409,
  targetMac: '00:00:00:00:00:00',
  targetIp: VIP_NUMBER,
}

const replies = (frames: readonly Uint8Array[]) =>
  frames.map((frame) => decode(frame)).filter((f) => !('malformed' in f) && f.destination === STATION)

async function isAnswered(tap: Tap): Promise<boolean> {
  tap.take()
  tap.send(encode(REQUEST))
  return replies(await tap.settle()).length > 0
}

test('a kernel resolves the address and keeps it as a reachable neighbour', async () => {
  const [program, args] = inNamespace(['sleep', '60'])
  const client = spawn(program, args, { stdio: 'ignore' })
  cleanUps.push(() => client.kill('SIGKILL'))
  wire('near', 'far')
  const pid = () => readFileSync(`/proc/${client.pid}/task/${client.pid}/children`, 'utf8').trim()
  await until(() => pid() !== '', 'the client')
  ip('link', 'set', 'far', 'netns', pid())
  const inClient = (...command: string[]) =>
    execFileSync('nsenter', ['-n', '-t', pid(), ...command], { encoding: 'utf8' })
  inClient('ip', 'address', 'add', '198.51.100.9/24', 'dev', 'far')
  inClient('ip', 'link', 'set', 'far', 'up')
  await startResponder([VIP])
  const datagram = `const s = require('node:dgram').createSocket('udp4'); s.send('x', 9, '${VIP}', () => s.close())`
  inClient(process.execPath, '-e', datagram) // to send it, the kernel has to ask who has the address
  const mac = macOf('near')
  await until(() => inClient('ip', 'neigh', 'show', VIP).includes(`lladdr ${mac}`), 'the neighbour entry')
})

test('gratuitous frames: five rounds of a request and a reply, 1.1 s apart', async () => {
  wire('near', 'far')
  const tap = await startTap('far')
  const startedMs = performance.now()
  await startResponder([VIP])
  const frames = await tap.expect(10, 9000)
  const tookMs = performance.now() - startedMs
  const mac = macOf('near')
  const round = (['request', 'reply'] as const).map((operation) => gratuitous(operation, VIP_NUMBER, mac))
  assert.deepEqual(
    frames.map((frame) => decode(frame)),
    [...round, ...round, ...round, ...round, ...round],
  )
  assert.ok(tookMs >= 4400, `${tookMs} ms`)
  assert.deepEqual(await tap.settle(1500), [])
})

test('SIGTERM: the address is withdrawn before the process ends', async () => {
  wire('near', 'far')
  const tap = await startTap('far')
  const responder = await startResponder([VIP])
  assert.equal(await isAnswered(tap), true)
  await responder.terminate()
  assert.equal(await isAnswered(tap), false)
  assert.match(responder.lines.at(-1) ?? '', /withdrawn/)
})

test('after SIGSTOP longer than the limit: what waited is thrown away, silence until confirmed', async () => {
  wire('near', 'far')
  const tap = await startTap('far')
  const responder = await startResponder([VIP])
  assert.equal(await isAnswered(tap), true)
  await freeze(responder.process.pid ?? 0)
  tap.send(encode(REQUEST))
  await sleep(1000)
  responder.process.kill('SIGCONT')
  const line = await responder.says('suspended')
  assert.ok(JSON.parse(line).pausedMs >= 400, line)
  assert.deepEqual(await tap.settle(1500), [], 'neither an answer nor a gratuitous frame')
  assert.equal(await isAnswered(tap), false)
  responder.process.kill('SIGUSR1')
  assert.equal((await tap.expect(2)).length, 2, 'announced again')
  assert.equal(await isAnswered(tap), true)
})

test('a pause shorter than the limit is no reason to fall silent', async () => {
  wire('near', 'far')
  const tap = await startTap('far')
  const responder = await startResponder([VIP])
  responder.process.kill('SIGSTOP')
  await sleep(100)
  responder.process.kill('SIGCONT')
  assert.equal(await isAnswered(tap), true)
})

test('an interface that appears later is answered on, by its name, and hears the announcement', async () => {
  wire('near', 'far')
  const responder = await startResponder([VIP, 'late'])
  await responder.says('nothing answers ARP for 198.51.100.1')
  makeWire('late', 'later')
  cleanUps.push(() => ip('link', 'del', 'late'))
  const tap = await startTap('later')
  assert.ok((await tap.expect(2)).length >= 2)
  assert.equal(await isAnswered(tap), true)
  const near = await startTap('far')
  assert.equal(await isAnswered(near), false)
})

test('an interface that goes down and up again hears the announcement again', async () => {
  wire('near', 'far')
  await startResponder([VIP])
  ip('link', 'set', 'near', 'down')
  await sleep(200)
  const tap = await startTap('far')
  ip('link', 'set', 'near', 'up')
  assert.ok((await tap.expect(2)).length >= 2)
  assert.equal(await isAnswered(tap), true)
})

test('a request with the tag of a VLAN that ends here is not answered', async () => {
  wire('near', 'far')
  const tap = await startTap('far')
  const responder = await startResponder([VIP])
  const plain = encode(REQUEST)
  tap.send(Uint8Array.of(...plain.subarray(0, 12), 0x81, 0x00, 0x00, 0x05, ...plain.subarray(12)))
  assert.deepEqual(replies(await tap.settle()), [])
  responder.process.kill('SIGUSR2')
  const { counters } = JSON.parse(await responder.says('"counters"'))
  assert.equal(counters.drops.arp.malformed, 1, 'the kernel takes the tag off before we see the frame')
})

test('CAP_NET_RAW alone is enough', async () => {
  wire('near', 'far')
  const tap = await startTap('far')
  const responder = await startResponder([VIP], ['setpriv', ...withOnly('-all,+net_raw')])
  const status = readFileSync(`/proc/${responder.process.pid}/status`, 'utf8')
  assert.match(status, /^CapEff:\t0000000000002000$/m)
  assert.equal(await isAnswered(tap), true)
})

test('without CAP_NET_RAW: one line that says so', () => {
  const { status, stderr } = spawnSync('setpriv', [...withOnly('-all'), ...PROGRAM, VIP], { encoding: 'utf8' })
  assert.equal(status, 1)
  assert.match(stderr, /^cannot open a packet socket: this process lacks CAP_NET_RAW; run it as root, .*\n$/)
})

test('where the kernel has no memory for filters, frames are answered all the same', async () => {
  wire('near', 'far')
  execFileSync('sysctl', ['-qw', 'net.core.optmem_max=50'])
  cleanUps.push(() => execFileSync('sysctl', ['-qw', 'net.core.optmem_max=131072']))
  const tap = await startTap('far')
  await startResponder([VIP])
  assert.equal(await isAnswered(tap), true)
})
