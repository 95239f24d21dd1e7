// SPDX-License-Identifier: Apache-2.0
/** With a network of its own, whose hosts are network namespaces that have their names in a /run of its own. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { buildTool } from '../lab/wire-namespace.ts'

const CASES = join(import.meta.dirname, 'speaker-ring-cases.ts')
const SETTLE_IN = 'mount -t tmpfs lab /run && mkdir /run/netns && exec "$@"'
const LIMIT_MS = 180_000

test('speakers that are a ring, with a real API server and real wires (speaker-ring-cases.ts, in namespaces)', async () => {
  buildTool('test/lab/tap.c')
  const flags = [process.getuid?.() === 0 ? '-nm' : '-Urnm', '--kill-child', '--fork']
  const tests = [process.execPath, '--test', '--test-reporter=spec', '--test-force-exit', CASES]
  const { NODE_TEST_CONTEXT: _, ...env } = process.env // else the inner run reports to the outer, in its own format
  const options = { env, timeout: LIMIT_MS, maxBuffer: 1 << 24 }
  try {
    await promisify(execFile)('unshare', [...flags, 'sh', '-c', SETTLE_IN, 'sh', ...tests], options)
  } catch (error) {
    const said = ['stdout', 'stderr'].map((stream) => String(Reflect.get(Object(error), stream)))
    throw new Error(`tests in namespaces failed:\n${said.join('\n')}`, { cause: error })
  }
})
