// SPDX-License-Identifier: Apache-2.0
/** A parser in C under libFuzzer and AddressSanitizer; needs clang. FUZZ_SECONDS makes it longer. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fromHex } from '../../src/lib/bytes.ts'

const ROOT = join(import.meta.dirname, '../..')
const SECONDS = process.env['FUZZ_SECONDS'] ?? '20'

/** Tests src/os/native/NAME.c by its target NAME.fuzz.c, from seeds: what each is, and its bytes in hexadecimal. */
export function fuzzParser(name: string, seeds: readonly (readonly [string, string])[]): void {
  const directory = mkdtempSync(join(tmpdir(), `${name}-fuzz-`))
  after(() => rmSync(directory, { recursive: true }))
  const program = join(directory, 'fuzz')
  const corpus = join(directory, 'corpus')

  void test(`the fuzz target of ${name}.c builds with clang`, () => {
    const sources = [`test/fuzz/${name}.fuzz.c`, `src/os/native/${name}.c`, 'src/os/native/neighbor-table.c']
    const flags = ['-g', '-O1', '-std=c11', '-Wall', '-Wextra', '-Werror', '-fsanitize=fuzzer,address,undefined']
    try {
      execFileSync('clang', [...flags, '-fno-sanitize-recover=all', ...sources, '-o', program], { cwd: ROOT })
    } catch (error) {
      assert.fail(`clang is missing or cannot build it; install it with: apt-get install clang (${String(error)})`)
    }
  })

  void test(`${name}.c: each seed, and each cut short at every byte, is survived`, () => {
    mkdirSync(corpus)
    for (const [seed, hex] of seeds) {
      const bytes = fromHex(hex)
      for (let length = 0; length <= bytes.length; length++) {
        writeFileSync(join(corpus, `${seed.replaceAll(' ', '-')}-${length}`), bytes.subarray(0, length))
      }
    }
    expectSurvival(program, directory, ['-runs=0', corpus])
  })

  void test(`${name}.c: ${SECONDS} seconds of mutation find no crash, no bad read, no hang`, () => {
    const bounds = ['-timeout=2', '-rss_limit_mb=512', '-max_len=256']
    expectSurvival(program, directory, [`-max_total_time=${SECONDS}`, ...bounds, '-seed=826', corpus])
  })
}

function expectSurvival(program: string, directory: string, args: readonly string[]): void {
  // Freed memory that AddressSanitizer holds back would count as growth.
  const env = { ...process.env, ASAN_OPTIONS: 'quarantine_size_mb=16' }
  const options = { encoding: 'utf8', maxBuffer: 1 << 26, env } as const
  const { status, signal, error, stderr } = spawnSync(program, [...args, `-artifact_prefix=${directory}/`], options)
  const ended = `status ${status}, signal ${signal}${error ? `, ${error.message}` : ''}`
  assert.equal(status, 0, `the fuzzer ended with ${ended}:\n${stderr.slice(-4000)}`)
}
