// SPDX-License-Identifier: Apache-2.0
/**
 * What the BGP cases share: hosts on one switch with an address of each family, routers of others in some of them and
 * our speaker in others. All of it lives in the sandbox that this process is in, and goes with it.
 */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { run, SEARCH_PATH } from '../../lab/command.ts'
import type { Host, HostPlan } from '../../lab/host.ts'
import { buildNetwork } from '../../lab/network.ts'
import { Program } from '../../lab/program.ts'
import { readText } from '../../lab/read-text.ts'
import { Bird } from '../../lab/routers/bird.ts'
import { Exabgp } from '../../lab/routers/exabgp.ts'
import { Frr } from '../../lab/routers/frr.ts'
import { Gobgp } from '../../lab/routers/gobgp.ts'
import type { Kind, Place, Router } from '../../lab/routers/router.ts'
import { sandboxDirectory, settleIn } from '../../lab/sandbox.ts'
import { notObserved } from '../../lab/wait.ts'
import type { Manifest } from './bgp-objects.ts'

const LAUNCHER = join(import.meta.dirname, '../../bin/metallb')
const READY_MS = 60_000
const POLL_MS = 100
/** Where routers keep their files: in the sandbox's own /run, since some run as users of theirs. */
const ROUTERS = '/run/routers'
/** Debian's package of each program. */
const TOOLS = { vtysh: 'frr', bird: 'bird2', gobgpd: 'gobgpd', gobgp: 'gobgpd', exabgp: 'exabgp' }

export type SpeakerPlan = Readonly<{
  flags?: readonly string[]
  /** A directory of manifests beside the scene's own. */
  manifests?: string
}>

/** Asks again and again, with a pause as some answers cost a process; throws NotObserved at the deadline. */
export async function eventually<T>(
  probe: () => Promise<T | undefined>,
  otherwise: () => string | Promise<string>,
  patienceMs = 30_000,
): Promise<T> {
  const deadlineMs = performance.now() + patienceMs
  for (;;) {
    const answer = await probe()
    if (answer !== undefined) return answer
    if (performance.now() >= deadlineMs) throw notObserved(await otherwise())
    await sleep(POLL_MS)
  }
}

export class BgpScene {
  readonly #directory: string
  readonly #hosts: ReadonlyMap<string, Host>
  readonly #running: (Router | Program)[] = []
  #speakers = 0

  constructor(directory: string, hosts: readonly Host[]) {
    this.#directory = directory
    this.#hosts = new Map(hosts.map((host) => [host.name, host]))
    mkdirSync(this.manifests())
    mkdirSync(ROUTERS)
  }

  /** Hosts of these names, numbered from `192.168.1.11` and `fd00::b` on. Once in a sandbox; what `atEnd` is given ends its programs. */
  static async build(names: readonly string[], atEnd: (end: () => Promise<void>) => void = after): Promise<BgpScene> {
    const directory = sandboxDirectory()
    assert(directory, 'this file is run by a test of its own, in a sandbox')
    for (const [tool, name] of Object.entries(TOOLS)) {
      const isInstalled = SEARCH_PATH.split(':').some((folder) => existsSync(join(folder, tool)))
      assert(isInstalled, `these tests need ${tool}: apt-get install ${name}`)
    }
    await settleIn()
    // FRR keeps what a crash would need there, wherever its other files are.
    await run(['mount', '-t', 'tmpfs', 'lab', '/var/tmp'])
    process.channel?.unref() // the launcher may wait for us, not we for it
    const hosts = await buildNetwork(names.map((name, index) => hostPlan(name, 11 + index)))
    await Promise.all(hosts.map((host) => giveIpv6(host)))
    const scene = new BgpScene(directory, hosts)
    atEnd(() => scene.#end())
    return scene
  }

  host(name: string): Host {
    const host = this.#hosts.get(name)
    assert(host, `there is no host ${name}`)
    return host
  }

  ipv4(name: string): string {
    return this.host(name).plan.address
  }

  ipv6(name: string): string {
    return ipv6Of(this.host(name))
  }

  /** A router on that host, yet to be started; of FRR's daemons, `beside` bgpd. */
  router(kind: Kind, hostName: string, beside: readonly ('zebra' | 'bfdd')[] = []): Router {
    const directory = join(ROUTERS, hostName)
    mkdirSync(directory, { recursive: true })
    chmodSync(directory, 0o755)
    const router = routerOf(kind, { host: this.host(hostName), directory, name: `${kind}-${hostName}` }, beside)
    this.#running.push(router)
    return router
  }

  /** The directory of manifests of this name. */
  manifests(name = 'manifests'): string {
    return join(this.#directory, name)
  }

  /** Puts these objects there, at once and whole, in place of those that were under this name. */
  write(name: string, objects: readonly Manifest[], directory = this.manifests()): void {
    mkdirSync(directory, { recursive: true })
    const incoming = `${directory}.incoming`
    writeFileSync(incoming, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
    renameSync(incoming, join(directory, `${name}.json`))
  }

  remove(name: string, directory = this.manifests()): void {
    rmSync(join(directory, `${name}.json`))
  }

  /** Starts our speaker on that host; resolves when it is ready. Its run directory outlives it. */
  async speaker(hostName: string, { flags = [], manifests = this.manifests() }: SpeakerPlan = {}): Promise<Program> {
    const place = ['--node-name', hostName, '--run-dir', join(this.#directory, `run-${hostName}`)]
    const command = [LAUNCHER, 'speaker', '--manifests', manifests, '--log-level', 'debug', ...place, ...flags]
    const name = `speaker-${hostName}-${this.#speakers++}`
    const program = new Program({ name, command, host: this.host(hostName) }, this.#directory)
    this.#running.push(program)
    await program.said('"msg":"ready"', READY_MS)
    return program
  }

  /** Another program on a host; its log is that of its name. */
  start(hostName: string, name: string, command: readonly string[]): Program {
    const program = new Program({ name, command, host: this.host(hostName) }, this.#directory)
    this.#running.push(program)
    return program
  }

  /** All that a program of ours has said. */
  logOf(program: Program): string {
    return readText(join(this.#directory, `${program.name}.log`)) ?? ''
  }

  async #end(): Promise<void> {
    for (const host of this.#hosts.values()) host.dismiss()
    for (const one of this.#running) one.signal('SIGKILL')
    await Promise.all(this.#running.map((one) => ('stop' in one ? one.stop('SIGKILL') : one.ended())))
  }
}

function routerOf(kind: Kind, place: Place, beside: readonly ('zebra' | 'bfdd')[]): Router {
  switch (kind) {
    case 'frr':
      return new Frr(place, beside)
    case 'bird':
      return new Bird(place)
    case 'gobgp':
      return new Gobgp(place)
    case 'exabgp':
      return new Exabgp(place)
  }
}

function hostPlan(name: string, last: number): HostPlan {
  const mac = `02:00:00:00:00:${last.toString(16).padStart(2, '0')}`
  return { name, address: `192.168.1.${last}`, mac, ownAddresses: [], routes: [], settings: {} }
}

/** Its one global address: routers of the lab advertise the network, and nobody is to make an address of that. */
async function giveIpv6(host: Host): Promise<void> {
  await host.run(['sh', '-ec', 'echo 0 > /proc/sys/net/ipv6/conf/eth0/autoconf'])
  await host.run(['ip', 'address', 'add', `${ipv6Of(host)}/64`, 'dev', 'eth0', 'nodad'])
}

function ipv6Of({ plan }: Host): string {
  return `fd00::${Number(plan.address.split('.')[3]).toString(16)}`
}
