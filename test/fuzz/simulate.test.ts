// SPDX-License-Identifier: Apache-2.0
/**
 * `metallb simulate` on files from hostile hands: whatever the bytes are, it answers by its contract within bounds of
 * work, in one step and in a second one. FUZZ_SEED and FUZZ_SECONDS repeat or prolong a run.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { copyEnvironment } from '../../src/programs/cli/exit.ts'
import { answer } from '../../src/programs/cli/simulate/main.ts'
import { DENSE } from './dense.ts'
import { mutate, randomOf } from './mutations.ts'
import { workMs } from './work.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? 1)
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 4)
const MS_PER_MB = 2000
const SLACK_MS = 500
const KEYS = ['problems', 'configured', 'services', 'pools', 'changes', 'ignored']

// As the command does first.
copyEnvironment()

const directory = mkdtempSync(join(tmpdir(), 'metallb-fuzz-'))
after(() => rmSync(directory, { recursive: true }))
const FIRST = join(directory, 'first.yaml')
const SECOND = join(directory, 'second.yaml')

async function simulate(args: readonly string[]): Promise<{ text: string; status: number }> {
  const { pieces, status } = await answer([...args, '-o', 'json'])
  return { text: [...pieces].join(''), status }
}

test(`mutated worlds, seed ${SEED}, ${SECONDS} s`, async (context) => {
  const random = randomOf(SEED)
  const stopAt = performance.now() + SECONDS * 1000
  let run = 0
  for (; performance.now() < stopAt; run++) {
    const [first, second] = [mutate(random), mutate(random)]
    writeFileSync(FIRST, first)
    writeFileSync(SECOND, second)
    const start = workMs()
    try {
      const { text, status } = await simulate(run % 2 === 0 ? [FIRST] : [FIRST, '--then', SECOND])
      const tookMs = workMs() - start
      assert.deepEqual(Object.keys(JSON.parse(text)), KEYS)
      assert(status === 0 || status === 1)
      assert.equal(({} as { polluted?: unknown }).polluted, undefined, 'no prototype is touched')
      const allowedMs = SLACK_MS + ((first.length + second.length) / 2 ** 20) * MS_PER_MB
      assert(tookMs <= allowedMs, `${first.length} + ${second.length} bytes: ${Math.round(tookMs)} ms`)
    } catch (thrown) {
      const world = JSON.stringify([first.toString('latin1'), second.toString('latin1')])
      throw new Error(`seed ${SEED}, run ${run}: ${world}`, { cause: thrown })
    }
  }
  context.diagnostic(`${run} worlds`)
  assert(run > 100, 'a fuzzer that hardly runs finds nothing')
})

for (const [name, make] of DENSE) {
  test(`a MB of ${name} takes ${MS_PER_MB} ms of work at most`, async () => {
    writeFileSync(FIRST, make(2 ** 20))
    const start = workMs()
    const { text } = await simulate([FIRST])
    const tookMs = workMs() - start
    assert.deepEqual(Object.keys(JSON.parse(text)), KEYS)
    assert(tookMs <= MS_PER_MB, `${Math.round(tookMs)} ms`)
  })
}
