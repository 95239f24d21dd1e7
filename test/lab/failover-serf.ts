// SPDX-License-Identifier: Apache-2.0
/** A member of the ring that is no speaker of ours: serf's agent, which is hashicorp/memberlist and little else. */
import { join } from 'node:path'
import type { FailoverScene } from '../../lab/failover-scene.ts'
import type { Program } from '../../lab/program.ts'
import { until } from '../../lab/wait.ts'

const ROOT = join(import.meta.dirname, '../..')
const VERSIONS = join(import.meta.dirname, 'failover-serf-versions.ts')

/** Starts a `metallb` whose member list serf takes part in. */
export const LAUNCHER_FOR_SERF: readonly string[] = [process.execPath, '--import', VERSIONS, join(ROOT, 'src/main.ts')]

export class Serf {
  readonly program: Program
  readonly #scene: FailoverScene
  readonly #node: string

  /** Starts it under the node's name, alone until a speaker joins it. `key` is the ring's, of 32 bytes. */
  constructor(scene: FailoverScene, node: string, key?: Uint8Array) {
    this.#scene = scene
    this.#node = node
    const { address } = scene.host(node).plan
    const encrypt = key ? [`-encrypt=${Buffer.from(key).toString('base64')}`] : []
    const command = ['serf', 'agent', `-node=${node}`, `-bind=${address}:7946`, '-log-level=debug', ...encrypt]
    this.program = scene.startOther(node, `serf-${node}`, command)
  }

  /** What it thinks of the others: `alive`, `failed`, `left`. */
  async members(): Promise<ReadonlyMap<string, string>> {
    const text = await this.#scene.host(this.#node).run(['serf', 'members', '-format=json'])
    const { members }: { members: { name: string; status: string }[] } = JSON.parse(text)
    return new Map(members.map(({ name, status }) => [name, status]))
  }

  /** Waits until it thinks so of a member. */
  async sees(name: string, status: string, patienceMs: number): Promise<void> {
    let latest: ReadonlyMap<string, string> = new Map()
    await until(
      async () => {
        latest = await this.members()
        return latest.get(name) === status ? true : undefined
      },
      () =>
        `serf should see ${name} as ${status}, and it sees ${JSON.stringify([...latest])}. ${this.program.describe()}`,
      patienceMs,
    )
  }
}
