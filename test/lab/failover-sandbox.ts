// SPDX-License-Identifier: Apache-2.0
/**
 * Runs a script in a sandbox of the lab: `node failover-sandbox.ts SCRIPT [ARGUMENT...]`. It is a process of its own,
 * because a sandbox and its files are named after the process that owns them.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { runInSandbox } from '../../lab/sandbox.ts'

/** The sandbox ends when this process does. Resolves to what the script printed; throws with it where the script fails or is not done in time. */
export async function runScript(command: readonly string[], timeoutMs: number): Promise<string> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env // else the inner run reports to the outer, in its own format
  const options = { env, timeout: timeoutMs, maxBuffer: 1 << 26 }
  try {
    const launcher = ['--pdeathsig', 'TERM', process.execPath, import.meta.filename, ...command]
    const { stdout } = await promisify(execFile)('setpriv', launcher, options)
    return stdout
  } catch (error) {
    const said = ['stdout', 'stderr'].map((stream) => String(Reflect.get(Object(error), stream)))
    throw new Error(`${command.join(' ')} failed in its sandbox:\n${said.join('\n')}`, { cause: error })
  }
}

if (import.meta.main) {
  const [script = '', ...args] = process.argv.slice(2)
  process.exitCode = await runInSandbox(script, args)
}
