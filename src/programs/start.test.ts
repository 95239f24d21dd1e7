// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it, test } from 'node:test'
import { askLocal } from './listeners/ask-local.ts'

const MAIN = join(import.meta.dirname, '../main.ts')
/** Of a process that does not end by itself. */
const PATIENCE_MS = 15_000

/** Nobody listens on port 1. */
const kubeconfig = (user: object) =>
  JSON.stringify({
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'u', user }],
  })

describe('a daemon that cannot start', { concurrency: false }, () => {
  let directory = ''
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'metallb-start-'))
  })
  after(() => rmSync(directory, { recursive: true }))

  const cases: readonly (readonly [name: string, user: object, args: readonly string[], sentence: RegExp])[] = [
    [
      'after it has opened its listeners: they are no reason to stay',
      { token: 'abc' },
      ['--disable-cert-rotation', '--cert-dir=/nowhere'],
      /^metallb: (the certificate in \/nowhere cannot be used|webhooks cannot be served on port 9443): /m,
    ],
    [
      'with a token that no header can carry',
      { tokenFile: 'token' },
      ['--webhook-mode=disabled'],
      /^metallb: cannot read \S*token: it holds more than one line or what is no text; expected a token/m,
    ],
    [
      'with a client certificate that is none',
      { 'client-certificate-data': 'aGVsbG8=', 'client-key-data': 'aGVsbG8=' },
      ['--webhook-mode=disabled'],
      /^metallb: the certificates of the API server's credentials cannot be used: /m,
    ],
  ]
  for (const [name, user, args, sentence] of cases) {
    it(name, async () => {
      const path = join(directory, 'kubeconfig')
      writeFileSync(path, kubeconfig(user))
      writeFileSync(join(directory, 'token'), 'two\nlines')
      const common = ['--port=0', '--health-probe-port=0', `--run-dir=${join(directory, 'run')}`]
      const command = [MAIN, 'controller', `--kubeconfig=${path}`, ...common, ...args]
      const child = spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'pipe'] })
      const tooLong = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
      let said = ''
      child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
      const [code] = await once(child, 'close')
      clearTimeout(tooLong)
      assert.match(said, sentence)
      assert.doesNotMatch(said, /^ {4}at /m)
      assert.equal(code, 1)
    })
  }
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

/** The program in a directory of manifests, once it has said that it is ready. */
async function onDirectory(directory: string, args: readonly string[]) {
  const command = [MAIN, 'controller', '--manifests', join(directory, 'manifests'), '--run-dir', join(directory, 'run')]
  const child = spawn(process.execPath, [...command, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  const lines: string[] = []
  const { promise: ready, resolve } = Promise.withResolvers<void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    if (line.includes('"msg":"ready"')) resolve()
  })
  await Promise.race([ready, closed])
  const stop = async () => {
    child.kill('SIGTERM')
    return await closed
  }
  return { lines, stop }
}

test('on a directory: ports open when they are asked for, and only then; the local socket is there', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'metallb-start-'))
  context.after(() => rmSync(directory, { recursive: true }))
  cpSync(join(import.meta.dirname, '../../examples/basics'), join(directory, 'manifests'), { recursive: true })
  const daemon = { program: 'controller', runDirectory: join(directory, 'run') }

  const quiet = await onDirectory(directory, [])
  assert.match(quiet.lines.join('\n'), /"msg":"listening","socket":/)
  assert.match(await askLocal(daemon, 'state'), /"program": "controller"/)
  assert.deepEqual(await quiet.stop(), [0, null])

  const [metrics, health] = [await freePort(), await freePort()]
  const open = await onDirectory(directory, [`--port=${metrics}`, `--health-probe-port=${health}`])
  assert.equal((await fetch(`http://127.0.0.1:${health}/readyz`)).status, 200)
  assert.match(await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text(), /^metallb_allocator_addresses_total/m)
  assert.deepEqual(await open.stop(), [0, null])
})
