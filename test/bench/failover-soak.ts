// SPDX-License-Identifier: Apache-2.0
/**
 * The second part of `make soak`: speakers beside twice as many busy processes as there are processors, for ten minutes
 * (SOAK_BUSY_SECONDS). Exit status 1 if anybody took over an address that its owner still answered for.
 */
import { bundledLauncher, playRounds } from './failover-run.ts'

const seconds = Number(process.env['SOAK_BUSY_SECONDS'] ?? 600)

const launcher = await bundledLauncher()
const { usurpedBesideBusy, silenceBesideBusyMs } = await playRounds(
  { launcher, busyMs: seconds * 1000 },
  seconds * 1000 + 120_000,
)
const silence = `the longest time without an answer was ${silenceBesideBusyMs.toFixed(0)} ms`
process.stdout.write(`${seconds} s beside busy processes: ${usurpedBesideBusy} addresses were taken over; ${silence}\n`)
if (usurpedBesideBusy > 0) process.exitCode = 1
