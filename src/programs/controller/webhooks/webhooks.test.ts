// SPDX-License-Identifier: Apache-2.0
/** With certificates of somebody else's; those that are made here are tried against a real API server. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import type { KubeApi } from '../../../kube/api.ts'
import { issueServing, makeAuthority } from '../../../lib/certificate.ts'
import { systemClock } from '../../../lib/clock.ts'
import { Fault } from '../../../lib/fault.ts'
import { createLog } from '../../../lib/log.ts'
import { Readiness } from '../../listeners/readiness.ts'
import { startWebhooks, type WebhooksOptions } from './webhooks.ts'

const directory = mkdtempSync(join(tmpdir(), 'webhooks-'))
after(() => rmSync(directory, { recursive: true }))
const NAME = { commonName: 'somebody', organization: 'else' }
const period = { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 3_600_000 }
const authority = await makeAuthority(NAME, period)

async function writeCertificate(): Promise<void> {
  const { cert, key } = await issueServing(authority, { name: NAME, dnsNames: ['localhost'] }, period)
  writeFileSync(join(directory, 'tls.key'), key)
  writeFileSync(join(directory, 'tls.crt'), cert)
}

const nobody: KubeApi = {
  request: () => Promise.reject(new Error('nobody is asked')),
  async *stream() {},
  close() {},
}

function optionsOf(readiness: Readiness, port = 0): WebhooksOptions {
  const common = { api: nobody, log: createLog('none'), clock: systemClock, random: Math.random }
  const place = { namespace: 'metallb-system', host: '127.0.0.1', port, tls: { minVersion: 'TLSv1.2' } } as const
  return { ...common, ...place, certificate: { directory }, readiness }
}

async function serialOf(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: authority.cert })
  await once(socket, 'secureConnect')
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber
}

test('a directory without a certificate is a fault that names it', async () => {
  await assert.rejects(startWebhooks(optionsOf(new Readiness())), (thrown) => {
    return thrown instanceof Fault && thrown.message.includes(directory)
  })
})

test('a certificate from a directory is shown at once, and a new one when it comes', async () => {
  await writeCertificate()
  const readiness = new Readiness()
  const webhooks = await startWebhooks(optionsOf(readiness))
  assert.deepEqual([webhooks.ready(), readiness.describe()], [true, '[+]webhooks ok\n'])
  const before = await serialOf(webhooks.port)
  await writeCertificate()
  let serial = before
  for (let tries = 0; tries < 100 && serial === before; tries++) {
    await sleep(50)
    serial = await serialOf(webhooks.port)
  }
  assert.notEqual(serial, before)
  await webhooks.close()
})

test('a port that somebody else has is a fault that names it', async () => {
  const first = await startWebhooks(optionsOf(new Readiness()))
  await assert.rejects(startWebhooks(optionsOf(new Readiness(), first.port)), (thrown) => {
    return thrown instanceof Fault && thrown.message.includes(String(first.port))
  })
  await first.close()
})
