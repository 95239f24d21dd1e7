// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../host.ts'
import { birdConfig, birdName } from './bird-config.ts'
import { birdRoutes, birdSaid, birdSession } from './bird-tables.ts'
import { Processes } from './process.ts'
import { DOWN, type Place, type Router, type RouterPlan, type SeenRoute, type SeenSession } from './router.ts'

/** BIRD 2: one process, which is asked by its socket. */
export class Bird implements Router {
  readonly kind = 'bird'
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
    const file = join(this.#directory, 'bird.conf')
    writeFileSync(file, birdConfig(plan))
    this.#processes.start('bird', ['bird', '-f', '-c', file, '-s', this.#socket])
    await this.#processes.answering(() => this.command('show status'))
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#processes.stop(signal)
  }

  signal(signal: NodeJS.Signals): void {
    this.#processes.signal(signal)
  }

  async routes(): Promise<readonly SeenRoute[]> {
    const neighbors = this.#plan?.neighbors ?? []
    const peers = new Map(neighbors.map(({ address }, index) => [birdName(index), address]))
    return birdRoutes(await this.command('show route all'), peers)
  }

  async session(address: string): Promise<SeenSession> {
    const { name, families } = this.#protocolOf(address)
    if (name === null) return DOWN
    const { ups, lines } = birdSaid(this.log(), name)
    const ends = lines.filter((line) => line === 'Got END-OF-RIB').length
    // It does not say of which family one is.
    const endOfRib = ends >= families.length ? families : []
    return birdSession(await this.command(`show protocols all ${name}`), { ups, endOfRib })
  }

  async command(text: string): Promise<string> {
    return await this.host.run(['birdc', '-s', this.#socket, ...text.split(' ')])
  }

  async refresh(address: string): Promise<void> {
    const { name } = this.#protocolOf(address)
    await this.command(`reload in ${name}`)
  }

  log(): string {
    return this.#processes.log('bird')
  }

  describe(): string {
    return this.#processes.describe()
  }

  get #socket(): string {
    return join(this.#directory, 'bird.ctl')
  }

  #protocolOf(address: string): { name: string | null; families: SeenSession['endOfRib'] } {
    const neighbors = this.#plan?.neighbors ?? []
    const index = neighbors.findIndex((neighbor) => neighbor.address === address)
    return { name: index < 0 ? null : birdName(index), families: neighbors[index]?.families ?? [] }
  }
}
