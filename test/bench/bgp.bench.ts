// SPDX-License-Identifier: Apache-2.0
/**
 * BGP beside others, on one machine in one run: how long a large table takes to a router (BIRD), how many bytes, and
 * what four routers hear while Services come and go. gobgpd has its table before its session begins; so has our speaker
 * in the first figure, while in the second its session is there first.
 */
import { join } from 'node:path'
import { runScript } from '../lab/failover-sandbox.ts'
import type { Measured } from './bgp-scene.ts'
import { type Figure, median } from './figure.ts'

const ROUNDS = process.env['METALLB_BENCH_RECORD'] === '1' ? 9 : 3
const LIMIT_MS = 600_000
const TABLE = 'BGP: 100,000 prefixes with 10 sets of attributes to BIRD'
const CHURN = 'BGP: 1,000 Services created and deleted, 4 peers'

export async function bench(): Promise<readonly Figure[]> {
  const output = await runScript([join(import.meta.dirname, 'bgp-scene.ts'), String(ROUNDS)], LIMIT_MS)
  const { fullMs, bytes, setMs, resets, needless }: Measured = JSON.parse(output)
  const theirs = median(fullMs.gobgp)
  const against = (ms: number): string => `${ms.toFixed(0)} ms against gobgpd's ${theirs.toFixed(0)} ms`
  const [ours, set] = [median(fullMs.ours), median(setMs)]
  return [
    { name: `${TABLE}, against gobgpd`, value: ours / theirs, unit: '', bound: 2, note: against(ours) },
    {
      name: `${TABLE}, against gobgpd, from being told of the first`,
      value: set / theirs,
      unit: '',
      bound: 2,
      note: against(set),
    },
    {
      name: `${TABLE}, bytes against another BIRD's`,
      value: bytes.ours / bytes.bird,
      unit: '',
      bound: 1.2,
      note: `${bytes.ours} bytes against ${bytes.bird}; gobgpd's ${bytes.gobgp}`,
    },
    { name: `${CHURN}: sessions that ended`, value: resets, unit: '', bound: 0 },
    { name: `${CHURN}: prefixes told without need`, value: needless, unit: '', bound: 0 },
  ]
}
