// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../../src/lib/fault.ts'
import { createLog } from '../../src/lib/log.ts'
import type { ObjectSource } from '../../src/lib/object.ts'
import { openDirectory } from '../../src/manifests/directory.ts'
import { fieldOf, Recorder, service } from './object-source.ts'

const KILLS = 60
const NAMES = 20

/** A directory with some Services and what runs on it; all of it is gone after the test, however that ends. */
class Scene {
  readonly dir: string
  readonly #sources: ObjectSource[] = []
  readonly #children = new Set<ChildProcess>()

  static async play(story: (scene: Scene) => Promise<void>): Promise<void> {
    const scene = new Scene(await mkdtemp(join(tmpdir(), 'metallb-kill-')))
    const items = Array.from({ length: NAMES }, (_, index) => service(`svc-${index}`))
    await writeFile(scene.path('services.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
    try {
      await story(scene)
    } finally {
      for (const child of scene.#children) await scene.kill(child)
      for (const source of scene.#sources) await source.stop()
      await rm(scene.dir, { recursive: true })
    }
  }

  constructor(dir: string) {
    this.dir = dir
  }

  path(...names: readonly string[]): string {
    return join(this.dir, ...names)
  }

  /** Starts as the controller, in this process. */
  async start(): Promise<Recorder> {
    const options = { namespace: 'metallb-system', log: createLog('none'), role: 'controller' } as const
    const source = openDirectory(this.dir, options)
    const recorder = new Recorder()
    this.#sources.push(source)
    await source.start(recorder)
    return recorder
  }

  /** Starts a controller in a process of its own; `said` tells what it has printed so far. */
  async spawn(...args: readonly string[]): Promise<{ child: ChildProcess; said: () => string }> {
    const script = new URL('object-source.child.ts', import.meta.url).pathname
    const child = spawn(process.execPath, [script, this.dir, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#children.add(child)
    let output = ''
    child.stdout.on('data', (data: Buffer) => (output += data.toString()))
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
    assert.match(output, /^ready/, 'the child did not start')
    return { child, said: () => output }
  }

  async kill(child: ChildProcess): Promise<void> {
    this.#children.delete(child)
    if (child.exitCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  }

  async readJson(...names: readonly string[]): Promise<unknown> {
    return JSON.parse(await readFile(this.path(...names), 'utf8'))
  }

  async locks(): Promise<string[]> {
    return (await readdir(this.path('.status'))).filter((name) => name.endsWith('.lock'))
  }
}

/** The turn that each Service's status on disk is from; fails on a file that is torn or about another address. */
async function turnsOnDisk(scene: Scene): Promise<Map<string, number>> {
  const turns = new Map<string, number>()
  for (const file of await readdir(scene.path('.status/services'))) {
    const content = await scene.readJson('.status/services', file)
    const name = String(fieldOf(content, 'metadata', 'name'))
    assert.equal(file, `default.${name}.json`)
    const ip = `192.0.2.${name.slice('svc-'.length)}`
    assert.deepEqual(fieldOf(content, 'status', 'loadBalancer'), { ingress: [{ ip }] })
    turns.set(name, Number(fieldOf(content, 'status', 'turn')))
  }
  return turns
}

/** How often events were counted; fails on a torn file, and when a Service has more than one. */
async function eventCounts(scene: Scene): Promise<number> {
  const files = await readdir(scene.path('.status/events'))
  assert(files.length <= NAMES, 'one event per Service, however often it happens')
  const events = await Promise.all(files.map((file) => scene.readJson('.status/events', file)))
  return events.reduce<number>((sum, event) => sum + Number(fieldOf(event, 'count')), 0)
}

test(`a controller killed at ${KILLS} random moments loses and doubles nothing`, () =>
  Scene.play(async (scene) => {
    const written = new Map<string, number>()
    let counted = 0
    for (let run = 1; run <= KILLS; run++) {
      // Later turns than any before, and another Service first, as some of them live for a few writes only.
      const { child, said } = await scene.spawn(String(run * 1_000_001), String(NAMES))
      await sleep(Math.random() * 30)
      await scene.kill(child)
      const confirmed = [...said().matchAll(/^(svc-\d+) (\d+)$/gm)]
      const turns = await turnsOnDisk(scene)
      for (const [, name = '', turn] of confirmed) written.set(name, Number(turn))
      for (const [name, turn] of written)
        assert(turn <= (turns.get(name) ?? -1), `${name} of turn ${turn} was lost: ${turns.get(name)}`)
      // Each confirmed status is followed by its event; of the last one the event may be missing.
      const events = (await eventCounts(scene)) - counted
      assert(events <= confirmed.length + 1, `${confirmed.length} events became ${events}`)
      assert(events >= confirmed.length - 1, `${confirmed.length} events became ${events}`)
      counted += events
    }
    const recorder = await scene.start()
    const turns = await turnsOnDisk(scene)
    assert(turns.size >= NAMES / 2, `only ${turns.size} Services were ever written`)
    for (const [name, turn] of turns) assert.equal(fieldOf(recorder.last(name), 'status', 'turn'), turn)
    assert.deepEqual(await readdir(scene.path('.status/.tmp')), [], 'unfinished files of the killed ones are gone')
    assert.equal((await scene.locks()).length, 1, 'locks of the killed ones are gone')
  }))

test('a second controller on the same directory is refused, and told which process is in its way', () =>
  Scene.play(async (scene) => {
    const { child } = await scene.spawn()
    const expected = new RegExp(`another controller, process ${child.pid}, already writes to `)
    await assert.rejects(scene.start(), (thrown) => thrown instanceof Fault && expected.test(thrown.message))
    await scene.kill(child)
    await scene.start()
  }))

test('unfinished files and locks of processes that are gone are removed', () =>
  Scene.play(async (scene) => {
    await mkdir(scene.path('.status/.tmp'), { recursive: true })
    await writeFile(scene.path('.status/.tmp/1-1'), '{"apiVersion":')
    await writeFile(scene.path('.status/controller.1.1.00000000.lock'), '')
    await scene.start()
    assert.deepEqual(await readdir(scene.path('.status/.tmp')), [])
    assert.equal((await scene.locks()).length, 1)
  }))
