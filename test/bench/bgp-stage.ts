// SPDX-License-Identifier: Apache-2.0
/** A router (BIRD) and three that hand it routes, each on a host of its own: our speaker, gobgpd, and another BIRD. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Host } from '../../lab/host.ts'
import { buildNetwork } from '../../lab/network.ts'
import { until } from '../../lab/wait.ts'
import { ADDRESSES, PATIENCE_MS, PLANS, type Sender, startGobgp, startRouters } from './bgp-routers.ts'
import type { Order, Told } from './bgp-sender.ts'
import type { BirdControl } from './bird-control.ts'

/** BIRD answers between two of its other works, which a question now and then does not slow down. */
const POLL_MS = 2

/** What BIRD says of a session. */
export type Seen = Readonly<{
  isUp: boolean
  /** Since when it is in this state, in milliseconds since 1970. */
  sinceMs: number
  imported: number
  /** Prefixes that were announced and withdrawn, in this session, with or without effect. */
  updates: number
  withdraws: number
}>

export class BgpStage {
  readonly #hosts: ReadonlyMap<string, Host>
  readonly #control: BirdControl
  readonly #ours: ChildProcess
  #questions = 0

  /** `build` makes one. */
  constructor(hosts: ReadonlyMap<string, Host>, control: BirdControl, ours: ChildProcess) {
    this.#hosts = hosts
    this.#control = control
    this.#ours = ours
  }

  /** In the sandbox that this process is the script of. */
  static async build(directory: string): Promise<BgpStage> {
    const hosts = new Map((await buildNetwork(PLANS)).map((host) => [host.name, host]))
    const at = (name: string): Host => hosts.get(name) ?? missing(name)
    const control = await startRouters(at, directory)
    await startGobgp(at('gobgp'), directory)
    return new BgpStage(hosts, control, await startOurs())
  }

  /** Tells our speaker something; resolves when it is done, with the moment when it began. */
  async tell(order: Order): Promise<Told> {
    const id = this.#questions++
    const { promise, resolve } = Promise.withResolvers<Told>()
    const take = (told: Told): void => {
      if (told.id !== id) return
      this.#ours.off('message', take)
      resolve(told)
    }
    this.#ours.on('message', take)
    this.#ours.send({ id, order })
    return await promise
  }

  /** Lets a session of the router's come up, or ends it and waits until nothing is left of its routes. */
  async enable(session: string): Promise<void> {
    await this.#control.ask(`enable s_${session}`)
  }

  async disable(session: string): Promise<void> {
    await this.#control.ask(`disable s_${session}`)
    const isEmpty = async (): Promise<true | undefined> => {
      const answer = await this.#control.ask(`show route table t_${session} count`)
      return / for 0 networks /.test(answer) || undefined
    }
    await until(isEmpty, () => `routes of ${session} stay`, PATIENCE_MS)
  }

  /** Of a session, as the router sees it. */
  async see(session: string): Promise<Seen> {
    return seenIn(await this.#control.ask(`show protocols all s_${session}`))
  }

  /** Resolves with what is seen once it holds. */
  async seen(session: string, holds: (seen: Seen) => boolean, what: string): Promise<Seen> {
    const deadlineMs = Date.now() + PATIENCE_MS
    for (;;) {
      const seen = await this.see(session)
      if (holds(seen)) return seen
      await sleep(POLL_MS)
      if (Date.now() > deadlineMs) throw new Error(`${session}: waited for ${what}, and saw ${JSON.stringify(seen)}`)
    }
  }

  /** Bytes of BGP that the router has received from a sender since the session began; throws where it has no such session. */
  async receivedBytes(sender: Sender): Promise<number> {
    const host = this.#hosts.get('router') ?? missing('router')
    const text = await host.run(['ss', '-tinO', 'state', 'established', 'dst', ADDRESSES[sender]])
    const found = [...text.matchAll(/bytes_received:(\d+)/g)].map(([, bytes]) => Number(bytes))
    const most = Math.max(0, ...found)
    if (most === 0) throw new Error(`the router has received nothing from ${sender}: ${JSON.stringify(text)}`)
    return most
  }

  close(): void {
    this.#control.close()
    this.#ours.disconnect()
  }
}

function missing(name: string): never {
  throw new Error(`there is no host ${name}`)
}

async function startOurs(): Promise<ChildProcess> {
  const command = ['netns', 'exec', 'ours', process.execPath, join(import.meta.dirname, 'bgp-sender.ts')]
  const child = spawn('ip', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await once(child, 'message')
  return child
}

function seenIn(answer: string): Seen {
  const [, since = ''] = / (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) /.exec(answer) ?? []
  const [, imported = '0'] = /Routes: +(\d+) imported/.exec(answer) ?? []
  const [, updates = '0'] = /Import updates: +(\d+)/.exec(answer) ?? []
  const [, withdraws = '0'] = /Import withdraws: +(\d+)/.exec(answer) ?? []
  return {
    isUp: /BGP state: +Established/.test(answer),
    sinceMs: Date.parse(`${since.replace(' ', 'T')}Z`),
    imported: Number(imported),
    updates: Number(updates),
    withdraws: Number(withdraws),
  }
}
