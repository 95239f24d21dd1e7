// SPDX-License-Identifier: Apache-2.0
/** What reading a large cluster costs: how long until everything is known, and how long timers have to wait meanwhile. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { openClient } from '../../src/kube/client.ts'
import { ENDPOINT_SLICES, SERVICES } from '../../src/kube/resource.ts'
import { openSource } from '../../src/kube/source.ts'
import { Versions } from '../../src/kube/versions.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createLog } from '../../src/lib/log.ts'
import type { ObjectEvent } from '../../src/lib/object.ts'
import { type Figure, median } from './figure.ts'

const COUNT = 10_000
const ROUNDS = 5

/** From a server in another process; turns by the CPU time of this thread, so that neighbours do not count. */
export async function bench(): Promise<readonly Figure[]> {
  const server = fork(join(import.meta.dirname, 'kube-child.ts'), [String(COUNT)])
  const [url] = await once(server, 'message')
  const rounds: { readMs: number; turnMs: number }[] = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await read(String(url)))
  server.disconnect()
  const many = `kube: ${COUNT.toLocaleString('en-US')} Services and as many EndpointSlices`
  return [
    { name: `${many}, read`, value: median(rounds.map(({ readMs }) => readMs)), unit: 'ms', bound: 3000 },
    { name: `${many}, longest turn`, value: median(rounds.map(({ turnMs }) => turnMs)), unit: 'ms', bound: 20 },
  ]
}

async function read(url: string): Promise<{ readMs: number; turnMs: number }> {
  const config = { server: new URL(url), authority: null, insecure: false, serverName: null }
  const api = openClient({ ...config, token: null, certificate: null, namespace: '' }, { userAgent: 'bench/1' })
  const source = openSource({
    api,
    wanted: [{ resource: SERVICES, fieldSelector: 'spec.type=LoadBalancer' }, { resource: ENDPOINT_SLICES }],
    versions: new Versions(),
    log: createLog('warn'),
    clock: systemClock,
    random: Math.random,
  })
  let told: readonly ObjectEvent[] = []
  const turns = new Turns()
  const started = performance.now()
  await source.start({ onEvents: (events) => (told = events), onProblems: () => {} })
  const readMs = performance.now() - started
  const turnMs = turns.stop()
  await source.stop()
  api.close()
  if (told.length !== 2 * COUNT) throw new Error(`${told.length} objects instead of ${2 * COUNT}`)
  return { readMs, turnMs }
}

/** Notes the longest time that this thread worked between two turns of the event loop. */
class Turns {
  #longestMs = 0
  #sinceMs = cpuMs()
  #next = setImmediate(() => this.#turn())

  #turn(): void {
    const nowMs = cpuMs()
    this.#longestMs = Math.max(this.#longestMs, nowMs - this.#sinceMs)
    this.#sinceMs = nowMs
    this.#next = setImmediate(() => this.#turn())
  }

  stop(): number {
    clearImmediate(this.#next)
    return Math.max(this.#longestMs, cpuMs() - this.#sinceMs)
  }
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
