// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

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
