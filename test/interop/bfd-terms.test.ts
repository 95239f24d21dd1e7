// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { runScript } from '../lab/failover-sandbox.ts'

const LIMIT_MS = 120_000

await suite('BFD with routers of others, in all its forms', { concurrency: 1 }, () => {
  for (const script of ['bfd-terms-cases.ts', 'bfd-paths-cases.ts']) {
    test(`${script}, in a sandbox`, async () => {
      await runScript([join(import.meta.dirname, script)], LIMIT_MS)
    })
  }
})
