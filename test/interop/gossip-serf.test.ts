// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { runScript } from '../lab/failover-sandbox.ts'

const LIMIT_MS = 120_000

// The cases of the network take a minute of waiting; the others need the processor meanwhile.
await suite('a ring with serf, which is hashicorp/memberlist', { concurrency: 2 }, () => {
  for (const what of ['network', 'joining', 'failing']) {
    const file = `gossip-${what}-cases.ts`
    test(`${file}, in a sandbox`, async () => {
      await runScript([join(import.meta.dirname, file)], LIMIT_MS)
    })
  }
})
