// SPDX-License-Identifier: Apache-2.0
/** Speakers that watch each other through the kernel's loopback, each in a process of its own. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Watches } from '../../src/bfd/watches.ts'
import { fromHex } from '../../src/lib/bytes.ts'
import { createLog } from '../../src/lib/log.ts'
import { openBfdReflex } from '../../src/os/bfd-reflex.ts'

execFileSync(join(import.meta.dirname, '../../tools/build-native'))

const END = join(import.meta.dirname, 'bfd-watches-end.ts')
const KEY = '00112233'
const LONG_MS = 15_000
/** Addresses of the loopback network that no other process of this machine has picked; new ones for each test. */
let last = 0
const newAddress = (): string => `127.80.${process.pid % 250}.${++last}`

/** The other speaker, a process; it ends with this one. */
class Other {
  readonly lines: string[] = []
  readonly process: ChildProcess

  constructor(address: string, other: string, key = KEY) {
    this.process = spawn(process.execPath, [END, address, other, key], { stdio: ['pipe', 'pipe', 'inherit'] })
    assert.ok(this.process.stdout)
    createInterface({ input: this.process.stdout }).on('line', (line) => this.lines.push(line))
  }

  tell(line: string): void {
    this.process.stdin?.write(`${line}\n`)
  }

  /** What it said of us since it started. */
  get reports(): string[] {
    return this.lines.filter((line) => line !== 'ready' && line !== 'done')
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal)
  }

  async end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    this.process.kill('SIGKILL')
    await once(this.process, 'exit')
  }
}

type Scene = Readonly<{ watches: Watches; reports: string[]; other: Other; at: string; there: string }>

async function until(condition: () => boolean, what: string, limitMs = LONG_MS): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!condition()) {
    if (performance.now() > endMs) assert.fail(`not within ${limitMs} ms: ${what}`)
    await sleep(5)
  }
}

function on(title: string, body: (scene: Scene) => Promise<void>, otherKey = KEY): void {
  void test(title, async () => {
    const [at, there] = [newAddress(), newAddress()]
    const reports: string[] = []
    const watches = new Watches({
      reflex: openBfdReflex(),
      local: { address: at, port: 7947 },
      intervalMs: 100,
      multiplier: 4,
      key: fromHex(KEY),
      random: Math.random,
      log: createLog('none'),
      onUp: () => reports.push('up'),
      onLost: ({ why }) => reports.push(why),
      onPaused: () => undefined,
    })
    const other = new Other(there, at, otherKey)
    try {
      watches.set([{ name: 'other', address: there, port: 7947 }])
      await body({ watches, reports, other, at, there })
    } finally {
      watches.close()
      await other.end()
    }
  })
}

const bothUp = ({ watches, other }: Scene) =>
  until(() => watches.isUp('other') && other.lines.includes('up'), 'both are Up')

on('one that is killed is lost in its detection time', async (scene) => {
  await bothUp(scene)
  await sleep(300)
  scene.other.kill('SIGKILL')
  const sinceMs = performance.now()
  await until(() => scene.reports.length > 1, 'it is lost')
  const tookMs = performance.now() - sinceMs
  assert.deepEqual(scene.reports, ['up', 'silent'])
  // 4 × 100 ms, and twice that for a machine with other things to do.
  assert.ok(tookMs > 200 && tookMs < 1200, `${tookMs} ms`)
})

on('while the loops of both stand still for a second, neither is lost', async (scene) => {
  await bothUp(scene)
  await sleep(300)
  scene.other.tell('busy')
  const endMs = performance.now() + 1000
  while (performance.now() < endMs);
  await until(() => scene.other.lines.includes('done'), 'the other is no longer busy')
  await sleep(600)
  assert.deepEqual([scene.reports, scene.other.reports.filter((line) => line !== 'paused')], [['up'], ['up']])
  assert.equal(scene.watches.isUp('other'), true)
})

on('one that is stopped for 2 s is lost, and itself takes nobody for lost', async (scene) => {
  await bothUp(scene)
  await sleep(300)
  scene.other.kill('SIGSTOP')
  await sleep(2000)
  assert.deepEqual(scene.reports, ['up', 'silent'])
  scene.other.kill('SIGCONT')
  await until(() => scene.watches.isUp('other'), 'it is Up again')
  await sleep(600)
  assert.ok(scene.other.reports.includes('paused'))
  assert.deepEqual(scene.other.reports.filter((line) => line !== 'paused').slice(0, 2), ['up', 'up'])
  assert.ok(!scene.other.reports.some((line) => line === 'silent' || line === 'restarted'))
})

test('two that are stopped together, as on a machine that sleeps, take each other for alive when they go on', async () => {
  const [at, there] = [newAddress(), newAddress()]
  const both = [new Other(at, there), new Other(there, at)]
  try {
    await until(() => both.every(({ lines }) => lines.includes('up')), 'both are Up')
    await sleep(300)
    for (const one of both) one.kill('SIGSTOP')
    await sleep(1500)
    for (const one of both) one.kill('SIGCONT')
    await until(() => both.every(({ lines }) => lines.includes('paused')), 'both notice it')
    await sleep(1000)
    for (const { reports } of both)
      assert.deepEqual(
        reports.filter((line) => line !== 'paused'),
        ['up'],
      )
  } finally {
    for (const one of both) await one.end()
  }
})

