// SPDX-License-Identifier: Apache-2.0
/** The native part where it hurts: floods, lost news, pauses at bad moments; native.test.ts runs this in a namespace. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { BROADCAST_MAC, encode, gratuitous } from '../../src/l2/arp.ts'
import { openLinks } from '../../src/os/links.ts'
import { openNeighborReflex } from '../../src/os/neighbor-reflex.ts'
import { buildTool, ip, makeWire, Tap, until } from './wire-namespace.ts'

const MINE = '198.51.100.1'
const MINE_NUMBER = 0xc633_6401
const STATION = '02:00:00:00:00:ff'
const REQUEST = encode({
  ...gratuitous('request', MINE_NUMBER, STATION),
  destination: BROADCAST_MAC,
  senderIp: 0xc633_6409,
})

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

function wire(pauseMs = 0) {
  makeWire('near', 'far')
  const links = openLinks()
  const reflex = openNeighborReflex({ pauseMs })
  cleanUps.push(() => {
    reflex.close()
    links.close()
    ip('link', 'del', 'near')
  })
  const near = () => {
    const found = links.list().find(({ name }) => name === 'near')
    assert.ok(found)
    return found
  }
  reflex.attach('arp', near())
  reflex.update([{ ip: MINE, reach: 'all' }])
  return { links, reflex, near }
}

async function station(): Promise<Tap> {
  const tap = new Tap('far')
  cleanUps.push(() => tap.close())
  await tap.ready
  return tap
}

/** Requests for our address, as many as the machine can send, until the test ends. */
function flood(): ChildProcess {
  const child = spawn(buildTool('test/bench/arp-client.c'), ['far', '198.51.100.1', 'rate', '400000', '30'], {
    stdio: 'ignore',
  })
  cleanUps.push(() => child.kill('SIGKILL'))
  return child
}

const descriptors = () => readdirSync('/proc/self/fd').length
/** Stops this process for 0.8 s. */
const pause = () => execFileSync('sh', ['-c', `kill -STOP ${process.pid}; sleep 0.8; kill -CONT ${process.pid}`])
const blocked = (seconds: number) => execFileSync('sleep', [String(seconds)])

test('links: a process out of descriptors misses the news, says so once, and hears it when it has some again', async () => {
  makeWire('near', 'far')
  const faults: string[] = []
  const links = openLinks((fault) => faults.push(fault.message))
  cleanUps.push(() => {
    links.close()
    ip('link', 'del', 'near')
  })
  const isUp = () => links.list().find(({ name }) => name === 'near')?.up
  execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=256:'])
  const taken: number[] = []
  cleanUps.push(() => taken.splice(0).map((descriptor) => closeSync(descriptor)))
  const later = spawn('sh', ['-c', 'sleep 0.3; ip link set near down'], { stdio: ['ignore', 'ignore', 'inherit'] })
  await once(later, 'spawn')
  const takeAll = () => {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  }
  assert.throws(takeAll, /EMFILE/)
  await until(() => faults.length > 0, 'the fault')
  assert.equal(isUp(), true)
  for (const descriptor of taken.splice(0)) closeSync(descriptor)
  await until(() => isUp() === false, 'the news that near is down')
  assert.deepEqual(faults, ['cannot list the network interfaces: the kernel says EMFILE'])
})

test('links: more changes than the kernel can queue for us are changes, and so is the next one', async () => {
  const { links, near } = wire()
  const batch = `${'link set near mtu 1400\nlink set near mtu 1500\n'.repeat(1500)}link set near down\n`
  execFileSync('ip', ['-batch', '-'], { input: batch }) // this thread waits and reads nothing
  await until(() => !near().up, 'the news that near is down')
  ip('link', 'set', 'near', 'up')
  await until(() => near().up, 'the news that near is up')
  assert.ok(links.list().length >= 2)
})

test('a link removed and made again with its old index and MAC address, all between two looks, is answered on', async () => {
  const { reflex, near } = wire(300)
  const { index, mac } = near()
  execFileSync('sh', [
    '-ec',
    `ip link del near
     ip link add near index ${index} address ${mac} type veth peer name far
     ip link set near up
     ip link set far up
     sleep 1.5`,
  ])
  const tap = await station()
  tap.send(REQUEST)
  assert.equal((await tap.expect(1)).length, 1)
  assert.equal(reflex.counters().addresses[0]?.replies, 1)
})

