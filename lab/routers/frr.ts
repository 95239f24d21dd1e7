// SPDX-License-Identifier: Apache-2.0
/**
 * FRR: bgpd alone when only its table is looked at, with zebra when the host is to forward, and with bfdd for BFD.
 * zebra and bfdd insist on being their own user, so the folder belongs to that one.
 */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../command.ts'
import type { Host } from '../host.ts'
import { frrBfdConfig, frrConfig } from './frr-config.ts'
import { frrRoutes, frrSession } from './frr-tables.ts'
import { Processes } from './process.ts'
import type { Place, Router, RouterPlan, SeenRoute, SeenSession } from './router.ts'

const PROGRAMS = '/usr/lib/frr'
type Beside = 'zebra' | 'bfdd'

export class Frr implements Router {
  readonly kind = 'frr'
  readonly name: string
  readonly host: Host
  readonly #directory: string
  readonly #processes: Processes
  readonly #beside: readonly Beside[]

  /** `beside` bgpd; bfdd needs zebra, too. */
  constructor(place: Place, beside: readonly Beside[] = []) {
    this.name = place.name
    this.host = place.host
    this.#directory = place.directory
    this.#beside = beside
    this.#processes = new Processes(place)
  }

  async start(plan: RouterPlan): Promise<void> {
    const path = (file: string): string => join(this.#directory, file)
    writeFileSync(path('bgpd.conf'), frrConfig(plan))
    writeFileSync(path('bfdd.conf'), frrBfdConfig(plan))
    for (const file of ['vtysh.conf', 'zebra.conf']) writeFileSync(path(file), 'log timestamp precision 3\n')
    const shared = ['--vty_socket', this.#directory, '-z', path('zserv.api'), '-P', '0', '--log', 'stdout']
    const daemon = (name: string, ...flags: readonly string[]): void => {
      const own = ['-f', path(`${name}.conf`), '-i', path(`${name}.pid`)]
      this.#processes.start(name, [`${PROGRAMS}/${name}`, ...shared, ...own, ...flags])
    }
    if (this.#beside.length > 0) {
      chmodSync(this.#directory, 0o755)
      await run(['chown', 'frr:frr', this.#directory])
    }
    if (this.#beside.includes('zebra')) {
      daemon('zebra')
      await this.#processes.answering(() => this.#vtysh('zebra', 'show version'))
    }
    if (this.#beside.includes('bfdd')) {
      daemon('bfdd', '--bfdctl', path('bfdd.sock'))
      await this.#processes.answering(() => this.#vtysh('bfdd', 'show version'))
    }
    // It may stay root here: whoever looks at its table alone needs no user of FRR's.
    daemon('bgpd', '-S', ...(this.#beside.includes('zebra') ? [] : ['-n', '-Z']))
    await this.#processes.answering(() => this.#vtysh('bgpd', 'show bgp summary json'))
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#processes.stop(signal)
  }

  signal(signal: NodeJS.Signals): void {
    this.#processes.signal(signal)
  }

  async routes(): Promise<readonly SeenRoute[]> {
    const [ipv4, ipv6] = await Promise.all(
      ['ipv4', 'ipv6'].map(async (family) => frrRoutes(await this.command(`show bgp ${family} unicast json detail`))),
    )
    return [...(ipv4 ?? []), ...(ipv6 ?? [])]
  }

  async session(address: string): Promise<SeenSession> {
    return frrSession(await this.command(`show bgp neighbors ${address} json`), address)
  }

  /** Of bgpd; what configures it is several lines. */
  async command(text: string): Promise<string> {
    return await this.#vtysh('bgpd', ...text.split('\n'))
  }

  /** Of one that runs beside it. */
  async ask(daemon: Beside, text: string): Promise<string> {
    return await this.#vtysh(daemon, ...text.split('\n'))
  }

  async refresh(address: string): Promise<void> {
    await this.command(`clear bgp ${address} soft in`)
  }

  log(daemon: 'bgpd' | Beside = 'bgpd'): string {
    return this.#processes.log(daemon)
  }

  describe(): string {
    return this.#processes.describe()
  }

  async #vtysh(daemon: string, ...lines: readonly string[]): Promise<string> {
    const place = ['--config_dir', this.#directory, '--vty_socket', this.#directory]
    return await this.host.run(['vtysh', ...place, '-d', daemon, ...lines.flatMap((line) => ['-c', line])])
  }
}
