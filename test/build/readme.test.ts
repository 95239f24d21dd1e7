// SPDX-License-Identifier: Apache-2.0
/**
 * Every command of the README is run as it stands there, in a copy of what it needs. Not run again from here: the demos,
 * which have tests of their own (test/lab/demo.test.ts, test/cluster-whole/), what runs this, and benches. What kubectl
 * is told is done by the demo of the cluster and, object by object, by test/cluster/ (manifests.test.ts, schema.test.ts).
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { STORY } from '../../lab/story.ts'
import { CLUSTER_STORY } from '../../lab/whole-cluster/cluster-story.ts'
import { commandsOf } from '../rules/commands.ts'
import { Daemon, OWN_NETWORK } from './daemon.ts'

const ROOT = join(import.meta.dirname, '../..')
const RUN_ELSEWHERE = /^(?:make (?:demo|cluster-demo|test|bench-cluster)$|kubectl )/
const DAEMON = /^bin\/metallb (?:controller|speaker) /

function workplace(): string {
  const directory = mkdtempSync(join(tmpdir(), 'metallb-readme-'))
  symlinkSync(join(ROOT, 'bin'), join(directory, 'bin'))
  cpSync(join(ROOT, 'examples'), join(directory, 'examples'), { recursive: true })
  return directory
}

const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const commands = commandsOf(README).filter((line) => !RUN_ELSEWHERE.test(line))

test('the README has commands to run', () => assert.ok(commands.some((line) => DAEMON.test(line))))

test('it shows both demos as they are told today, each step with its outcome', () => {
  const steps = [...STORY, ...CLUSTER_STORY].map(({ name }) => name)
  const shown = [...README.matchAll(/^(.+?) {2,}.* ok$/gm)].map(([, name]) => name)
  assert.deepEqual(shown, steps)
})

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
