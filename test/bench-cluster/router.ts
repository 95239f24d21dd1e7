// SPDX-License-Identifier: Apache-2.0
/** A real router (BIRD 2) at the other end of the namespace's link, and how many routes it has at any moment. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bound } from '../../lab/cluster/child.ts'
import { scratchDirectory } from '../../lab/cluster/scratch.ts'
import { run } from '../../lab/command.ts'
import { notObserved } from '../../lab/wait.ts'
import { BirdControl } from '../bench/bird-control.ts'

export const ROUTER_ASN = 64_501
export const OWN_ASN = 64_500

/** The other end of the link that test/bench-cluster/alone makes. */
const LINK = 'nowhere'
const NEAR_LINK = 'node0'
const LOOK_MS = 5

/** BIRD tells its neighbours by their addresses alone, so a node with several sessions needs several. */
export type Ends = Readonly<{ router: string; node: string }>

/** What a router has heard of its neighbours. */
export type Told = Readonly<{
  /** When each session came up: the same again as long as none ends. */
  since: string
  /** Announced or withdrawn in all of them together, with or without effect. */
  prefixes: number
}>

export class Router {
  readonly #process: ChildProcess
  readonly #control: BirdControl

  constructor(process: ChildProcess, control: BirdControl) {
    this.#process = process
    this.#control = control
  }

  /** One session between each of these. Takes the link's other end into a namespace of its own. */
  static async start(sessions: readonly Ends[]): Promise<Router> {
    const directory = scratchDirectory('router')
    const [config, socket] = [join(directory, 'bird.conf'), join(directory, 'bird.ctl')]
    writeFileSync(config, configOf(sessions))
    const begin = `read go && exec bird -f -c ${config} -s ${socket}`
    const [program = '', ...rest] = bound(['unshare', '--net', 'sh', '-c', begin])
    const router = spawn(program, rest, { stdio: ['pipe', 'ignore', 'inherit'] })
    const pid = String(await unshared(router.pid ?? 0))
    if (await isTaken()) await makeLink() // by an earlier run, with whose namespace it went
    await run(['ip', 'link', 'set', LINK, 'netns', pid])
    const inside = ['nsenter', '-t', pid, '-n']
    for (const address of new Set(sessions.map(({ router: own }) => own)))
      await run([...inside, 'ip', 'address', 'add', `${address}/24`, 'dev', LINK])
    await run([...inside, 'ip', 'link', 'set', LINK, 'up'])
    router.stdin?.write('go\n')
    return new Router(router, await answering(socket))
  }

  /** Networks in its table, and routes to them: one from each session that has it. */
  async counts(): Promise<{ routes: number; networks: number }> {
    const text = await this.#control.ask('show route count')
    const [, routes, networks] = /(\d+) of \d+ routes for (\d+) networks in table master4/.exec(text) ?? []
    return { routes: Number(routes ?? 0), networks: Number(networks ?? 0) }
  }

  /** Sessions that are up. */
  async sessions(): Promise<number> {
    const text = await this.#control.ask('show protocols')
    return text.split('\n').filter((line) => line.includes('Established')).length
  }

  /** What it was told so far in the sessions that are up; throws where they are not so many. */
  async told(sessions: number): Promise<Told> {
    const text = await this.#control.ask('show protocols all')
    const since = [...text.matchAll(/ up +(\S.*?) +Established/g)].map(([, moment]) => moment)
    const counts = [...text.matchAll(/Import (?:updates|withdraws): +(\d+)/g)].map(([, count]) => Number(count))
    if (since.length !== sessions || counts.length !== 2 * sessions) throw new Error(`not ${sessions} are up: ${text}`)
    return { since: since.join(), prefixes: counts.reduce((sum, count) => sum + count, 0) }
  }

  /**
   * Resolves when it is so, with the moment at which it was seen; throws NotObserved after `deadlineMs`. The router counts
   * all its routes for each look, so nobody should look more often than it takes.
   */
  async until(
    holds: () => Promise<boolean>,
    what: string,
    { deadlineMs = 60_000, lookMs = LOOK_MS }: Readonly<{ deadlineMs?: number; lookMs?: number }> = {},
  ): Promise<number> {
    const end = performance.now() + deadlineMs
    while (!(await holds())) {
      if (performance.now() > end) throw notObserved(`the router: ${what}, not within ${deadlineMs / 1000} s`)
      await sleep(lookMs)
    }
    return performance.now()
  }

  async stop(): Promise<void> {
    this.#control.close()
    this.#process.kill()
    await once(this.#process, 'exit')
  }
}

function configOf(sessions: readonly Ends[]): string {
  const protocols = sessions.map(({ router, node }, at) => {
    const ends = `local ${router} as ${ROUTER_ASN}; neighbor ${node} as ${OWN_ASN}`
    return `protocol bgp s${at} { ${ends}; passive; ipv4 { import all; export none; }; }`
  })
  return ['router id 192.168.1.1;', 'protocol device { scan time 1; }', ...protocols, ''].join('\n')
}

async function isTaken(): Promise<boolean> {
  return !(await run(['ip', '-o', 'link', 'show'])).includes(` ${LINK}@`)
}

/** As test/bench-cluster/alone makes it. */
async function makeLink(): Promise<void> {
  await run(['ip', 'link', 'add', NEAR_LINK, 'type', 'veth', 'peer', 'name', LINK])
  await run(['ip', 'address', 'add', '192.168.1.11/24', 'dev', NEAR_LINK])
  await run(['ip', 'link', 'set', NEAR_LINK, 'up'])
}

/** The process that `unshare` becomes has its own network namespace a moment after it was started. */
async function unshared(pid: number): Promise<number> {
  const here = await run(['readlink', '/proc/self/ns/net'])
  for (;;) {
    const there = await run(['readlink', `/proc/${pid}/ns/net`])
    if (there !== here) return pid
    await sleep(LOOK_MS)
  }
}

async function answering(socket: string): Promise<BirdControl> {
  const end = performance.now() + 10_000
  for (;;) {
    try {
      return await BirdControl.open(socket)
    } catch (error) {
      if (performance.now() > end) throw error
      await sleep(LOOK_MS)
    }
  }
}
