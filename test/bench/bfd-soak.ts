// SPDX-License-Identifier: Apache-2.0
/**
 * A part of `make soak`: BFD sessions of speakers whose main thread is busy, beside busy processes, for ten minutes
 * (SOAK_BUSY_SECONDS). Exit status 1 if one of them ended.
 */
import { Quota } from '../../lab/cluster/quota.ts'
import { measured } from './bfd.bench.ts'
import type { Calm, CalmPlan } from './bfd-calm.ts'
import { bundledLauncher } from './failover-run.ts'

const seconds = Number(process.env['SOAK_BUSY_SECONDS'] ?? 600)

const launcher = await bundledLauncher()
const { within } = new Quota({ cores: 0.2, memoryBytes: 128 * 2 ** 20 })
const limitMs = seconds * 1000 + 120_000
const plan: CalmPlan = { launcher, seconds, within }
const ended: Calm = JSON.parse(await measured('bfd-calm.ts', plan, limitMs))
const counts = Object.entries(ended).map(([name, count]) => `${name} ${count}`)
process.stdout.write(`${seconds} s of BFD beside busy processes, sessions that ended: ${counts.join(', ')}\n`)
if (Object.values(ended).some((count) => count !== 0)) process.exitCode = 1
