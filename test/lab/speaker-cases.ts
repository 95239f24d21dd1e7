// SPDX-License-Identifier: Apache-2.0
/** `metallb controller` and `metallb speaker` as users start them; speaker.test.ts runs this file in a namespace. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, test } from 'node:test'
import { BROADCAST_MAC, decode, encode, gratuitous } from '../../src/l2/arp.ts'
import { ip, makeWire, sleep, Tap, until } from './wire-namespace.ts'

const ROOT = join(import.meta.dirname, '../..')
const METALLB = join(ROOT, 'bin/metallb')
/** The first address of the pool in examples/basics, 192.168.1.240. */
const VIP = 0xc0a8_01f0
const STATION = '02:00:00:00:00:ff'
const REQUEST = encode({ ...gratuitous('request', VIP, STATION), destination: BROADCAST_MAC, senderIp: 0xc0a8_0109 })

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

class Program {
  readonly process: ChildProcess
  readonly lines: string[] = []

  constructor(...args: readonly string[]) {
    const runDirectory = mkdtempSync(join(tmpdir(), 'metallb-run-'))
    cleanUps.push(() => rmSync(runDirectory, { recursive: true, force: true }))
    const child = spawn(METALLB, [...args, '--run-dir', runDirectory], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.process = child
    createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(line))
    cleanUps.push(() => child.kill('SIGKILL'))
  }

  async says(text: string): Promise<void> {
    await until(() => this.lines.some((line) => line.includes(text)), `'${text}' in the log`, 10_000)
  }
}

/** Wire, station, controller and the speaker of the node that the address belongs to. */
async function start() {
  makeWire('near', 'far')
  ip('link', 'set', 'far', 'arp', 'off') // the station's end is no link of the node
  cleanUps.push(() => ip('link', 'del', 'near'))
  const directory = mkdtempSync(join(tmpdir(), 'metallb-speaker-'))
  cleanUps.push(() => rmSync(directory, { recursive: true, force: true }))
  cpSync(join(ROOT, 'examples/basics'), directory, { recursive: true })
  const controller = new Program('controller', '--manifests', directory)
  await until(() => existsSync(join(directory, '.status/services/default.nginx-service.json')), 'the address', 10_000)
  const speakers = ['node-1', 'node-2', 'node-3'].map(
    (node) => new Program('speaker', '--manifests', directory, '--node-name', node),
  )
  await Promise.all(speakers.map((one) => one.says('"ready"')))
  const owners = speakers.filter((one) => one.lines.some((line) => line.includes('serviceAnnounced')))
  assert.equal(owners.length, 1, 'one node owns the address')
  for (const other of speakers) if (other !== owners[0]) other.process.kill('SIGKILL')
  const tap = new Tap('far')
  cleanUps.push(() => tap.close())
  await tap.ready
  const [speaker] = owners
  assert.ok(speaker)
  return { directory, controller, speaker, tap }
}

/** Frames in which the address is claimed: answers and gratuitous ones. */
const claims = (frames: readonly Uint8Array[]) =>
  frames.map((frame) => decode(frame)).filter((frame) => 'senderIp' in frame && frame.senderIp === VIP)
const answers = (frames: readonly Uint8Array[]) =>
  claims(frames).filter((frame) => 'destination' in frame && frame.destination === STATION)

async function isAnswered(tap: Tap): Promise<boolean> {
  tap.take()
  tap.send(REQUEST)
  return answers(await tap.settle()).length > 0
}

test('SIGTERM: answered up to then, never after the end, which comes within a second', async () => {
  const { speaker, tap } = await start()
  assert.equal(await isAnswered(tap), true)
  let sent = 0
  const asking = setInterval(() => {
    tap.send(REQUEST)
    sent++
  }, 2)
  cleanUps.push(() => clearInterval(asking))
  await sleep(300)
  const startedMs = performance.now()
  const gone = once(speaker.process, 'exit')
  speaker.process.kill('SIGTERM')
  const [code] = await gone
  const tookMs = performance.now() - startedMs
  assert.equal(code, 0)
  assert.ok(tookMs < 1000, `${tookMs} ms`)
  await sleep(20) // what was on its way
  assert.ok(answers(tap.take()).length > 50, `of ${sent}`)
  await sleep(300)
  assert.deepEqual(claims(tap.take()), [])
  await speaker.says('"stopping"')
})

test('the controller is killed: the speaker answers on', async () => {
  const { controller, speaker, tap } = await start()
  const gone = once(controller.process, 'exit')
  controller.process.kill('SIGKILL')
  await gone
  await sleep(300)
  assert.equal(await isAnswered(tap), true)
  assert.equal(speaker.process.exitCode, null)
})

test('the Service is deleted while the speaker is stopped: awake again, it claims the address not once', async () => {
  const { directory, speaker, tap } = await start()
  assert.equal(await isAnswered(tap), true)
  speaker.process.kill('SIGSTOP')
  rmSync(join(directory, 'service.yaml'))
  tap.send(REQUEST)
  await sleep(1500)
  tap.take()
  const asking = setInterval(() => tap.send(REQUEST), 2)
  cleanUps.push(() => clearInterval(asking))
  speaker.process.kill('SIGCONT')
  await speaker.says('did not run for a while')
  await sleep(1500)
  assert.deepEqual(claims(tap.take()), [])
  await speaker.says('serviceWithdrawn')
})

test('stopped and awake again with nothing changed: silent until it has looked, then it announces and answers', async () => {
  const { speaker, tap } = await start()
  await tap.settle(1500)
  speaker.process.kill('SIGSTOP')
  await sleep(1500)
  speaker.process.kill('SIGCONT')
  await speaker.says('did not run for a while')
  assert.ok(claims(await tap.expect(2)).length >= 2)
  assert.equal(await isAnswered(tap), true)
})

test('another station goes on to claim the address: the log says which, and the address is answered on', async () => {
  const { speaker, tap } = await start()
  const claim = encode(gratuitous('reply', VIP, STATION))
  const claiming = setInterval(() => tap.send(claim), 400)
  cleanUps.push(() => clearInterval(claiming))
  await speaker.says('"event":"addressConflict"')
  const said = speaker.lines.filter((line) => line.includes('"event":"addressConflict"'))
  assert.match(
    said.join(),
    /^[^,]*,"level":"warn",.*"mac":"02:00:00:00:00:ff",.*"services":\["default\/nginx-service"\]/,
  )
  assert.equal(await isAnswered(tap), true)
})

test('without CAP_NET_RAW: one line that says so, and status 1', () => {
  const bare = ['--bounding-set', '-all', '--inh-caps', '-all', METALLB]
  const args = ['speaker', '--manifests', join(ROOT, 'examples/basics'), '--node-name', 'node-1']
  const { status, stderr } = spawnSync('setpriv', [...bare, ...args], { encoding: 'utf8' })
  assert.equal(status, 1)
  assert.match(stderr, /^.*cannot open a packet socket: this process lacks CAP_NET_RAW; .*\n$/)
})

test('without the native part: one line that says how to build it, and status 1', () => {
  const args = ['speaker', '--manifests', join(ROOT, 'examples/basics'), '--node-name', 'node-1']
  const hidden = ['--mount', 'sh', '-c', 'mount -t tmpfs none "$1/build" && shift && exec "$@"', 'sh', ROOT, METALLB]
  const { status, stderr } = spawnSync('unshare', [...hidden, ...args], { encoding: 'utf8' })
  assert.equal(status, 1)
  assert.match(stderr, /^.*the native part is missing at .*: run 'make setup' in the checkout\n$/)
})
