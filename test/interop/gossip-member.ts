// SPDX-License-Identifier: Apache-2.0
/** A member of a ring that is ours, in a host of the lab: what it is told, what it sees, and what it saw before. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../lab/host.ts'
import { until } from '../../lab/wait.ts'
import { LAN } from '../../src/gossip/config.ts'
import type { GossipCounters, MemberView } from '../../src/gossip/session.ts'
import { freeze } from '../lab/wire-namespace.ts'
import type { Answers, MemberPlan, Order, Question, Told } from './gossip-child.ts'
import { RING_PORT } from './serf-agent.ts'

export type Change = Readonly<{ member: MemberView; atMs: number }>

const CHILD = join(import.meta.dirname, 'gossip-child.ts')
const POLL_MS = 20

export class OurMember {
  readonly name: string
  readonly host: Host
  /** Oldest first. */
  readonly changes: Change[] = []
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (answers: Answers) => void>()
  #nextId = 0

  constructor(host: Host, directory: string) {
    this.name = host.name
    this.host = host
    const log = openSync(join(directory, `${host.name}.log`), 'a')
    const command = ['netns', 'exec', host.name, process.execPath, CHILD]
    // `ip` makes way for the program it starts: the process is the member.
    this.#child = spawn('ip', command, { stdio: ['ignore', log, log, 'ipc'], serialization: 'advanced' })
    this.#child.on('message', (told: Told) => {
      if (told.type === 'change') this.changes.push({ member: told.member, atMs: performance.now() })
      else this.#waiting.get(told.id)?.(told.answers)
    })
  }

  /** Starts one, bound to the host's address, alone until it joins. Its name is the host's. */
  static async start(host: Host, directory: string, plan: Partial<MemberPlan> = {}): Promise<OurMember> {
    const member = new OurMember(host, directory)
    const bind = { address: host.plan.address, port: RING_PORT }
    const defaults = { name: host.name, bind, config: LAN, key: null, label: '', meta: new Uint8Array(0) }
    await member.#ask({ type: 'open', plan: { ...defaults, ...plan } })
    return member
  }

  /** How many of them answered. */
  async join(...hosts: readonly Host[]): Promise<number> {
    return await this.joinAt(...hosts.map(({ plan }) => plan.address))
  }

  /** The same, by addresses. */
  async joinAt(...addresses: readonly string[]): Promise<number> {
    const peers = addresses.map((address) => ({ address, port: RING_PORT }))
    const { joined } = await this.#ask({ type: 'join', peers })
    assert(joined !== undefined)
    return joined
  }

  async members(): Promise<readonly MemberView[]> {
    const { members } = await this.#ask({ type: 'members' })
    assert(members)
    return members
  }

  async counters(): Promise<GossipCounters> {
    const { counters } = await this.#ask({ type: 'counters' })
    assert(counters)
    return counters
  }

  async member(name: string): Promise<MemberView | undefined> {
    return (await this.members()).find((member) => member.name === name)
  }

  async setMeta(meta: Uint8Array): Promise<void> {
    await this.#ask({ type: 'setMeta', meta })
  }

  /** Takes another one for dead, and says so. */
  async declareDead(name: string): Promise<void> {
    await this.#ask({ type: 'declareDead', name })
  }

  async leave(): Promise<void> {
    await this.#ask({ type: 'leave' })
  }

  /** Its sockets are gone; the process stays. */
  async close(): Promise<void> {
    await this.#ask({ type: 'close' })
  }

  /** Waits until it has a member in this state, and gives it. */
  async sees(name: string, state: MemberView['state'], patienceMs: number): Promise<MemberView> {
    let latest: MemberView | undefined
    const isSo = async (): Promise<MemberView | undefined> => {
      latest = await this.member(name)
      if (latest?.state === state) return latest
      await new Promise((resolve) => {
        setTimeout(resolve, POLL_MS)
      })
      return undefined
    }
    return await until(isSo, () => `${this.name} should see ${name} as ${state}, not ${latest?.state}`, patienceMs)
  }

  /** Waits until serf's metadata reach it: a byte that begins no text, and a map of its tags. */
  async hearsTag(name: string, tag: string): Promise<void> {
    let latest = ''
    const isSo = async (): Promise<true | undefined> => {
      latest = Buffer.from((await this.member(name))?.meta ?? []).toString('latin1')
      return latest.startsWith('\xff') && latest.includes(tag) ? true : undefined
    }
    await until(isSo, () => `${this.name} should hear of the tag ${tag}, not ${JSON.stringify(latest)}`)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Stops it, threads and all. */
  async freeze(): Promise<void> {
    await freeze(this.#child.pid ?? 0)
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
  }

  #ask(order: Order): Promise<Answers> {
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<Answers>()
    const ended = (): void => reject(new Error(`${this.name} ended at ${order.type}`))
    this.#child.once('exit', ended)
    this.#waiting.set(id, (answers) => {
      this.#waiting.delete(id)
      this.#child.off('exit', ended)
      resolve(answers)
    })
    const question: Question = { ...order, id }
    this.#child.send(question)
    return promise
  }
}
