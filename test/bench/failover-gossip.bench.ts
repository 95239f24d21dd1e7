// SPDX-License-Identifier: Apache-2.0
/** What a ring of 50 members at rest costs one speaker. The others are members only, so its watch has nobody to watch. */
import { join } from 'node:path'
import { runScript } from '../lab/failover-sandbox.ts'
import type { AtRest } from './failover-gossip-scene.ts'
import { bundledLauncher } from './failover-run.ts'
import type { Figure } from './figure.ts'

const SCRIPT = join(import.meta.dirname, 'failover-gossip-scene.ts')

export async function bench(): Promise<readonly Figure[]> {
  const output = await runScript([SCRIPT, await bundledLauncher()], 120_000)
  const { coreShare, sentBitsPerSecond, receivedBitsPerSecond }: AtRest = JSON.parse(output)
  const name = 'ring of 50 members at rest'
  return [
    { name: `${name}: processor time`, value: 100 * coreShare, unit: '% of a core', bound: 1 },
    {
      name: `${name}: sent and received`,
      value: (sentBitsPerSecond + receivedBitsPerSecond) / 1000,
      unit: 'kbit/s',
      bound: 20,
      note: `${(sentBitsPerSecond / 1000).toFixed(1)} kbit/s sent`,
    },
  ]
}
