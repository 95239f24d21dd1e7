// SPDX-License-Identifier: Apache-2.0
/** Three speakers with 2,000 Services in a sandbox, all of which the first answers for, and a station that listens. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { someAddresses } from '../../lab/failover-objects.ts'
import { monotonicMs, type Span } from '../../lab/failover-record.ts'
import { FailoverScene, type SpeakerPlan } from '../../lab/failover-scene.ts'
import { sandboxDirectory, settleIn } from '../../lab/sandbox.ts'
import { until } from '../../lab/wait.ts'
import { Prober } from '../lab/failover-prober.ts'

/** Asked for all the time; what is announced is heard of all addresses. */
const ASKED = 5
const SERVICES = 2000
/** Whatever follows a start is over by then: others watch it, and nothing is announced any more. */
const QUIET_MS = 1500
const PATIENCE_MS = 60_000

export const OWNER = 'node-1'

export type TakenOver = Readonly<{ answeredMs: readonly number[]; movedMs: number }>

export class Stage {
  readonly scene: FailoverScene
  readonly prober: Prober
  readonly #speakers: readonly SpeakerPlan[]

  /** `build` makes one. */
  constructor(scene: FailoverScene, prober: Prober, speakers: readonly SpeakerPlan[]) {
    this.scene = scene
    this.prober = prober
    this.#speakers = speakers
  }

  /** In the sandbox that this process is the script of. `speakers` says how the speaker of each node is started. */
  static async build(launcher: string, speakers: readonly SpeakerPlan[]): Promise<Stage> {
    const directory = sandboxDirectory()
    assert(directory, 'this is run in a sandbox')
    await settleIn()
    const addresses = someAddresses(SERVICES)
    const scene = await FailoverScene.build({ directory, addresses, preferred: OWNER, launcher: [launcher] })
    await Promise.all(scene.nodes.map((node, index) => scene.start(node, speakers[index])))
    const asked = addresses.filter((_, index) => index % (SERVICES / ASKED) === 0)
    const stage = new Stage(scene, new Prober(scene.host('client'), asked), speakers)
    await stage.prober.ready()
    await stage.settled()
    return stage
  }

  /** Starts the owner's speaker again, after its end. */
  async restart(): Promise<void> {
    await this.scene.speaker(OWNER).ended()
    await this.scene.start(OWNER, this.#speakers[0])
  }

  /** The owner answers, nobody else, and all is quiet. */
  async settled(): Promise<void> {
    await this.prober.settled(this.#mac, 500)
    await sleep(QUIET_MS)
    await this.prober.settled(this.#mac, 500)
  }

  /** Since a moment: until another answered for each address asked for; and from the first claim of others to their last. */
  async takenOver(sinceMs: number): Promise<TakenOver> {
    const times = await this.prober.takeOvers(this.#mac, sinceMs, PATIENCE_MS)
    const moved = await until(
      () => this.#claimsOfOthers(sinceMs),
      () => `Not all of the ${SERVICES} addresses were claimed by others.`,
      PATIENCE_MS,
    )
    return { answeredMs: times.map((atMs) => atMs - sinceMs), movedMs: Math.max(...moved) - Math.min(...moved) }
  }

  /** The longest time without an answer, of all addresses asked for. */
  async longestSilenceMs(span: Span): Promise<number> {
    await this.prober.caughtUp()
    return Math.max(...this.prober.ips.map((ip) => this.prober.record.longestSilenceMs(ip, span)))
  }

  /** Of how many addresses somebody else than the owner claimed to have them. */
  async usurped(fromMs: number): Promise<number> {
    await this.prober.caughtUp()
    const { record } = this.prober
    return this.scene.addresses.filter((ip) => record.firstClaimByAnother(ip, this.#mac, fromMs)).length
  }

  async close(): Promise<void> {
    await this.prober.stop()
    await this.scene.dismantle()
    process.channel?.unref()
  }

  get #mac(): string {
    return this.scene.macOf(OWNER)
  }

  /** When each address was first claimed by another; undefined until all are. */
  #claimsOfOthers(sinceMs: number): readonly number[] | undefined {
    const times: number[] = []
    for (const ip of this.scene.addresses) {
      const claim = this.prober.record.firstClaimByAnother(ip, this.#mac, sinceMs)
      if (!claim) return undefined
      times.push(claim.atMs)
    }
    return times
  }
}

/** Now, and the moment after so many milliseconds. */
export async function passed(durationMs: number): Promise<Span> {
  const fromMs = monotonicMs()
  await sleep(durationMs)
  return { fromMs, toMs: monotonicMs() }
}
