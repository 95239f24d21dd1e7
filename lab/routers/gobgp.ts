// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../host.ts'
import { gobgpConfig } from './gobgp-config.ts'
import { gobgpRoutes, gobgpSession } from './gobgp-tables.ts'
import { Processes } from './process.ts'
import { DOWN, type Place, type Router, type RouterPlan, type SeenRoute, type SeenSession } from './router.ts'

/** GoBGP: one process, which is asked on the host's own loopback; so there is one in a host. */
export class Gobgp implements Router {
  readonly kind = 'gobgp'
  readonly name: string
  readonly host: Host
  readonly #directory: string
  readonly #processes: Processes
  #plan: RouterPlan | null = null

  constructor(place: Place) {
    this.name = place.name
    this.host = place.host
    this.#directory = place.directory
    this.#processes = new Processes(place)
  }

  async start(plan: RouterPlan): Promise<void> {
    this.#plan = plan
    const file = join(this.#directory, 'gobgpd.yaml')
    writeFileSync(file, gobgpConfig(plan))
    const flags = ['-f', file, '-t', 'yaml', '-l', 'debug', '-p', '--pprof-disable', '--api-hosts', '127.0.0.1:50051']
    this.#processes.start('gobgpd', ['gobgpd', ...flags])
    await this.#processes.answering(() => this.command('global'))
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#processes.stop(signal)
  }

  signal(signal: NodeJS.Signals): void {
    this.#processes.signal(signal)
  }

  async routes(): Promise<readonly SeenRoute[]> {
    const asked = (this.#plan?.neighbors ?? []).flatMap(({ address, families }) =>
      families.map(async (family) => {
        // It fails where there is neither a session nor anything kept of one.
        const text = await this.command(`neighbor ${address} adj-in -a ${family} -j`).catch(() => '')
        return gobgpRoutes(text, address)
      }),
    )
    return (await Promise.all(asked)).flat()
  }

  async session(address: string): Promise<SeenSession> {
    if (this.#plan?.neighbors.every((neighbor) => neighbor.address !== address) ?? true) return DOWN
    return gobgpSession(await this.command(`neighbor ${address} -j`))
  }

  async command(text: string): Promise<string> {
    return await this.host.run(['gobgp', ...text.split(' ')])
  }

  async refresh(address: string): Promise<void> {
    await this.command(`neighbor ${address} softresetin`)
  }

  log(): string {
    return this.#processes.log('gobgpd')
  }

  describe(): string {
    return this.#processes.describe()
  }
}