test('a flood of requests does not keep the main thread from changing what is claimed', async () => {
  const { reflex } = wire()
  flood()
  await until(() => (reflex.counters().addresses[0]?.replies ?? 0) > 1000, 'the flood')
  const times = Array.from({ length: 300 }, (_, i) => {
    const started = performance.now()
    reflex.update([{ ip: `198.51.101.${i % 256}`, reach: i < 256 ? 'all' : null }])
    return performance.now() - started
  })
  const worst = Math.max(...times)
  assert.ok(worst < 50, `the slowest of 300 changes took ${worst} ms`)
})

test('links come and go under a flood; nothing is left open', async () => {
  const { reflex, near } = wire()
  flood()
  await until(() => (reflex.counters().addresses[0]?.replies ?? 0) > 1000, 'the flood')
  const before = descriptors()
  for (let i = 0; i < 200; i++) {
    reflex.detach({ protocol: 'arp', index: near().index })
    assert.throws(() => reflex.attach('arp', { ...near(), index: 99_999, name: 'none' }), /there is no such interface/)
    reflex.attach('arp', near())
    assert.throws(() => reflex.attach('arp', near()))
    for (const claimed of ['198.51.100.2', MINE])
      reflex.update([{ ip: claimed, reach: i % 2 ? 'all' : [near().index] }])
    if (i % 20 === 0) await until(() => descriptors() === before, 'what is detached to be closed')
  }
  await until(() => descriptors() === before, 'the last of them to be closed')
  const replies = reflex.counters().addresses[0]?.replies ?? 0
  await until(() => (reflex.counters().addresses[0]?.replies ?? 0) > replies, 'answers afterwards')
})

test('the report of a pause is not lost behind conflicts that nobody has read yet', async () => {
  const { reflex } = wire(300)
  const tap = await station()
  let suspended = 0
  reflex.listen({ onSuspended: () => suspended++, onConflict: () => undefined })
  // The main thread is busy for 7 s, in which some 70 conflicts are reported; then the process is stopped.
  const claim = Buffer.from(encode(gratuitous('reply', MINE_NUMBER, STATION))).toString('hex')
  const script = `import { spawn } from 'node:child_process'
    const tap = spawn(${JSON.stringify(buildTool('test/lab/tap.c'))}, ['far'], { stdio: ['pipe', 'ignore', 'inherit'] })
    setInterval(() => tap.stdin.write('${claim}\\n'), 20)
    setTimeout(() => process.kill(${process.pid}, 'SIGSTOP'), 6900)
    setTimeout(() => process.kill(${process.pid}, 'SIGCONT'), 7600)
    setTimeout(() => { tap.kill(); process.exit() }, 7800)`
  const other = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' })
  cleanUps.push(() => other.kill('SIGKILL'))
  blocked(8)
  await until(() => suspended > 0, 'the report of the pause')
  tap.take()
  reflex.confirm()
  tap.send(REQUEST)
  assert.ok((await tap.expect(1)).length > 0)
})

test('confirming what was decided before another pause does not end the silence', async () => {
  const { reflex } = wire(300)
  const tap = await station()
  let suspended = 0
  reflex.listen({ onSuspended: () => suspended++, onConflict: () => undefined })
  pause()
  await until(() => suspended === 1, 'the first report')
  pause() // while the owner is still finding out
  reflex.confirm()
  tap.send(REQUEST)
  assert.deepEqual(await tap.settle(), [])
  await until(() => suspended === 2, 'the second report')
  reflex.confirm()
  tap.send(REQUEST)
  assert.equal((await tap.settle()).length, 1)
})

const END = join(import.meta.dirname, 'native-end.ts')
for (const how of ['exit', 'worker', 'abandon', 'close'] as const) {
  test(`a process ends well under a flood: ${how}`, () => {
    wire()
    const client = flood()
    for (let i = 0; i < 5; i++) {
      const { status, signal, stderr } = spawnSync(process.execPath, [END, how], { encoding: 'utf8', timeout: 20_000 })
      assert.deepEqual({ status, signal, stderr }, { status: 0, signal: null, stderr: '' })
    }
    assert.equal(client.exitCode, null)
  })
}
