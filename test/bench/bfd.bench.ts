// SPDX-License-Identifier: Apache-2.0
/**
 * BFD with routers of others: how soon a failure is noticed on both sides, that a busy machine is no failure, and what
 * many sessions cost. Routers have their own way to the processor, as machines of their own would.
 */
import { join } from 'node:path'
import { Quota } from '../../lab/cluster/quota.ts'
import { runScript } from '../lab/failover-sandbox.ts'
import type { Calm, CalmPlan } from './bfd-calm.ts'
import type { Crowd, CrowdPlan } from './bfd-crowd.ts'
import type { DownPlan, Downs } from './bfd-down.ts'
import type { ReroutePlan } from './bfd-reroute.ts'
import { allOf, bundledLauncher } from './failover-run.ts'
import type { Figure } from './figure.ts'

const LIMIT_MS = 300_000
const isRecord = process.env['METALLB_BENCH_RECORD'] === '1'
const SMALL = { cores: 0.2, memoryBytes: 128 * 2 ** 20 }
const CALM_S = 60
/** Every time, as all of so many have to be in time. */
const DOWN_ROUNDS = 20

/** Runs a script beside this file in a sandbox of its own; resolves to what it prints, a result in JSON. */
export async function measured(script: string, plan: object, limitMs = LIMIT_MS): Promise<string> {
  return await runScript([join(import.meta.dirname, script), JSON.stringify(plan)], limitMs)
}

export async function bench(): Promise<readonly Figure[]> {
  const launcher = await bundledLauncher()
  return [
    ...(await down(launcher)),
    ...(await reroute(launcher)),
    ...(await crowd(launcher)),
    ...(await calm(launcher)),
  ]
}

async function down(launcher: string): Promise<readonly Figure[]> {
  const plan: DownPlan = { launcher, rounds: DOWN_ROUNDS, intervalMs: 50 }
  const { link, silence }: Downs = JSON.parse(await measured('bfd-down.ts', plan))
  const name = 'BFD at 50 ms × 3'
  return [
    within250(`${name}, a router's link goes down: session closed, worst`, link.ours),
    within250(`${name}, a router's link goes down: its route gone, worst`, link.theirs),
    within250(`${name}, nothing comes through any more: session closed, worst`, silence.ours),
    within250(`${name}, nothing comes through any more: its route gone at the router, worst`, silence.theirs),
  ]
}

function within250(name: string, times: readonly number[]): Figure {
  return { name, value: Math.max(...times), unit: 'ms', bound: 250, note: allOf(times) }
}

async function reroute(launcher: string): Promise<readonly Figure[]> {
  const plan: ReroutePlan = { launcher, rounds: isRecord ? 10 : 3, intervalMs: 300 }
  const times: readonly number[] = JSON.parse(await measured('bfd-reroute.ts', plan))
  const name = 'BFD at 300 ms × 3 (FRR), a node dies: last request that a client loses, worst'
  return [{ name, value: Math.max(...times), unit: 'ms', bound: 1000, note: allOf(times) }]
}

async function crowd(launcher: string): Promise<readonly Figure[]> {
  const plan: CrowdPlan = { launcher, sessions: 100, intervalMs: 100, seconds: isRecord ? 60 : 10 }
  const { cores, intervals, downs }: Crowd = JSON.parse(await measured('bfd-crowd.ts', plan))
  const { count, shortest, mean, longest, beyond } = intervals
  const spread = `${shortest.toFixed(1)} to ${longest.toFixed(1)} ms, mean ${mean.toFixed(1)} ms, of ${count}`
  const name = 'BFD, 100 sessions at 100 ms (FRR)'
  return [
    { name: `${name}: processor time`, value: 100 * cores, unit: '% of a core', bound: 5 },
    {
      name: `${name}: intervals below 75 % or above 100 %`,
      value: (100 * beyond) / count,
      unit: '%',
      bound: 0.1,
      note: spread,
    },
    { name: `${name}: sessions that ended`, value: downs, unit: '', bound: 0 },
  ]
}

async function calm(launcher: string): Promise<readonly Figure[]> {
  const { within } = new Quota(SMALL)
  const plan: CalmPlan = { launcher, seconds: CALM_S, within }
  const { fifo, plain, quota }: Calm = JSON.parse(await measured('bfd-calm.ts', plan))
  const name = `BFD, main thread and all processors busy, sessions that ended in ${CALM_S} s`
  return [
    { name: `${name}: SCHED_FIFO, 50 ms × 3`, value: fifo, unit: '', bound: 0 },
    { name: `${name}: without, 300 ms × 3`, value: plain, unit: '', bound: 0 },
    { name: `${name}: 20 % of a core, 300 ms × 3`, value: quota, unit: '', bound: 0 },
  ]
}
