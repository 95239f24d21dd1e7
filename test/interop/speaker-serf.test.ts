// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { test } from 'node:test'
import { runScript } from '../lab/failover-sandbox.ts'

const LIMIT_MS = 60_000

test('a speaker in a ring with serf (speaker-serf-cases.ts, in a sandbox)', async () => {
  await runScript([join(import.meta.dirname, 'speaker-serf-cases.ts')], LIMIT_MS)
})
