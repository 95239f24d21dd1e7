// SPDX-License-Identifier: Apache-2.0
/** The responder as a process of its own (wire-responder.ts), and what else the tests of the wire start and stop. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach } from 'node:test'
import { ip, makeWire, Tap, until } from './wire-namespace.ts'

export const PROGRAM = [process.execPath, join(import.meta.dirname, 'wire-responder.ts')]

/** Undone after each test, last first. */
export const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

export class Running {
  readonly process: ChildProcess
  readonly lines: string[] = []

  constructor(command: readonly string[]) {
    const [program = '', ...args] = command
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.process = child
    createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(line))
    cleanUps.push(() => child.kill('SIGKILL'))
  }

  async says(text: string): Promise<string> {
    await until(() => this.lines.some((line) => line.includes(text)), `the responder to say '${text}'`, 10_000)
    return this.lines.find((line) => line.includes(text)) ?? ''
  }

  async terminate(): Promise<void> {
    const gone = once(this.process, 'exit')
    this.process.kill('SIGTERM')
    await gone
  }
}

/** A responder for an address, on all interfaces or those named after it. */
export async function startResponder(args: readonly string[], prefix: readonly string[] = []): Promise<Running> {
  const running = new Running([...prefix, ...PROGRAM, ...args])
  await running.says('"ready"')
  return running
}

/** A station on an interface, until the end of the test. */
export async function startTap(name: string): Promise<Tap> {
  const tap = new Tap(name)
  cleanUps.push(() => tap.close())
  await tap.ready
  return tap
}

/** A veth pair without IPv6, until the end of the test. */
export function wire(near: string, far: string): void {
  makeWire(near, far)
  cleanUps.push(() => ip('link', 'del', near))
}
