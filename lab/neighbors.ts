// SPDX-License-Identifier: Apache-2.0
/**
 * What a host's kernel learns about its link: its neighbour table, followed as it changes (`ip monitor neigh`).
 *
 * The kernel says how it learned a MAC address: an answer to its own question makes the entry REACHABLE (RFC 4861's
 * word, used for ARP too), a gratuitous announcement only STALE. So an answer cannot be mistaken for an announcement.
 */
import assert from 'node:assert/strict'
import { createInterface } from 'node:readline'
import type { Host } from './host.ts'
import { type Otherwise, until } from './wait.ts'

/** What the kernel noted: its word for the state, or DELETED; `mac` is '' while it knows none. */
export type Sighting = Readonly<{ ip: string; mac: string; state: string; atMs: number }>

/** Nobody in the lab has this address; it only proves that the monitor listens. */
const SENTINEL = { ip: '192.168.1.254', mac: '02:00:00:00:ff:ff' }

export class Neighbors {
  readonly #host: Host
  readonly #sightings: Sighting[] = []

  constructor(host: Host) {
    this.#host = host
  }

  /** Starts to listen; resolves when the kernel's changes arrive. */
  async start(): Promise<void> {
    const monitor = this.#host.spawn(['ip', 'monitor', 'neigh'], 'pipe')
    assert(monitor.stdout)
    createInterface({ input: monitor.stdout }).on('line', (line) => {
      const sighting = parseSighting(line, performance.now())
      if (sighting) this.#sightings.push(sighting)
    })
    await until(
      async () => {
        await this.#forgetQuietly(SENTINEL.ip) // only a change is reported
        await this.#host.run(['ip', 'neigh', 'add', SENTINEL.ip, 'lladdr', SENTINEL.mac, 'dev', 'eth0'])
        return this.#sightings.length > 0 ? true : undefined
      },
      () => `${this.#host.name}: 'ip monitor neigh' prints nothing, so the lab cannot see what this host learns.`,
    )
  }

  /** A place in the record, to ask later what came after it. */
  mark(): number {
    return this.#sightings.length
  }

  /** Waits until the host was told an address that it had not asked for since `mark`. */
  async announced(ip: string, mark: number, otherwise: Otherwise): Promise<Sighting> {
    return await until(() => this.announcement(ip, mark), otherwise)
  }

  /** The first time since `mark` that the host was told an address that it had not asked for. */
  announcement(ip: string, mark: number): Sighting | undefined {
    return this.#since(ip, mark).find(({ state }) => state === 'STALE')
  }

  /** Asks who has an address: the answer that came to this host, or null when nobody answered three questions. */
  async ask(ip: string): Promise<Sighting | null> {
    const silent = () => `${this.#host.name} asked who has ${ip}, and its kernel came to no verdict.`
    return await until(async () => {
      const mark = await this.#forget(ip)
      await this.#host.poke(ip)
      const heard = await until(() => this.#since(ip, mark).find(({ state }) => state in VERDICTS), silent)
      return VERDICTS[heard.state]?.(heard)
    }, silent)
  }

  /** MAC addresses of all who claimed an address since `mark`. */
  claimants(ip: string, mark: number): Set<string> {
    const macs = this.#since(ip, mark).map(({ mac }) => mac)
    return new Set(macs.filter((mac) => mac !== ''))
  }

  /**
   * Empties the entry. Its end is announced too, after all that was said before: what follows is news, and may be there
   * already when somebody else on this host asks at the same time.
   */
  async #forget(ip: string): Promise<number> {
    const mark = this.mark()
    const existed = await this.#forgetQuietly(ip)
    if (!existed) return mark
    return await until(
      () => {
        const index = this.#sightings.findIndex(
          (sighting, at) => at >= mark && sighting.ip === ip && sighting.state === 'DELETED',
        )
        return index === -1 ? undefined : index + 1
      },
      () => `${this.#host.name}: the kernel did not report that it forgot ${ip}.`,
    )
  }

  async #forgetQuietly(ip: string): Promise<boolean> {
    return await this.#host.run(['ip', 'neigh', 'del', ip, 'dev', 'eth0']).then(
      () => true,
      () => false, // there was no such entry
    )
  }

  #since(ip: string, mark: number): Sighting[] {
    return this.#sightings.slice(mark).filter((sighting) => sighting.ip === ip)
  }
}

/** What a question ends with. STALE is an announcement that came in between: undefined, ask again. */
const VERDICTS: Readonly<Record<string, (heard: Sighting) => Sighting | null | undefined>> = {
  REACHABLE: (heard) => heard,
  FAILED: () => null,
  STALE: () => undefined,
}

/** One line of `ip monitor neigh`; undefined when it is about something else. */
export function parseSighting(line: string, atMs: number): Sighting | undefined {
  const [, deleted, ip = '', mac = '', state = ''] = LINE.exec(line) ?? []
  if (ip === '') return undefined
  return { ip, mac, state: deleted === undefined ? state : 'DELETED', atMs }
}

/** `[Deleted] ADDRESS dev DEVICE [lladdr MAC] [flags] STATE` */
const LINE = /^(Deleted )?(\d[\d.]+) dev \S+ +(?:lladdr (\S+) +)?(?:[a-z_]+ +)*([A-Z]+)\s*$/
