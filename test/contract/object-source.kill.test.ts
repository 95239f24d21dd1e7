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
import { openDirectory } from '../../src/manifests/directory.ts'
import { fieldOf, Recorder, service } from './object-source.ts'

const KILLS = 60
const NAMES = 20
const controller = { namespace: 'metallb-system', log: createLog('none'), role: 'controller' } as const

async function makeDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'metallb-kill-'))
  const items = Array.from({ length: NAMES }, (_, index) => service(`svc-${index}`))
  await writeFile(join(dir, 'services.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  return dir
}

type Child = Readonly<{ process: ChildProcess; output(): string }>

/** A controller in a process of its own that is past its start. */
async function startChild(...args: readonly string[]): Promise<Child> {
  const script = new URL('object-source.child.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (data: Buffer) => (output += data.toString()))
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  assert.match(output, /^ready/, 'the child did not start')
  return { process: child, output: () => output }
}

async function kill({ process: child }: Child): Promise<void> {
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'))
}

/** The turn that each Service's status on disk is from; fails on a file that is torn or about another address. */
async function turnsOnDisk(dir: string): Promise<Map<string, number>> {
  const turns = new Map<string, number>()
  for (const file of await readdir(join(dir, '.status/services'))) {
    const content = await readJson(join(dir, '.status/services', file))
    const name = String(fieldOf(content, 'metadata', 'name'))
    assert.equal(file, `default.${name}.json`)
    const ip = `192.0.2.${name.slice('svc-'.length)}`
    assert.deepEqual(fieldOf(content, 'status', 'loadBalancer'), { ingress: [{ ip }] })
    turns.set(name, Number(fieldOf(content, 'status', 'turn')))
  }
  return turns
}

async function eventCounts(dir: string): Promise<number> {
  const folder = join(dir, '.status/events')
  const events = await Promise.all((await readdir(folder)).map((file) => readJson(join(folder, file))))
  assert(events.length <= NAMES, 'one event per Service, however often it happens')
  return events.reduce<number>((sum, event) => sum + Number(fieldOf(event, 'count')), 0)
}

test(`a controller killed at ${KILLS} random moments loses and doubles nothing`, async () => {
  const dir = await makeDirectory()
  let counted = 0
  for (let run = 1; run <= KILLS; run++) {
    const child = await startChild(dir, String(run * 1_000_000), String(NAMES))
    await sleep(Math.random() * 30)
    await kill(child)
    const confirmed = [...child.output().matchAll(/^(svc-\d+) (\d+)$/gm)]
    const turns = await turnsOnDisk(dir)
    for (const [, name = '', turn] of confirmed)
      assert(
        Number(turn) <= (turns.get(name) ?? -1),
        `${name} was written in turn ${turn}, the disk says ${turns.get(name)}`,
      )
    // The event of the last confirmed status may be written or not, and one more status may be unconfirmed.
    const events = await eventCounts(dir)
    assert(
      Math.abs(events - counted - confirmed.length) <= 1,
      `${confirmed.length} events, counted ${events - counted}`,
    )
    counted = events
  }
  const heir = openDirectory(dir, controller)
  const recorder = new Recorder()
  await heir.start(recorder)
  for (const [name, turn] of await turnsOnDisk(dir)) assert.equal(fieldOf(recorder.last(name), 'status', 'turn'), turn)
  assert.deepEqual(await readdir(join(dir, '.status/.tmp')), [], 'unfinished files of the killed ones are gone')
  assert.equal((await readdir(join(dir, '.status'))).filter((file) => file.endsWith('.lock')).length, 1)
  await heir.stop()
  await rm(dir, { recursive: true })
})

test('a second controller on the same directory is refused, and told which process is in its way', async () => {
  const dir = await makeDirectory()
  const child = await startChild(dir)
  const second = openDirectory(dir, controller)
  await assert.rejects(second.start(new Recorder()), (thrown) => {
    assert(thrown instanceof Fault)
    assert.match(thrown.message, new RegExp(`another controller, process ${child.process.pid}, already writes to `))
    return true
  })
  await kill(child)
  const third = openDirectory(dir, controller)
  await third.start(new Recorder())
  await third.stop()
  await rm(dir, { recursive: true })
})

test('unfinished files and locks of processes that are gone are removed', async () => {
  const dir = await makeDirectory()
  await mkdir(join(dir, '.status/.tmp'), { recursive: true })
  await writeFile(join(dir, '.status/.tmp/1-1'), '{"apiVersion":')
  await writeFile(join(dir, '.status/controller.1.1.00000000.lock'), '')
  const directory = openDirectory(dir, controller)
  await directory.start(new Recorder())
  assert.deepEqual(await readdir(join(dir, '.status/.tmp')), [])
  assert.equal((await readdir(join(dir, '.status'))).filter((file) => file.endsWith('.lock')).length, 1)
  await directory.stop()
  await rm(dir, { recursive: true })
})
