// SPDX-License-Identifier: Apache-2.0
/** Serf's agent in a host of the lab: hashicorp's own memberlist, and what it thinks of the members. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../lab/host.ts'
import { Program } from '../../lab/program.ts'
import { readText } from '../../lab/read-text.ts'
import { until } from '../../lab/wait.ts'

export type SerfPlan = Readonly<{
  profile: 'local' | 'lan'
  key?: Uint8Array | undefined
  tags?: Readonly<Record<string, string>>
  isCompressing?: boolean
  /** Where it is bound; the host's IPv4 address by default. */
  address?: string
  /** How often it tries to reach again whom it lost; its default is 30 s. */
  reconnectEveryS?: number
}>
/** `failed` is dead in memberlist's words. */
export type SerfStatus = 'alive' | 'leaving' | 'left' | 'failed'
export type SerfMember = Readonly<{
  name: string
  addr: string
  status: SerfStatus
  tags: Readonly<Record<string, string>>
}>

export const RING_PORT = 7946
const POLL_MS = 50

export class SerfAgent {
  readonly name: string
  readonly host: Host
  readonly program: Program
  readonly #log: string

  constructor(host: Host, directory: string, command: readonly string[]) {
    this.name = host.name
    this.host = host
    const name = `${host.name}-${process.hrtime.bigint()}`
    this.#log = join(directory, `${name}.log`)
    this.program = new Program({ name, command, host }, directory)
  }

  /** Starts one, bound to the host's address, alone until it joins. Its name is the host's. */
  static async start(host: Host, directory: string, plan: SerfPlan): Promise<SerfAgent> {
    const { profile, key, tags = {}, isCompressing = true, reconnectEveryS = 30, address = host.plan.address } = plan
    const file = join(directory, `${host.name}.json`)
    const secret = key && { encrypt_key: Buffer.from(key).toString('base64') }
    const settings = { tags, reconnect_interval: `${reconnectEveryS}s` }
    writeFileSync(file, JSON.stringify({ ...settings, ...secret }))
    const place = [`-node=${host.name}`, `-bind=${address.includes(':') ? `[${address}]` : address}:${RING_PORT}`]
    const flags = [`-profile=${profile}`, '-log-level=debug', `-disable-compression=${!isCompressing}`]
    const command = ['serf', 'agent', ...place, ...flags, `-config-file=${file}`]
    const agent = new SerfAgent(host, directory, command)
    await agent.program.said('agent: Serf agent starting')
    // It answers its own commands a moment later.
    await until(
      () => agent.members().catch(() => undefined),
      () => agent.program.describe(),
    )
    return agent
  }

  /** Whether it says that the other one answered. */
  async join(other: Host): Promise<boolean> {
    return await this.#serf('join', `${other.plan.address}:${RING_PORT}`).then(
      () => true,
      () => false,
    )
  }

  async members(): Promise<readonly SerfMember[]> {
    const { members }: { members: readonly SerfMember[] } = JSON.parse(await this.#serf('members', '-format=json'))
    return members
  }

  async member(name: string): Promise<SerfMember | undefined> {
    return (await this.members()).find((member) => member.name === name)
  }

  /** Changes its metadata, and tells the ring. */
  async setTag(name: string, value: string): Promise<void> {
    await this.#serf('tags', '-set', `${name}=${value}`)
  }

  /** Says goodbye; the agent ends. */
  async leave(): Promise<void> {
    await this.#serf('leave')
  }

  /** Waits until it gives a member this status. */
  async sees(name: string, status: SerfStatus, patienceMs: number): Promise<SerfMember> {
    let latest: SerfMember | undefined
    const isSo = async (): Promise<SerfMember | undefined> => {
      latest = await this.member(name)
      if (latest?.status === status) return latest
      await new Promise((resolve) => {
        setTimeout(resolve, POLL_MS)
      })
      return undefined
    }
    const otherwise = (): string =>
      `serf should see ${name} as ${status}, not ${latest?.status}. ${this.program.describe()}`
    return await until(isSo, otherwise, patienceMs)
  }

  /** Waits until it has a member's metadata; those that are none of its own it shows as the member's role. */
  async showsRole(name: string, role: string): Promise<void> {
    let latest: string | undefined
    const isSo = async (): Promise<true | undefined> => {
      latest = (await this.member(name))?.tags['role']
      return latest === role ? true : undefined
    }
    await until(isSo, () => `serf should show that ${name} is ${role}, and it shows ${latest}`)
  }

  /** Waits until its log holds a word. */
  async saysThat(word: string, patienceMs: number): Promise<void> {
    const isSo = (): true | undefined => (this.said(word).length > 0 ? true : undefined)
    await until(isSo, () => `serf should say ${word}. ${this.program.describe()}`, patienceMs)
  }

  /** Lines of its log that hold a word. */
  said(word: string): readonly string[] {
    return (readText(this.#log) ?? '').split('\n').filter((line) => line.includes(word))
  }

  async kill(): Promise<void> {
    this.program.signal('SIGKILL')
    await this.program.ended()
  }

  #serf(...args: readonly string[]): Promise<string> {
    const [command = '', ...rest] = args
    assert(command !== '')
    return this.host.run(['serf', command, ...rest])
  }
}
