// SPDX-License-Identifier: Apache-2.0
/**
 * Every command of the README is run as it stands there, in a copy of what it needs. `make demo` and `make test` are not
 * run again from here: the one has its own test (test/lab/demo.test.ts), the other is what runs this.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { commandsOf } from '../rules/commands.ts'
import { Daemon, OWN_NETWORK } from './daemon.ts'

const ROOT = join(import.meta.dirname, '../..')
const RUN_ELSEWHERE = new Set(['make demo', 'make test'])
const DAEMON = /^bin\/metallb (?:controller|speaker) /

function workplace(): string {
  const directory = mkdtempSync(join(tmpdir(), 'metallb-readme-'))
  symlinkSync(join(ROOT, 'bin'), join(directory, 'bin'))
  cpSync(join(ROOT, 'examples'), join(directory, 'examples'), { recursive: true })
  return directory
}

const commands = commandsOf(readFileSync(join(ROOT, 'README.md'), 'utf8')).filter((line) => !RUN_ELSEWHERE.has(line))

test('the README has commands to run', () => assert.ok(commands.some((line) => DAEMON.test(line))))

for (const line of commands) {
  test(`README: ${line}`, async () => {
    const cwd = workplace()
    try {
      if (!DAEMON.test(line)) {
        await promisify(execFile)('sh', ['-c', line], { cwd })
        return
      }
      const daemon = new Daemon([...OWN_NETWORK, 'sh', '-c', `cd "${cwd}" && exec ${line}`])
      await daemon.ready
      assert.equal(await daemon.stop(), 0, daemon.output)
    } finally {
      rmSync(cwd, { recursive: true })
    }
  })
}
