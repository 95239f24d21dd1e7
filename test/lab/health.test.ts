// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { test } from 'node:test'
import { runScript } from './failover-sandbox.ts'

test('health checks decide who answers, with real packets (health-cases.ts, in a sandbox)', async () => {
  // Programs of the scene run until the sandbox ends.
  await runScript(['--test-force-exit', join(import.meta.dirname, 'health-cases.ts')], 120_000)
})
