// SPDX-License-Identifier: Apache-2.0
/** A wire from this namespace into another one, routers on it, and messages of routers as frames. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fromHex, parseMac } from '../../src/lib/bytes.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Links } from '../../src/lib/net.ts'
import type { Routers } from '../../src/lib/routers.ts'
import { openLinks } from '../../src/os/links.ts'
import { openRouters } from '../../src/os/routers.ts'
import { enableIpv6, ip, until } from '../lab/wire-namespace.ts'

/**
 * An empty network namespace, and one of processes: whatever runs there ends with `close`, or with this process, however
 * that ends.
 */
export class OtherNamespace {
  readonly #holder: ChildProcess
  readonly #children: ChildProcess[] = []

  /** `holder` has made it. */
  constructor(holder: ChildProcess) {
    this.#holder = holder
  }

  static async open(): Promise<OtherNamespace> {
    const made = [
      'unshare',
      '-n',
      '-p',
      '--fork',
      '--kill-child',
      'sh',
      '-c',
      'echo ready; while :; do sleep 1000; done',
    ]
    const holder = spawn('setpriv', ['--pdeathsig', 'KILL', ...made], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(holder.stdout, 'data')
    return new OtherNamespace(holder)
  }

  /** Moves an interface there. */
  take(name: string): void {
    ip('link', 'set', name, 'netns', String(this.#holder.pid))
  }

  command(...command: readonly string[]): [string, string[]] {
    const namespaces = `/proc/${this.#holder.pid}/ns`
    return ['nsenter', [`--net=${namespaces}/net`, `--pid=${namespaces}/pid_for_children`, ...command]]
  }

  run(...command: readonly string[]): string {
    const [program, args] = this.command(...command)
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }

  start(...command: readonly string[]): ChildProcess {
    const [program, args] = this.command(...command)
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#children.push(child)
    return child
  }

  async close(): Promise<void> {
    const all = [this.#holder, ...this.#children].filter(({ exitCode, signalCode }) => exitCode === null && !signalCode)
    const gone = all.map((child) => once(child, 'exit'))
    this.#holder.kill('SIGKILL')
    await Promise.all(gone)
  }
}

/** What a child prints, line by line. */
export function linesOf({ stdout }: ChildProcess): string[] {
  const lines: string[] = []
  if (stdout) createInterface({ input: stdout }).on('line', (line) => lines.push(line))
  return lines
}

export type Near = Readonly<{
  links: Links
  routers: Routers
  /** Each change of the neighbour on `near`. */
  told: (string | null)[]
  /** Other routers, and faults. */
  said: string[]
  linkLocal(): string
  close(): void
}>

/** Routers on this side; nothing is watched yet. */
export function openNear(): Near {
  const links = openLinks()
  const said: string[] = []
  const told: (string | null)[] = []
  const routers = openRouters({
    links,
    clock: systemClock,
    random: Math.random,
    onOthers: (link, all) => said.push(`${link}: ${all.join(' ')}`),
    onFault: (fault) => said.push(fault.message),
  })
  routers.onChange(() => told.push(routers.neighbour('near')))
  return {
    links,
    routers,
    told,
    said,
    linkLocal: () => links.list().find(({ name }) => name === 'near')?.linkLocal ?? '',
    close: () => {
      routers.close()
      links.close()
    },
  }
}

/** `near` here and `far`, both with IPv6; not up on the far side where that is moved elsewhere. */
export function wire(): void {
  ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far')
  enableIpv6('near')
  ip('link', 'set', 'near', 'up')
}

export async function untilLinkLocal({ linkLocal }: Near): Promise<void> {
  await until(() => linkLocal() !== '', 'a link-local address')
}

export type Sent = Readonly<{ from: string; hopLimit?: number; message: string; spoil?: boolean }>

/** A message to all nodes, in the frame that carries it. `from`: 16 bytes as hex. */
export function frame({ from, hopLimit = 255, message, spoil = false }: Sent): Uint8Array {
  const icmp = fromHex(message)
  const bytes = new Uint8Array(54 + icmp.length)
  const view = new DataView(bytes.buffer)
  bytes.set(fromHex('333300000001'), 0)
  bytes.set(parseMac('02:00:00:00:00:ff') ?? [], 6)
  bytes.set(fromHex('86dd 60000000'), 12)
  view.setUint16(18, icmp.length)
  bytes.set([58, hopLimit], 20)
  bytes.set(fromHex(from), 22)
  bytes.set(fromHex('ff020000000000000000000000000001'), 38)
  bytes.set(icmp, 54)
  view.setUint16(56, 0)
  view.setUint16(56, checksum(bytes.subarray(22), icmp.length) ^ (spoil ? 1 : 0))
  return bytes
}

/** RFC 4443 §2.3, over both addresses, length and next header, and the message. */
function checksum(bytes: Uint8Array, length: number): number {
  let sum = length + 58
  for (let at = 0; at < bytes.length; at++) sum += (bytes[at] ?? 0) << (at % 2 === 0 ? 8 : 0)
  while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff)
  return ~sum & 0xffff
}