on('one that takes its leave is not lost', async (scene) => {
  await bothUp(scene)
  scene.other.tell('close')
  await until(() => !scene.watches.isUp('other'), 'its session is down')
  await sleep(1000)
  assert.deepEqual(scene.reports, ['up'])
})

on(
  'one with another key is never Up, and its packets are counted',
  async ({ watches, reports, other }) => {
    await until(() => watches.counters().refused.wrongTag > 0, 'its packets come')
    await sleep(300)
    assert.deepEqual([watches.isUp('other'), reports, other.reports], [false, [], []])
  },
  'ffff',
)

on('one that starts again is lost once and Up again', async (scene) => {
  await bothUp(scene)
  scene.other.kill('SIGKILL')
  await once(scene.other.process, 'exit')
  const again = new Other(scene.there, scene.at)
  try {
    await until(() => scene.watches.isUp('other') && again.lines.includes('up'), 'it is Up again')
    assert.equal(scene.reports.filter((line) => line !== 'up').length, 1)
    assert.deepEqual(scene.reports.at(-1), 'up')
  } finally {
    await again.end()
  }
})

test('a reflex may be closed by whom it tells something', async () => {
  const address = newAddress()
  const reflex = openBfdReflex()
  const socket = reflex.openSocket({ address, port: 7947 }, { ttl: 255 })
  const to = { address, port: 7947 }
  const session = reflex.openSession(socket, { to, remotePort: null, discriminator: 1, minTtl: 0 })
  let told = 0
  const onEvent = () => {
    told++
    reflex.close()
  }
  reflex.listen({ onPacket: onEvent, onSilence: onEvent, onPaused: onEvent })
  const nothing = new Uint8Array(0)
  const state = { packet: Uint8Array.of(1), intervalUs: 1000, detectMult: 3, detectUs: 2000, expected: nothing }
  reflex.setSession(session, state, true)
  const endMs = performance.now() + 50
  while (performance.now() < endMs); // several events wait
  await sleep(50)
  assert.equal(told, 1)
})

on('a process may end with all open', async (scene) => {
  await bothUp(scene)
  scene.other.tell('exit')
  const [code] = await once(scene.other.process, 'exit')
  assert.equal(code, 0)
})

test('a worker may be terminated with all open, and this process has no thread of it left', async () => {
  for (let times = 0; times < 3; times++) {
    const worker = new Worker(END, { argv: [newAddress(), newAddress(), KEY] })
    await until(() => threads('bfd-reflex').length === 1, 'its thread runs')
    await worker.terminate()
    await until(() => threads('bfd-reflex').length === 0, 'its thread is gone')
  }
})

test('a reflex with nothing to do does not wake up; closed, its thread is gone', async () => {
  for (let times = 0; times < 20; times++) {
    const reflex = openBfdReflex()
    assert.equal(threads('bfd-reflex').length, 1)
    reflex.close()
    // The kernel may show it for a moment after it was waited for.
    await until(() => threads('bfd-reflex').length === 0, 'its thread is gone')
  }
  const reflex = openBfdReflex()
  reflex.openSocket({ address: newAddress(), port: 7947 }, { ttl: 255 })
  await sleep(100)
  const before = switches()
  await sleep(1000)
  assert.deepEqual(switches(), before)
  reflex.close()
})

test('where this process may ask for it, its thread goes before all that is not real-time', async () => {
  const reflex = openBfdReflex()
  await sleep(100)
  const [thread = ''] = threads('bfd-reflex')
  const mayAsk = spawnSync('chrt', ['-f', '1', 'true']).status === 0
  const policy = readFileSync(`${thread}/stat`, 'utf8').split(') ')[1]?.split(' ')[38]
  assert.equal(policy, mayAsk ? '1' : '0') // SCHED_FIFO, SCHED_OTHER
  reflex.close()
})

/** How often the reflex's thread has waited. */
function switches(): string[] {
  return threads('bfd-reflex').map((thread) => fieldOf(thread, 'voluntary_ctxt_switches'))
}

/** The /proc directories of this process's threads of that name. */
function threads(name: string): string[] {
  const all = readdirSync('/proc/self/task').map((id) => `/proc/self/task/${id}`)
  return all.filter((thread) => {
    try {
      return readFileSync(`${thread}/comm`, 'utf8').trim() === name
    } catch {
      return false // it has ended since
    }
  })
}

function fieldOf(thread: string, field: string): string {
  const status = readFileSync(`${thread}/status`, 'utf8')
  return new RegExp(`^${field}:\\s*(\\S+)$`, 'm').exec(status)?.[1] ?? ''
}
