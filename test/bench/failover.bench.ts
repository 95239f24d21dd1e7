// SPDX-License-Identifier: Apache-2.0
/**
 * How long clients go without an answer: three speakers in namespaces with 2,000 Services, all on one node, whose speaker
 * is killed, stopped, or told to end. A station asks for five of the addresses every 5 ms. The p50 is that of all five in
 * all runs; of each run the slowest of them is printed, and the slowest of these is the worst.
 */
import { allOf, bundledLauncher, playRounds, slowestOf } from './failover-run.ts'
import { type Figure, median } from './figure.ts'

const LIMIT_MS = 600_000
/** A run takes about four seconds, so CI has fewer of them than what is recorded. */
const IS_THOROUGH = process.env['METALLB_BENCH_RECORD'] === '1'

export async function bench(): Promise<readonly Figure[]> {
  const plan = IS_THOROUGH ? { crashes: 20, hangs: 20, terms: 20 } : { crashes: 6, hangs: 3, terms: 4 }
  const { crashes, hangs, moves, terms } = await playRounds({ launcher: await bundledLauncher(), ...plan }, LIMIT_MS)
  return [
    ...answered('crash', crashes),
    ...answered('hang', hangs),
    {
      name: 'failover: crash, from the first address that others announce to the last of 2,000',
      value: Math.max(...moves),
      unit: 'ms',
      bound: 1000,
      note: allOf(moves),
    },
    {
      name: 'failover: SIGTERM, longest time without an answer',
      value: Math.max(...terms),
      unit: 'ms',
      bound: 50,
      note: allOf(terms),
    },
  ]
}

function answered(what: string, runs: readonly (readonly number[])[]): readonly Figure[] {
  const slowest = slowestOf(runs)
  const name = `failover: ${what}, another answers`
  return [
    { name: `${name}, p50`, value: median(runs.flat()), unit: 'ms', bound: 500 },
    { name: `${name}, worst`, value: Math.max(...slowest), unit: 'ms', bound: 1000, note: allOf(slowest) },
  ]
}
