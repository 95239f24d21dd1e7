// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { test } from 'node:test'
import { runScript } from '../lab/failover-sandbox.ts'

const LIMIT_MS = 180_000

test('what becomes of sessions with routers of others (bgp-changes-cases.ts, in a sandbox)', async () => {
  await runScript([join(import.meta.dirname, 'bgp-changes-cases.ts')], LIMIT_MS)
})
