// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../command.ts'
import type { Host } from '../host.ts'
import { readText } from '../read-text.ts'
import { exabgpConfig } from './exabgp-config.ts'
import { exabgpTold } from './exabgp-tables.ts'
import { Processes } from './process.ts'
import { DOWN, type Place, type Router, type RouterPlan, type SeenRoute, type SeenSession } from './router.ts'

/** It looks for settings in its environment. */
const SETTINGS = {
  'exabgp.daemon.user': 'root',
  'exabgp.daemon.drop': 'false',
  'exabgp.api.cli': 'false',
  'exabgp.api.ack': 'false',
  'exabgp.log.destination': 'stdout',
}

/** ExaBGP: it writes all that it hears into a file, and reads what to do from a pipe. */
export class Exabgp implements Router {
  readonly kind = 'exabgp'
  readonly name: string
  readonly host: Host
  readonly #directory: string
  readonly #processes: Processes
  #starts = 0

  constructor(place: Place) {
    this.name = place.name
    this.host = place.host
    this.#directory = place.directory
    this.#processes = new Processes(place)
  }

  async start(plan: RouterPlan): Promise<void> {
    this.#starts++
    const [script, config] = ['tell.sh', 'exabgp.conf'].map((file) => join(this.#directory, file))
    writeFileSync(this.#told, '')
    await run(['mkfifo', this.#orders])
    // The shell gives /dev/null to what runs in the background.
    writeFileSync(script ?? '', `exec 3<&0\ncat >>${this.#told} <&3 &\nexec cat <>${this.#orders}\n`)
    writeFileSync(config ?? '', exabgpConfig(plan, script ?? ''))
    const settings = Object.entries(SETTINGS).map(([name, value]) => `${name}=${value}`)
    const program = this.#processes.start('exabgp', ['env', ...settings, 'exabgp', config ?? ''])
    await program.said('loaded new configuration successfully', 20_000)
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#processes.stop(signal)
  }

  signal(signal: NodeJS.Signals): void {
    this.#processes.signal(signal)
  }

  async routes(): Promise<readonly SeenRoute[]> {
    return exabgpTold(readText(this.#told) ?? '').routes
  }

  async session(address: string): Promise<SeenSession> {
    return exabgpTold(readText(this.#told) ?? '').sessions.get(address) ?? DOWN
  }

  /** It answers nothing; what comes of it is in its log. */
  async command(text: string): Promise<string> {
    await appendFile(this.#orders, `${text}\n`)
    return ''
  }

  async refresh(address: string): Promise<void> {
    await this.command(`neighbor ${address} announce route-refresh ipv4 unicast`)
  }

  /** What it says of itself, and then what it has heard. */
  log(): string {
    return this.#processes.log('exabgp') + (readText(this.#told) ?? '')
  }

  describe(): string {
    return this.#processes.describe()
  }

  get #told(): string {
    return join(this.#directory, `told-${this.#starts}.json`)
  }

  get #orders(): string {
    return join(this.#directory, `orders-${this.#starts}`)
  }
}
