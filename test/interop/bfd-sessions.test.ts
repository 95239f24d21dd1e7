// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { runScript } from '../lab/failover-sandbox.ts'

const LIMIT_MS = 120_000

await suite('BFD of our speaker with routers of others', { concurrency: 1 }, () => {
  for (const kind of ['frr', 'bird']) {
    test(`bfd-sessions-cases.ts with ${kind}, in a sandbox`, async () => {
      await runScript([join(import.meta.dirname, 'bfd-sessions-cases.ts'), kind], LIMIT_MS)
    })
  }
})
