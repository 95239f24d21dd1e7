// SPDX-License-Identifier: Apache-2.0
/**
 * What routers of others see of the guides' blocks about BGP: nodes, routers and a client on one link, in network
 * namespaces of a sandbox that goes with its processes.
 */
import { join } from 'node:path'
import { test } from 'node:test'
import { runScript } from '../lab/failover-sandbox.ts'
import { buildTool } from '../lab/wire-namespace.ts'

const LIMIT_MS = 280_000

test('the guides, as real routers see them (routers-cases.ts, in a sandbox)', async () => {
  buildTool('test/lab/tap.c') // and with it the native part
  await runScript([join(import.meta.dirname, 'routers-cases.ts')], LIMIT_MS)
})
