// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { type Identity, issueServing, makeAuthority } from './certificate.ts'

const HOST = 'metallb-webhook-service.metallb-system.svc'
const DAY_MS = 86_400_000
const validFor = (days: number) => ({ notBeforeMs: Date.now() - 3_600_000, notAfterMs: Date.now() + days * DAY_MS })
const NAME = { commonName: 'cert', organization: 'metallb' }

const authority = await makeAuthority(NAME, validFor(3650))
const request = { name: { commonName: HOST, organization: 'metallb' }, dnsNames: [HOST, `${HOST}.cluster.local`] }
const serving = await issueServing(authority, request, validFor(365))

/** What openssl says of files that are removed again. */
async function openssl(files: Readonly<Record<string, string>>, args: readonly string[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'certificate-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
    const { stdout } = await promisify(execFile)('openssl', args, { cwd: directory })
    return stdout
  } finally {
    await rm(directory, { recursive: true })
  }
}

test('the authority signs itself, and may sign', () => {
  const cert = new X509Certificate(authority.cert)
  assert.equal(cert.subject, 'O=metallb\nCN=cert')
  assert.equal(cert.ca, true)
  assert.ok(cert.verify(cert.publicKey))
  assert.ok(cert.checkPrivateKey(createPrivateKey(authority.key)))
  assert.equal(cert.publicKey.asymmetricKeyDetails?.modulusLength, 2048)
  assert.equal(Math.round((cert.validToDate.getTime() - Date.now()) / DAY_MS), 3650)
})

test('the serving certificate is for its names, and no authority', () => {
  const cert = new X509Certificate(serving.cert)
  const { publicKey } = new X509Certificate(authority.cert)
  assert.ok(cert.verify(publicKey))
  assert.ok(cert.checkIssued(new X509Certificate(authority.cert)))
  assert.deepEqual([cert.ca, cert.checkHost(HOST), cert.checkHost('other')], [false, HOST, undefined])
  assert.equal(cert.subjectAltName, `DNS:${HOST}, DNS:${HOST}.cluster.local`)
  assert.ok(cert.checkPrivateKey(createPrivateKey(serving.key)))
})

test('openssl finds both strictly in order, for a server', async () => {
  const files = { 'ca.crt': authority.cert, 'tls.crt': serving.cert }
  const args = ['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', HOST, '-CAfile', 'ca.crt']
  assert.equal(await openssl(files, [...args, 'tls.crt']), 'tls.crt: OK\n')
})

test('an authority that somebody else made signs too, under its own name and key identifier', async () => {
  const foreign = await foreignAuthority()
  const issued = await issueServing(foreign, request, validFor(1))
  const args = ['verify', '-partial_chain', '-CAfile', 'ca.crt', 'tls.crt']
  assert.equal(await openssl({ 'ca.crt': foreign.cert, 'tls.crt': issued.cert }, args), 'tls.crt: OK\n')
})

async function foreignAuthority(): Promise<Identity> {
  const subject = [
    '-subj',
    '/C=DE/O=Möbel/CN=root',
    '-utf8',
    '-days',
    '9',
    '-addext',
    'subjectKeyIdentifier=0123456789',
  ]
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', '-', '-out', '-']
  const both = await openssl({}, ['req', '-x509', ...key, ...subject])
  const at = both.indexOf('-----BEGIN CERTIFICATE-----')
  return { key: both.slice(0, at), cert: both.slice(at) }
}

test('a TLS client that trusts the authority takes the server for what it is', async () => {
  const server = createServer({ cert: serving.cert, key: serving.key }, (socket) => socket.end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const client: TLSSocket = connect({ port: address.port, host: '127.0.0.1', servername: HOST, ca: authority.cert })
  await once(client, 'secureConnect')
  assert.equal(client.authorized, true)
  client.destroy()
  server.close()
})
