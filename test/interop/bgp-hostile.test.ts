// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { test } from 'node:test'
import { runScript } from '../lab/failover-sandbox.ts'

const LIMIT_MS = 120_000

test('a peer that sends wrong messages (bgp-hostile-cases.ts, in a sandbox)', async () => {
  await runScript([join(import.meta.dirname, 'bgp-hostile-cases.ts')], LIMIT_MS)
})
