// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { scratchDirectory } from '../../lab/cluster/scratch.ts'
import { bundle } from '../../tools/bundle.ts'
import { runScript } from '../lab/failover-sandbox.ts'
import type { Rounds, RoundsPlan } from './failover-rounds.ts'

/** Builds the bundle where nobody else does, for as long as this process lives; what starts it there. */
export async function bundledLauncher(): Promise<string> {
  const directory = scratchDirectory('dist')
  await bundle(directory)
  process.env['METALLB_NODE'] = process.execPath // the one in node_modules is not beside it
  return join(directory, 'metallb')
}

/** Runs failover-rounds.ts in a sandbox of its own. */
export async function playRounds(plan: RoundsPlan, timeoutMs: number): Promise<Rounds> {
  const output = await runScript([join(import.meta.dirname, 'failover-rounds.ts'), JSON.stringify(plan)], timeoutMs)
  return JSON.parse(output)
}

/** Of each run the address that had to wait longest. */
export function slowestOf(runs: readonly (readonly number[])[]): readonly number[] {
  return runs.map((times) => Math.max(...times))
}

/** Times in whole milliseconds, in the order in which they were measured. */
export function allOf(times: readonly number[]): string {
  return `${times.length} runs: ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`
}
