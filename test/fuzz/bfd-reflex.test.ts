// SPDX-License-Identifier: Apache-2.0
/** The reflex with its thread under AddressSanitizer and ThreadSanitizer; needs clang. FUZZ_SECONDS makes it longer. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { inNamespace } from '../lab/wire-namespace.ts'

const ROOT = join(import.meta.dirname, '../..')
const SECONDS = process.env['FUZZ_SECONDS'] ?? '5'
const SEED = '5881'

const directory = mkdtempSync(join(tmpdir(), 'bfd-reflex-'))
after(() => rmSync(directory, { recursive: true }))

/** Sessions talk to one another over these. */
const ADDRESSES = [
  'link set lo up',
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((host) => `addr add fd00::${host}/128 dev lo nodad`),
]

for (const sanitizers of ['address,undefined', 'thread']) {
  test(`${SECONDS} seconds of calls in any order, with -fsanitize=${sanitizers}, find nothing`, () => {
    const program = join(directory, sanitizers)
    build(program, sanitizers)
    const run = `printf '${ADDRESSES.join('\\n')}\\n' | ip -batch - && exec "$0" ${SECONDS} ${SEED}`
    const [command, args] = inNamespace(['sh', '-c', run, program])
    const { status, signal, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 })
    assert.equal(status, 0, `it ended with status ${status}, signal ${signal}:\n${stderr.slice(0, 4000)}`)
    const [sent = 0, told = 0] = stdout.trim().split(' ').map(Number)
    assert.ok(sent > 100 && told > 100, `one that hardly runs finds nothing: ${stdout}`)
  })
}

function build(program: string, sanitizers: string): void {
  const native = readdirSync(join(ROOT, 'src/os/native')).filter((name) => /^(bfd.*|packet-socket)\.c$/.test(name))
  const sources = ['test/fuzz/bfd-reflex.fuzz.c', ...native.map((name) => `src/os/native/${name}`)]
  const flags = ['-g', '-O1', '-std=gnu11', '-Wall', '-Wextra', '-Werror', '-pthread', `-fsanitize=${sanitizers}`]
  try {
    execFileSync('clang', [...flags, '-fno-sanitize-recover=all', ...sources, '-o', program], { cwd: ROOT })
  } catch (error) {
    assert.fail(`clang is missing or cannot build it; install it with: apt-get install clang (${String(error)})`)
  }
}
