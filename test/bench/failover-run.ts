// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { runScript } from '../lab/failover-sandbox.ts'
import type { Rounds, RoundsPlan } from './failover-rounds.ts'

/** Runs failover-rounds.ts in a sandbox of its own. The bundle has to be there. */
export async function playRounds(plan: RoundsPlan, timeoutMs: number): Promise<Rounds> {
  const output = await runScript([join(import.meta.dirname, 'failover-rounds.ts'), JSON.stringify(plan)], timeoutMs)
  return JSON.parse(output)
}

/** Times in whole milliseconds, in the order in which they were measured. */
export function allOf(times: readonly number[]): string {
  return `${times.length} runs: ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`
}
