// SPDX-License-Identifier: Apache-2.0
/**
 * What the cases of a ring with real members share: hosts on one switch, a member of the ring in each, and timers alike
 * on both sides. All of it lives in the sandbox that this process is in, and goes with it.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { SEARCH_PATH } from '../../lab/command.ts'
import type { Host } from '../../lab/host.ts'
import { buildNetwork } from '../../lab/network.ts'
import { sandboxDirectory, settleIn } from '../../lab/sandbox.ts'
import { type GossipConfig, LAN } from '../../src/gossip/config.ts'
import type { MemberPlan } from './gossip-child.ts'
import { OurMember } from './gossip-member.ts'
import { SerfAgent, type SerfPlan } from './serf-agent.ts'

/** memberlist's preset for members on one machine, as `serf agent -profile=local` has it: suspects have 3 s in place of 4. */
export const LOCAL: GossipConfig = {
  ...LAN,
  tcpTimeoutMs: 1000,
  indirectChecks: 1,
  retransmitMult: 2,
  suspicionMult: 3,
  pushPullIntervalMs: 15_000,
  probeTimeoutMs: 200,
  gossipIntervalMs: 100,
  gossipToTheDeadTimeMs: 15_000,
}

/** serf's application understands versions 2 to 5 of it, and memberlist takes nobody who does not speak one of them. */
export const SERF_VERSIONS = Uint8Array.of(1, 5, 2, 2, 5, 4)

export const SECRET = Uint8Array.from({ length: 32 }, (_, index) => index * 7)

export class GossipScene {
  readonly #directory: string
  readonly #hosts: Host[]

  constructor(directory: string, hosts: readonly Host[]) {
    this.#directory = directory
    this.#hosts = [...hosts]
  }

  /** As many hosts as all tests of the file take together. Once in a sandbox. */
  static async build(count: number): Promise<GossipScene> {
    const directory = sandboxDirectory()
    assert(directory, 'this file is run by gossip-serf.test.ts, in a sandbox')
    const isInstalled = SEARCH_PATH.split(':').some((folder) => existsSync(join(folder, 'serf')))
    assert(isInstalled, 'these tests need serf: apt-get install serf')
    await settleIn()
    process.channel?.unref() // the launcher may wait for us, not we for it
    const plans = Array.from({ length: count }, (_, index) => {
      const last = index + 1
      const mac = `02:00:00:00:00:${last.toString(16).padStart(2, '0')}`
      return { name: `host-${last}`, address: `192.168.1.${last}`, mac, ownAddresses: [], routes: [], settings: {} }
    })
    return new GossipScene(directory, await buildNetwork(plans))
  }

  /** A host that no other test has. */
  host(): Host {
    const host = this.#hosts.shift()
    assert(host, 'the network has too few hosts for all tests')
    return host
  }

  /** The members of one test, which end with it. */
  ring(test: TestContext): Ring {
    const ring = new Ring(this, this.#directory)
    test.after(() => ring.end())
    return ring
  }
}

export class Ring {
  readonly #scene: GossipScene
  readonly #directory: string
  readonly #started: (OurMember | SerfAgent)[] = []

  constructor(scene: GossipScene, directory: string) {
    this.#scene = scene
    this.#directory = directory
  }

  /** One of ours, on a host of its own unless there is one. */
  async ours(plan: Partial<MemberPlan> = {}, host: Host = this.#scene.host()): Promise<OurMember> {
    const versioned = { config: LOCAL, versions: SERF_VERSIONS, ...plan }
    return this.#keep(await OurMember.start(host, this.#directory, versioned))
  }

  /** One of serf's, on a host of its own unless there is one. */
  async serf(plan: Partial<SerfPlan> = {}, host: Host = this.#scene.host()): Promise<SerfAgent> {
    return this.#keep(await SerfAgent.start(host, this.#directory, { profile: 'local', ...plan }))
  }

  /** One of ours and one of serf's, each seen by the other; we joined. */
  async pair(plans: Readonly<{ ours?: Partial<MemberPlan>; serf?: Partial<SerfPlan> }> = {}): Promise<Pair> {
    const [ours, serf] = await Promise.all([this.ours(plans.ours), this.serf(plans.serf)])
    assert.equal(await ours.join(serf.host), 1, 'serf answers')
    await Promise.all([ours.sees(serf.name, 'alive', 3000), serf.sees(ours.name, 'alive', 3000)])
    return { ours, serf }
  }

  async end(): Promise<void> {
    await Promise.all(this.#started.map((member) => member.kill()))
  }

  #keep<M extends OurMember | SerfAgent>(member: M): M {
    this.#started.push(member)
    return member
  }
}

export type Pair = Readonly<{ ours: OurMember; serf: SerfAgent }>

/** Milliseconds until something is so. */
export async function took(wait: Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await wait
  return performance.now() - startMs
}
