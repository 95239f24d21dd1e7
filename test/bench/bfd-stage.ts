// SPDX-License-Identifier: Apache-2.0
/** Nodes with a speaker and routers on one switch, for the measuring processes of bfd.bench.ts. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SEARCH_PATH } from '../../lab/command.ts'
import { Program } from '../../lab/program.ts'
import { Frr } from '../../lab/routers/frr.ts'
import type { Kind, NeighborPlan, Router } from '../../lab/routers/router.ts'
import { sandboxDirectory } from '../../lab/sandbox.ts'
import { THEIRS } from '../interop/bfd-objects.ts'
import { isUp, type OurPeer, ourPeers } from '../interop/bfd-scene.ts'
import { BgpScene, eventually } from '../interop/bgp-scene.ts'

const READY_MS = 60_000
const PATIENCE_MS = 60_000
/** As the manifests have it; CAP_SYS_NICE is what SCHED_FIFO takes. */
const RIGHTS = { plain: '-all,+net_raw', realTime: '-all,+net_raw,+sys_nice' }

/** States of a port of the switch, by bridge(8): it drops all frames of both directions while its link stays up, or takes them. */
const PORTS = { silent: 0, heard: 3 }

export type SpeakerPlan = Readonly<{
  launcher: string
  /** Its BFD thread has SCHED_FIFO. */
  isRealTime?: boolean
  /** The main thread stands still for so many milliseconds of each second. */
  blockedMs?: number
  /** A command that limits what follows it. It does not run in the node's namespaces. */
  within?: readonly string[]
}>

export class BfdStage {
  readonly scene: BgpScene
  readonly #end: () => Promise<void>
  readonly #cables: ChildProcess
  readonly #ports: ChildProcess
  readonly #speakers: Program[] = []

  /** `build` makes one. */
  constructor(scene: BgpScene, end: () => Promise<void>) {
    this.scene = scene
    this.#end = end
    // Standing by, so that a cable is pulled when it is said and not when a program has started.
    this.#cables = batch('ip')
    this.#ports = batch('bridge')
  }

  /** In the sandbox that this process is the script of. */
  static async build(names: readonly string[]): Promise<BfdStage> {
    const ends: (() => Promise<void>)[] = []
    const scene = await BgpScene.build(names, (end) => ends.push(end))
    return new BfdStage(scene, async () => void (await Promise.all(ends.map((end) => end()))))
  }

  /** Starts the node's speaker; resolves when it is ready. */
  async speaker(node: string, plan: SpeakerPlan): Promise<Program> {
    const { launcher, isRealTime = false, blockedMs = 0, within = [] } = plan
    const rights = isRealTime ? RIGHTS.realTime : RIGHTS.plain
    const narrow = ['setpriv', '--bounding-set', rights, '--inh-caps', rights]
    const block = join(import.meta.dirname, 'bfd-blocked.ts')
    const blocked = ['env', `NODE_OPTIONS=--import=${block}`, `METALLB_BENCH_BLOCKED_MS=${blockedMs}`]
    const place = ['--node-name', node, '--run-dir', join(this.#directory, `run-${node}`)]
    const enter = [...within, 'ip', 'netns', 'exec', node, ...narrow, ...(blockedMs > 0 ? blocked : [])]
    const command = [...enter, launcher, 'speaker', '--manifests', this.scene.manifests(), ...place]
    const program = new Program({ name: `${node}-${this.#speakers.length}`, command }, this.#directory)
    this.#speakers.push(program)
    await program.said('"msg":"ready"', READY_MS)
    return program
  }

  /** Starts a router with these neighbours. */
  async router(
    kind: Kind,
    name: string,
    neighbors: readonly NeighborPlan[],
    extra: readonly string[] = [],
  ): Promise<Router> {
    const router = this.scene.router(kind, name, ['zebra', 'bfdd'])
    await router.start({ asn: THEIRS, routerId: this.scene.ipv4(name), neighbors, extra })
    return router
  }

  /** Waits until all sessions of the node are up, BFD and BGP. */
  async allUp(node: string, count: number): Promise<readonly OurPeer[]> {
    let seen: readonly OurPeer[] = []
    return await eventually(
      async () => {
        seen = (await ourPeers(node)).peers
        return seen.length === count && seen.every(isUp) ? seen : undefined
      },
      () =>
        `${seen.filter(isUp).length} of ${count} are up on ${node}: ${JSON.stringify(seen.find((one) => !isUp(one)))}`,
      PATIENCE_MS,
    )
  }

  /** Pulls the cables of these hosts, or plugs them in, now; the moment right before. */
  setCables(names: readonly string[], state: 'up' | 'down'): number {
    const atMs = Date.now()
    this.#cables.stdin?.write(names.map((name) => `link set ${name} ${state}\n`).join(''))
    return atMs
  }

  /** Lets nothing through to this host and from it, or all again, now, though its link stays up; the moment right before. */
  setPort(name: string, state: keyof typeof PORTS): number {
    const atMs = Date.now()
    this.#ports.stdin?.write(`link set dev ${name} state ${PORTS[state]}\n`)
    return atMs
  }

  /** Of a program started here. */
  logOf(program: Program): string {
    return this.scene.logOf(program)
  }

  /** Prints the result, and ends all. */
  async finish(result: unknown): Promise<void> {
    this.#cables.stdin?.end()
    this.#ports.stdin?.end()
    for (const program of this.#speakers) program.signal('SIGKILL')
    await Promise.all(this.#speakers.map((program) => program.ended()))
    await this.#end()
    process.stdout.write(JSON.stringify(result))
  }

  get #directory(): string {
    const directory = sandboxDirectory()
    assert(directory)
    return directory
  }
}

function batch(command: 'ip' | 'bridge'): ChildProcess {
  return spawn(command, ['-batch', '-'], { env: { ...process.env, PATH: SEARCH_PATH }, stdio: ['pipe', 2, 2] })
}

/** A machine of its own would not keep the router waiting. */
export async function giveRealTime(router: Router): Promise<void> {
  assert(router instanceof Frr)
  const pid = readFileSync(`/run/routers/${router.host.name}/bfdd.pid`, 'utf8').trim()
  await router.host.run(['chrt', '--all-tasks', '--fifo', '--pid', '1', pid])
}
