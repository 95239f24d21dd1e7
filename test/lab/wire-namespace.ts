// SPDX-License-Identifier: Apache-2.0
/**
 * Network namespaces for the tests of the wire. A test file starts its body in a namespace of its own (`unshare`,
 * through a user namespace where it is not root), which vanishes with the process: there is nothing to remove.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { fromHex, toHex } from '../../src/lib/bytes.ts'

const ROOT = join(import.meta.dirname, '../..')
const execute = promisify(execFile)

/** Builds the native part and, from its one C file, a tool of the tests; answers the tool's path. */
export function buildTool(source: string): string {
  execFileSync(join(ROOT, 'tools/build-native'))
  const from = join(ROOT, source)
  const to = join(ROOT, 'build', source.replace(/\.c$/, ''))
  if (existsSync(to) && statSync(to).mtimeMs > statSync(from).mtimeMs) return to
  mkdirSync(dirname(to), { recursive: true })
  execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', '-std=gnu11', from, '-o', `${to}.${process.pid}`])
  renameSync(`${to}.${process.pid}`, to)
  return to
}

/** The command that runs `command` in a new network namespace, as its root. */
export function inNamespace(command: readonly string[]): [string, string[]] {
  const flags = process.getuid?.() === 0 ? '-n' : '-Urn'
  return ['unshare', [flags, '--kill-child', '--fork', ...command]]
}

/** Runs a file of tests in a new network namespace. Throws with what it printed if one fails. */
export async function runTestsInNamespace(file: string): Promise<void> {
  buildTool('test/lab/tap.c')
  const [program, args] = inNamespace([process.execPath, '--test', '--test-reporter=spec', '--test-force-exit', file])
  const { NODE_TEST_CONTEXT: _, ...env } = process.env // else the inner run reports to the outer, in its own format
  try {
    await execute(program, args, { cwd: ROOT, env, timeout: 120_000, maxBuffer: 1 << 24 })
  } catch (error) {
    throw new Error(`tests in a namespace failed:\n${String(Reflect.get(Object(error), 'stdout'))}`, { cause: error })
  }
}

/** `ip` of iproute2, in this process's namespace. */
export function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] })
}

/** The MAC address of an interface in this process's namespace. */
export function macOf(name: string): string {
  const [link] = JSON.parse(execFileSync('ip', ['-json', 'link', 'show', name], { encoding: 'utf8' }))
  return link.address
}

/** A veth pair that is up; the kernel's own ARP and IPv6 chatter on the far end are off. */
export function makeWire(near: string, far: string): void {
  ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far)
  for (const name of [near, far]) {
    execFileSync('sysctl', ['-qw', `net.ipv6.conf.${name}.disable_ipv6=1`])
    ip('link', 'set', name, 'up')
  }
}

/** Lets an interface have IPv6 after all; its link-local address is in use at once. */
export function enableIpv6(name: string): void {
  for (const setting of ['accept_dad=0', 'router_solicitations=0', 'disable_ipv6=0']) {
    execFileSync('sysctl', ['-qw', `net.ipv6.conf.${name}.${setting}`])
  }
}

/** A station on an interface: sees every frame that arrives there, and sends any. */
export class Tap {
  readonly #process: ChildProcess
  readonly #frames: Uint8Array[] = []
  #unsent = 0
  readonly ready: Promise<void>

  constructor(name: string) {
    const child = spawn(buildTool('test/lab/tap.c'), [name], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#process = child
    const ready = Promise.withResolvers<void>()
    this.ready = ready.promise
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'ready') ready.resolve()
      else if (line === 'sent') this.#unsent -= 1
      else this.#frames.push(fromHex(line))
    })
  }

  send(frame: Uint8Array): void {
    this.#unsent += 1
    this.#process.stdin?.write(`${toHex(frame)}\n`)
  }

  /** The frames since the last call. */
  take(): Uint8Array[] {
    return this.#frames.splice(0)
  }

  /** Waits until all is sent and nothing has come for `quietMs`, and takes what came before. */
  async settle(quietMs = 100): Promise<Uint8Array[]> {
    await until(() => this.#unsent === 0, 'frames to be sent')
    for (let seen = -1; seen < this.#frames.length; ) {
      seen = this.#frames.length
      await sleep(quietMs)
    }
    return this.take()
  }

  /** Waits until `count` frames have come, for at most `timeoutMs`, and takes them. */
  async expect(count: number, timeoutMs = 5000): Promise<Uint8Array[]> {
    await until(() => this.#frames.length >= count, `${count} frames`, timeoutMs)
    return this.take()
  }

  async close(): Promise<void> {
    const gone = once(this.#process, 'exit')
    this.#process.stdin?.end()
    await gone
  }
}

/** Waits for something that another process or the kernel does; throws with its name if it never comes. */
export async function until(happened: () => boolean, what: string, timeoutMs = 5000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!happened()) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`)
    await sleep(5)
  }
}

/** Stops a process, and waits until every thread of it stands still: the signal alone is a promise. */
export async function freeze(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  const threads = `/proc/${pid}/task`
  const isStopped = (thread: string) => /\) [Tt] /.test(readFileSync(join(threads, thread, 'stat'), 'utf8'))
  await until(() => readdirSync(threads).every(isStopped), `process ${pid} to stop`)
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
