// SPDX-License-Identifier: Apache-2.0
/** What `make build` makes, run as an image runs it. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Daemon, LAUNCHER, OWN_NETWORK } from './daemon.ts'

const ROOT = join(import.meta.dirname, '../..')
const DIST = join(ROOT, 'dist')
const PROBE = join(import.meta.dirname, 'probe.cjs')
const scratch = mkdtempSync(join(tmpdir(), 'metallb-build-'))
after(() => rmSync(scratch, { recursive: true }))

before(() => {
  execFileSync('make', ['build'], { cwd: ROOT, stdio: 'pipe' })
})

test('dist/ holds the launcher, the bundle, its map and the native part', () => {
  assert.deepEqual(readdirSync(DIST).toSorted(), ['metallb', 'metallb.cjs', 'metallb.cjs.map', 'metallb.node'])
})

test('the bundle knows its version', () => {
  const { version }: { version: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  assert.equal(execFileSync(LAUNCHER, ['--version'], { encoding: 'utf8' }), `${version}\n`)
})

test('the bundle answers --help', () => {
  const help = execFileSync(LAUNCHER, ['--help'], { encoding: 'utf8' })
  assert.match(help, /controller/)
  assert.match(help, /speaker/)
})

test('the launcher runs the bundle beside it, wherever that lies, and needs no checkout', () => {
  const image = join(scratch, 'image')
  cpSync(DIST, image, { recursive: true })
  const env = { ...process.env, METALLB_NODE: process.execPath }
  const { status, stderr, stdout } = spawnSync(join(image, 'metallb'), ['--version'], { env, encoding: 'utf8' })
  assert.deepEqual({ status, stderr, version: /^\d+\.\d+\.\d+/.test(stdout) }, { status: 0, stderr: '', version: true })
})

test('the launcher says what to do where there is no Node', () => {
  const env = { ...process.env, METALLB_NODE: '/no/such/node' }
  const { status, stderr } = spawnSync(LAUNCHER, ['--version'], { env, encoding: 'utf8' })
  assert.equal(status, 1)
  assert.equal(stderr, "metallb: there is no Node at /no/such/node; run 'make setup', or name one in METALLB_NODE\n")
})

test('bin/metallb runs the sources, however stale dist/ is', () => {
  const trace = spawnSync('sh', ['-x', join(ROOT, 'bin/metallb'), '--version'], { encoding: 'utf8' })
  assert.match(trace.stderr, /src\/main\.ts --version/)
})

test('the bundle is ASCII, or V8 would hold it in two bytes a character', () => {
  assert.doesNotMatch(readFileSync(join(DIST, 'metallb.cjs'), 'utf8'), /[^\0-\x7f]/)
})

test('the bundle names no file of this checkout', () => {
  assert.ok(!readFileSync(join(DIST, 'metallb.cjs'), 'utf8').includes(ROOT))
})

/** Names of the modules that this running process has loaded. */
async function modulesOf(daemon: Daemon, file: string): Promise<readonly string[]> {
  daemon.child.kill('SIGUSR2')
  for (const end = performance.now() + 10_000; performance.now() < end; await sleep(20)) {
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'))
  }
  throw new Error(`no answer from the probe; the process said:\n${daemon.output}`)
}

const probed = (file: string) => ({ NODE_OPTIONS: `--require=${PROBE}`, PROBE_FILE: file })
const isUndici = (name: string) => name.includes('undici')

const DAEMONS: [string, readonly string[]][] = [
  ['controller', [LAUNCHER, 'controller']],
  ['speaker', [...OWN_NETWORK, LAUNCHER, 'speaker', '--node-name', 'node-1']],
]
for (const [name, command] of DAEMONS) {
  test(`the running ${name} has not loaded undici, and ends well on SIGTERM`, async (t) => {
    const manifests = join(scratch, name)
    cpSync(join(ROOT, 'examples/basics'), manifests, { recursive: true })
    const file = join(scratch, `${name}.json`)
    const daemon = new Daemon([...command, '--manifests', manifests], probed(file))
    t.after(async () => await daemon.stop())
    await daemon.ready
    const modules = await modulesOf(daemon, file)
    assert.ok(modules.length > 50, 'the probe has seen modules')
    assert.deepEqual(modules.filter(isUndici), [])
    assert.equal(await daemon.stop(), 0, daemon.output)
  })
}

test('the probe would have seen undici', async (t) => {
  const script = 'void fetch("data:,x"); console.log(JSON.stringify({ msg: "ready" })); setInterval(() => {}, 1e6)'
  const file = join(scratch, 'fetch.json')
  const daemon = new Daemon([process.execPath, '--eval', script], probed(file))
  t.after(async () => await daemon.stop())
  await daemon.ready
  assert.notDeepEqual((await modulesOf(daemon, file)).filter(isUndici), [])
})
