// SPDX-License-Identifier: Apache-2.0
/** One machine on the lab's network: a network namespace, named by `ip netns`. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Answer, Question } from './agent.ts'
import { run } from './command.ts'

export type HostPlan = Readonly<{
  name: string
  /** IPv4 address of eth0, in the network's /24. */
  address: string
  mac: string
  /** Further addresses, as a node has those of its Pods. */
  ownAddresses: readonly string[]
  routes: readonly Readonly<{ to: string; via: string }>[]
  /** Kernel settings below net/ipv4. */
  settings: Readonly<Record<string, number>>
}>

type Reply = Answer & { id: number }
type Distributive<T> = T extends unknown ? Omit<T, 'id'> : never

export class Host {
  readonly plan: HostPlan
  #agent: ChildProcess | undefined
  #waiting = new Map<number, (answer: Answer) => void>()
  #nextId = 0

  constructor(plan: HostPlan) {
    this.plan = plan
  }

  get name(): string {
    return this.plan.name
  }

  /** Runs a command in the host to its end; see command.ts. */
  async run(command: readonly string[], input?: string): Promise<string> {
    return await run(['ip', 'netns', 'exec', this.name, ...command], input)
  }

  /** Starts a program in the host, both outputs to a pipe or an open file. It lives as long as the sandbox. */
  spawn(command: readonly string[], output: 'pipe' | number): ChildProcess {
    return spawn('ip', ['netns', 'exec', this.name, ...command], { stdio: ['ignore', output, output] })
  }

  /** GET as a program on this host would do it, on a connection of its own. */
  async fetch(url: string, timeoutMs = 250): Promise<Answer> {
    return await this.#ask({ type: 'fetch', url, timeoutMs })
  }

  /** Makes the host's kernel resolve an address of its link. */
  async poke(ip: string): Promise<Answer> {
    return await this.#ask({ type: 'poke', ip })
  }

  /** Ends what `fetch` and `poke` have started, without which this process would not end by itself. */
  dismiss(): void {
    if (this.#agent?.connected === true) this.#agent.disconnect()
    this.#agent = undefined
  }

  #ask(question: Distributive<Question>): Promise<Answer> {
    const id = this.#nextId++
    const { promise, resolve } = Promise.withResolvers<Answer>()
    this.#waiting.set(id, resolve)
    this.#agent ??= this.#startAgent()
    this.#agent.send({ id, ...question })
    return promise
  }

  #startAgent(): ChildProcess {
    const command = ['netns', 'exec', this.name, process.execPath, join(import.meta.dirname, 'agent.ts')]
    const agent = spawn('ip', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    agent.on('message', ({ id, ...answer }: Reply) => {
      this.#waiting.get(id)?.(answer)
      this.#waiting.delete(id)
    })
    return agent
  }
}
