// SPDX-License-Identifier: Apache-2.0
/** A client's station that asks for addresses all the time, and the record of what it heard. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { ClaimsRecord, monotonicMs, parseClaim } from '../../lab/failover-record.ts'
import type { Host } from '../../lab/host.ts'
import { until } from '../../lab/wait.ts'
import { buildTool } from './wire-namespace.ts'

const INTERVAL_US = 5000
/** A line is read this long after its frame at the latest, unless the machine is very busy. */
const READ_MS = 50

export class Prober {
  readonly record = new ClaimsRecord()
  readonly ips: readonly string[]
  readonly #child: ChildProcess
  readonly #ready = Promise.withResolvers<void>()

  /** Begins to ask for each of the addresses every 5 ms. */
  constructor(host: Host, ips: readonly string[], intervalUs: number = INTERVAL_US) {
    this.ips = ips
    const command = ['netns', 'exec', host.name, buildTool('test/bench/arp-prober.c'), 'eth0', String(intervalUs)]
    this.#child = spawn('ip', [...command, ...ips], { stdio: ['ignore', 'pipe', 'inherit'] })
    assert(this.#child.stdout)
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const claim = parseClaim(line)
      if (claim) this.record.add(claim)
      else this.#ready.resolve()
    })
  }

  /** Resolves when it asks. */
  async ready(): Promise<void> {
    await this.#ready.promise
  }

  /** Waits until all its addresses are answered by the node of this MAC, and by nobody else for `quietMs`. */
  async settled(mac: string, quietMs = 300): Promise<void> {
    const isSettled = (ip: string) => {
      const now = monotonicMs()
      const recent = this.record.claimants(ip, { fromMs: now - quietMs, toMs: now })
      return recent.size === 1 && recent.has(mac)
    }
    await until(
      () => (this.ips.every(isSettled) ? true : undefined),
      () => `${this.ips.length} addresses are to be answered by ${mac} alone. ${this.#latest()}`,
      10_000,
    )
  }

  /** Waits until each of its addresses is answered by another than `mac` since a moment; when each was. */
  async takeOvers(mac: string, sinceMs: number, patienceMs = 10_000): Promise<readonly number[]> {
    const first = (ip: string) => this.record.firstByAnother(ip, mac, sinceMs)
    await until(
      () => (this.ips.every(first) ? true : undefined),
      () => `${this.ips.length} addresses are to be answered by another than ${mac}. ${this.#latest()}`,
      patienceMs,
    )
    return this.ips.map((ip) => first(ip)?.atMs ?? Number.NaN)
  }

  /** The same, and when the last one was. */
  async takenOver(mac: string, sinceMs: number): Promise<number> {
    return Math.max(...(await this.takeOvers(mac, sinceMs)))
  }

  /** What the station has heard by now is in the record when this resolves. */
  async caughtUp(): Promise<void> {
    await new Promise((resolve) => {
      setTimeout(resolve, READ_MS)
    })
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }

  #latest(): string {
    const now = monotonicMs()
    const lines = this.ips.slice(0, 5).map((ip) => {
      const latest = this.record.latestAnswer(ip)
      return `${ip}: ${latest ? `${latest.mac} ${(now - latest.atMs).toFixed(0)} ms ago` : 'nobody'}`
    })
    return `Last answers: ${lines.join(', ')}`
  }
}
