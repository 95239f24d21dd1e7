// SPDX-License-Identifier: Apache-2.0
/** The C parsing under libFuzzer and AddressSanitizer, from named seeds; needs clang. FUZZ_SECONDS makes it longer. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fromHex } from '../../src/lib/bytes.ts'

const ROOT = join(import.meta.dirname, '../..')
const SECONDS = process.env['FUZZ_SECONDS'] ?? '20'

/** A table of one address, 198.51.100.1, everywhere; then the flag for another host. */
const TABLE = '01 01 08 00'
const TABLE_OTHER_HOST = '01 01 08 01'
const REQUEST = 'ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 c6336409 000000000000 c6336401'

/** The frames of the hostile inputs; a crash that fuzzing finds becomes a row here. */
const SEEDS: [string, string][] = [
  ['request', `${TABLE} ${REQUEST}`],
  ['request with padding', `${TABLE} ${REQUEST} ${'00'.repeat(18)}`],
  ['request to our MAC address', `${TABLE} ${REQUEST.replace('ffffffffffff', '02000000000a')}`],
  ['request of a VLAN whose tag the kernel took off', `${TABLE_OTHER_HOST} ${REQUEST}`],
  ['probe from 0.0.0.0', `${TABLE} ${REQUEST.replace('c6336409', '00000000')}`],
  ['gratuitous from another MAC address', `${TABLE} ${REQUEST.replace('c6336409', 'c6336401')}`],
  ['reply', `${TABLE} ${REQUEST.replace('04 0001', '04 0002')}`],
  ['operation 0', `${TABLE} ${REQUEST.replace('04 0001', '04 0000')}`],
  ['operation ffff', `${TABLE} ${REQUEST.replace('04 0001', '04 ffff')}`],
  ['hardware type 6', `${TABLE} ${REQUEST.replace('0806 0001', '0806 0006')}`],
  ['protocol type IPv6', `${TABLE} ${REQUEST.replace('0800', '86dd')}`],
  ['hardware length 255', `${TABLE} ${REQUEST.replace('0800 06', '0800 ff')}`],
  ['protocol length 255', `${TABLE} ${REQUEST.replace('06 04', '06 ff')}`],
  ['VLAN tag', `${TABLE} ${REQUEST.replace('0806', '8100 0005 0806')}`],
  ['empty frame', TABLE],
  ['address on another interface', `01 01 10 00 ${REQUEST}`],
  ['interfaces past the end of the list', `01 01 f3 00 ${REQUEST}`],
  ['address twice in the table', `02 01 08 00 08 00 ${REQUEST}`],
  ['empty table', `00 00 ${REQUEST}`],
]

const directory = mkdtempSync(join(tmpdir(), 'arp-fuzz-'))
after(() => rmSync(directory, { recursive: true }))
const program = join(directory, 'arp-fuzz')
const corpus = join(directory, 'corpus')

test('the fuzz target builds with clang', () => {
  const sources = ['test/fuzz/arp.fuzz.c', 'src/os/native/arp.c', 'src/os/native/neighbor-table.c']
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
  expectSurvival([`-max_total_time=${SECONDS}`, '-timeout=2', '-rss_limit_mb=512', '-max_len=256', '-seed=826', corpus])
})

function expectSurvival(args: readonly string[]): void {
  // Freed memory that AddressSanitizer holds back would count as growth.
  const env = { ...process.env, ASAN_OPTIONS: 'quarantine_size_mb=16' }
  const options = { encoding: 'utf8', maxBuffer: 1 << 26, env } as const
  const { status, signal, error, stderr } = spawnSync(program, [...args, `-artifact_prefix=${directory}/`], options)
  const ended = `status ${status}, signal ${signal}${error ? `, ${error.message}` : ''}`
  assert.equal(status, 0, `the fuzzer ended with ${ended}:\n${stderr.slice(-4000)}`)
}
