// SPDX-License-Identifier: Apache-2.0
/**
 * The speakers of failover.bench.ts where processor time is short: as small Pods, and beside twice as many busy processes
 * as there are processors. Who is slow is not dead: nobody may take over what its owner still answers for.
 */
import { Quota } from '../../lab/cluster/quota.ts'
import { allOf, bundledLauncher, playRounds, slowestOf } from './failover-run.ts'
import type { Figure } from './figure.ts'

const LIMIT_MS = 300_000
const SMALL = { cores: 0.2, memoryBytes: 128 * 2 ** 20 }
const REST_MS = 30_000
const BUSY_MS = 60_000
const CRASHES = process.env['METALLB_BENCH_RECORD'] === '1' ? 10 : 2

/** What should not have happened is a count, with the bound 0. */
export async function bench(): Promise<readonly Figure[]> {
  const launcher = await bundledLauncher()
  const quotas = [new Quota(SMALL), new Quota(SMALL), new Quota(SMALL)]
  const within = quotas.map((quota) => quota.within)
  const small = await playRounds({ launcher, within, restMs: REST_MS, crashes: CRASHES }, LIMIT_MS)
  const kills = quotas.reduce((sum, quota) => sum + quota.kills(), 0)
  const busy = await playRounds({ launcher, busyMs: BUSY_MS }, LIMIT_MS)
  const slowest = slowestOf(small.crashes)
  const inSmallPods = 'failover: small Pods'
  return [
    {
      name: `${inSmallPods}, crash, another answers, worst`,
      value: Math.max(...slowest),
      unit: 'ms',
      bound: 2000,
      note: allOf(slowest),
    },
    { name: `${inSmallPods}, addresses taken over in 30 s of rest`, value: small.usurpedAtRest, unit: '', bound: 0 },
    { name: `${inSmallPods}, processes killed for their memory`, value: kills, unit: '', bound: 0 },
    {
      name: 'failover: all processors busy, addresses taken over in 60 s',
      value: busy.usurpedBesideBusy,
      unit: '',
      bound: 0,
      note: `longest time without an answer ${busy.silenceBesideBusyMs.toFixed(0)} ms`,
    },
  ]
}
