// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { test } from 'node:test'
import { runScript } from './failover-sandbox.ts'

const LIMIT_MS = 120_000

for (const what of ['crash', 'network', 'ring']) {
  const file = `failover-${what}-cases.ts`
  test(`speakers that fail, with real packets (${file}, in a sandbox)`, async () => {
    await runScript([join(import.meta.dirname, file)], LIMIT_MS)
  })
}
