// SPDX-License-Identifier: Apache-2.0
/** Two wires to a namespace of its own, in which a process has the far reflex. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { openBfdReflex } from '../../src/os/bfd-reflex.ts'
import type { Far, Stage } from './bfd-router-suite.ts'

const END = join(import.meta.dirname, 'bfd-router-end.ts')
const LONG_MS = 10_000

/** Datagrams that no reflex would send: to an address and port, from an address. */
export type Strange = Readonly<{
  to: string
  port: number
  from: string
  ttl: number
  bytes: Uint8Array
  times: number
}>

export type KernelStage = Stage &
  Readonly<{
    /** Whether the far kernel, or ours, sends on what is not for it. */
    forward(side: 'near' | 'far', forwards: boolean): void
    strange(what: Strange): Promise<void>
    /** The first wire goes, and another one of the same names and addresses comes. */
    remake(): Promise<void>
  }>

type Call = (method: string, ...args: readonly unknown[]) => Promise<unknown>

/** The far process; it ends with its input. */
class End {
  readonly process: ChildProcess
  readonly #answers: ((line: string) => void)[] = []

  constructor() {
    this.process = spawn('unshare', ['-n', process.execPath, END], { stdio: ['pipe', 'pipe', 'inherit'] })
    assert.ok(this.process.stdout)
    createInterface({ input: this.process.stdout }).on('line', (line) => this.#answers.shift()?.(line))
  }

  readonly call: Call = async (...call) => {
    const text = JSON.stringify(call, (_, value) =>
      value instanceof Uint8Array || value?.type === 'Buffer'
        ? { hex: Buffer.from(value.data ?? value).toString('hex') }
        : value,
    )
    const answer = new Promise<string>((resolve) => this.#answers.push(resolve))
    this.process.stdin?.write(`${text}\n`)
    return JSON.parse(await answer, (_, value) => (value?.hex === undefined ? value : Buffer.from(value.hex, 'hex')))
  }

  run(...command: readonly string[]): void {
    const args = ['-t', String(this.process.pid), '-n', ...command]
    execFileSync('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  }

  async end(): Promise<void> {
    this.process.stdin?.end()
    if (this.process.exitCode === null) await once(this.process, 'exit')
  }
}

/** The methods of the far reflex, each a call of that name. */
function farOf(call: Call): Far {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the border: bfd-router-end.ts answers to these names
  return new Proxy(
    {},
    {
      get:
        (_, name) =>
        (...args: readonly unknown[]) =>
          call(String(name), ...args),
    },
  ) as Far
}

/** Wires `near` to `far` and `near2` to `far2`, with one link-local address at the far end of both; `far` has a second address. */
function wire(end: End, suffixes: readonly string[]): void {
  const pid = String(end.process.pid)
  const wires = suffixes.flatMap((suffix) => [
    `link add near${suffix} type veth peer name far${suffix}`,
    `link set far${suffix} netns ${pid}`,
  ])
  const second = ['address add 198.51.0.9/24 dev far', 'address add fd51::9/64 dev far nodad']
  batch([...wires, 'link set lo up', ...addresses('near', 1, suffixes)].join('\n'))
  batch([...addresses('far', 2, suffixes), ...second].join('\n'), pid)
}

/** One process does it all: starting many takes most of a test's time. */
function batch(commands: string, pid = String(process.pid)): void {
  execFileSync('nsenter', ['-t', pid, '-n', 'ip', '-batch', '-'], {
    input: commands,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
}

function addresses(name: 'near' | 'far', host: number, suffixes: readonly string[]): readonly string[] {
  return suffixes.flatMap((suffix, at) => [
    `link set ${name}${suffix} addrgenmode none`,
    `link set ${name}${suffix} up`,
    `address add 198.51.${at}.${host}/24 dev ${name}${suffix}`,
    `address add fd51:${at}::${host}/64 dev ${name}${suffix} nodad`,
    `address add fe80::${host}/64 dev ${name}${suffix} nodad`,
  ])
}

/** Until the kernel has seen that both ends of a link are up it loses what is sent. */
async function settle(pid: string): Promise<void> {
  const endMs = performance.now() + LONG_MS
  while (!(areUp(String(process.pid)) && areUp(pid)) && performance.now() < endMs) await sleep(5)
}

function areUp(pid: string): boolean {
  const text = execFileSync('nsenter', ['-t', pid, '-n', 'ip', '-json', 'link'], { encoding: 'utf8' })
  const links: { ifname: string; operstate: string }[] = JSON.parse(text)
  return links.every(({ ifname, operstate }) => !/^(near|far)/.test(ifname) || operstate === 'UP')
}

/** The far process is there as soon as its namespace is another than ours. */
async function openEnd(): Promise<End> {
  const end = new End()
  await end.call('told')
  return end
}

export async function openKernelStage(at: Readonly<Record<'near' | 'far', string>>): Promise<KernelStage> {
  const end = await openEnd()
  wire(end, ['', '2'])
  await settle(String(end.process.pid))
  const forward = (side: 'near' | 'far', forwards: boolean): void => {
    const setting = ['sysctl', '-qw', `net.ipv4.ip_forward=${forwards ? 1 : 0}`] as const
    if (side === 'far') end.run(...setting)
    else execFileSync(setting[0], setting.slice(1))
  }
  forward('near', false)
  forward('far', false)
  // A busy machine lets threads wait: what the guard against pauses does has its own tests.
  const near = openBfdReflex({ lateMs: 0 })
  return {
    near,
    far: farOf(end.call),
    at,
    forward,
    async remake() {
      batch('link del near')
      wire(end, [''])
      await settle(String(end.process.pid))
    },
    strange: async (what) => void (await end.call('strange', what)),
    nowMs: () => performance.now(),
    pass: (ms) => sleep(ms),
    async until(condition) {
      const endMs = performance.now() + LONG_MS
      while (!(await condition()) && performance.now() < endMs) await sleep(5)
      return condition()
    },
    async close() {
      near.close()
      batch('link del near\nlink del near2')
      await end.end()
    },
  }
}
