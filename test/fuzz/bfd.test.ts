// SPDX-License-Identifier: Apache-2.0
/** The reflex's own reading of packets under libFuzzer and AddressSanitizer; needs clang. FUZZ_SECONDS makes it longer. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fromHex } from '../../src/lib/bytes.ts'

const ROOT = join(import.meta.dirname, '../..')
const SECONDS = process.env['FUZZ_SECONDS'] ?? '20'

/** Socket 0, any port, discriminator 0a0b0c0d; interval 100,000 µs, multiplier 4; then numbers for chance and clock. */
const SESSION = '00 0000 0a0b0c0d ff 1f0b 00 000186a0 04 0123456789abcdef 0000000000000001'
const PACKET = '20 c0 04 18 01020304 0a0b0c0d 000186a0 000186a0 00000000'

/** From 10.9.0.2 to itself, TTL 255, as a router sent it. */
const ECHO =
  '45c00034 760e0000 ff1130d5 0a090002 0a090002 0ec90ec9 00206d54 01180000 c8615501 0000000000005bee 00000000000be63d'

/** A crash that fuzzing finds becomes a row here. */
const SEEDS: [string, string][] = [
  ['Up', `${SESSION} ${PACKET}`],
  ['with a tag', `${SESSION} ${PACKET} 0123456789abcdef`],
  ['first packet', `${SESSION} ${PACKET.replace('0a0b0c0d', '00000000')}`],
  ['for another session', `${SESSION} ${PACKET.replace('0a0b0c0d', '0a0b0c0e')}`],
  ['from another port', `${SESSION.replace('00 0000', '00 1f0d')} ${PACKET}`],
  ['on another socket', `${SESSION.replace('00 0000', '01 0000')} ${PACKET}`],
  ['multiplier 1', `${SESSION.replace('000186a0 04', '000186a0 01')} ${PACKET}`],
  ['longest interval', `${SESSION.replace('000186a0', 'ffffffff')} ${PACKET}`],
  ['interval 0', `${SESSION.replace('000186a0', '00000000')} ${PACKET}`],
  ['a clock about to overflow', `${SESSION.replace('0000000000000001', 'ffffffffffffffff')} ${PACKET}`],
  ['no packet', SESSION],
  ['echo', `${SESSION} ${ECHO}`],
  ['echo with options', `${SESSION} ${ECHO.replace('45c00034', '46c00038').replace('0ec90ec9', '01010101 0ec90ec9')}`],
  ['echo in parts', `${SESSION} ${ECHO.replace('760e0000', '760e2000')}`],
  ['echo to another port', `${SESSION} ${ECHO.replace('0ec90ec9', '0ec90ec8')}`],
  ['echo that no hop is left to', `${SESSION} ${ECHO.replace('ff11', '0011')}`],
  ['echo that says more than there is', `${SESSION} ${ECHO.replace('00206d54', '00216d54')}`],
]

const directory = mkdtempSync(join(tmpdir(), 'bfd-fuzz-'))
after(() => rmSync(directory, { recursive: true }))
const program = join(directory, 'bfd-fuzz')
const corpus = join(directory, 'corpus')

test('the fuzz target builds with clang', () => {
  const sources = ['test/fuzz/bfd.fuzz.c', 'src/os/native/bfd.c', 'src/os/native/bfd-echo-frame.c']
  const flags = ['-g', '-O1', '-std=c11', '-Wall', '-Wextra', '-Werror', '-fsanitize=fuzzer,address,undefined']
  try {
    execFileSync('clang', [...flags, '-fno-sanitize-recover=all', ...sources, '-o', program], { cwd: ROOT })
  } catch (error) {
    assert.fail(`clang is missing or cannot build it; install it with: apt-get install clang (${String(error)})`)
  }
})

test('each seed, and each cut short at every byte, is survived', () => {
  mkdirSync(corpus)
  for (const [name, hex] of SEEDS) {
    const bytes = fromHex(hex)
    for (let length = 0; length <= bytes.length; length++) {
      writeFileSync(join(corpus, `${name.replaceAll(' ', '-')}-${length}`), bytes.subarray(0, length))
    }
  }
  expectSurvival(['-runs=0', corpus])
})

test(`${SECONDS} seconds of mutation find no crash, no bad read, no hang`, () => {
  expectSurvival([
    `-max_total_time=${SECONDS}`,
    '-timeout=2',
    '-rss_limit_mb=512',
    '-max_len=340',
    '-seed=5880',
    corpus,
  ])
})

function expectSurvival(args: readonly string[]): void {
  // Freed memory that AddressSanitizer holds back would count as growth.
  const env = { ...process.env, ASAN_OPTIONS: 'quarantine_size_mb=16' }
  const options = { encoding: 'utf8', maxBuffer: 1 << 26, env } as const
  const { status, signal, error, stderr } = spawnSync(program, [...args, `-artifact_prefix=${directory}/`], options)
  const ended = `status ${status}, signal ${signal}${error ? `, ${error.message}` : ''}`
  assert.equal(status, 0, `the fuzzer ended with ${ended}:\n${stderr.slice(-4000)}`)
}
