// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { Fault } from '../lib/fault.ts'
import { inClusterConfig } from './config.ts'
import { Credentials } from './credentials.ts'
import { readKubeconfig } from './kubeconfig.ts'

const directory = mkdtempSync(join(tmpdir(), 'metallb-kube-config-'))
after(() => rmSync(directory, { recursive: true }))
let count = 0

/** A directory with these files; gives its path. */
function place(files: Readonly<Record<string, string>>): string {
  const root = join(directory, `${count++}`)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return root
}

const ACCOUNT = 'var/run/secrets/kubernetes.io/serviceaccount'
const POD = { [`${ACCOUNT}/token`]: 't1\n', [`${ACCOUNT}/ca.crt`]: 'CA', [`${ACCOUNT}/namespace`]: 'metallb-system\n' }
const ENV = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' }

test('a Pod finds its API server, its token and its namespace', () => {
  const root = place(POD)
  const config = inClusterConfig({ root, env: ENV })
  assert.equal(config.server.href, 'https://10.96.0.1/')
  assert.equal(config.namespace, 'metallb-system')
  assert.deepEqual(config.token, { file: join(root, ACCOUNT, 'token') })
  assert.deepEqual(config.authority, { file: join(root, ACCOUNT, 'ca.crt') })
})

test('an IPv6 address of the API server is put in brackets', () => {
  const env = { KUBERNETES_SERVICE_HOST: 'fd00:96::1', KUBERNETES_SERVICE_PORT: '6443' }
  assert.equal(inClusterConfig({ root: place(POD), env }).server.href, 'https://[fd00:96::1]:6443/')
})

const NO_POD: [string, Record<string, string>, Record<string, string>, RegExp][] = [
  ['no Pod', POD, {}, /KUBERNETES_SERVICE_HOST is not set, so this is no Pod.*name a kubeconfig/],
  [
    'no token',
    { [`${ACCOUNT}/ca.crt`]: 'CA' },
    ENV,
    /cannot read .*token: it does not exist.*automountServiceAccountToken/,
  ],
  ['an empty token', { ...POD, [`${ACCOUNT}/token`]: '' }, ENV, /cannot read .*token: it is empty/],
  ['a port that is none', POD, { ...ENV, KUBERNETES_SERVICE_PORT: 'tcp://x' }, /is no address of an API server/],
]
for (const [name, files, env, message] of NO_POD) {
  test(`one clear sentence for ${name}`, () => {
    assert.throws(() => inClusterConfig({ root: place(files), env }), { name: 'Fault', message })
  })
}

const CLUSTER = { server: 'https://192.0.2.1:6443', 'certificate-authority': 'pki/ca.pem' }
const base64 = (text: string) => Buffer.from(text).toString('base64')

function kubeconfig(user: object, cluster: object = CLUSTER, context: object = {}) {
  return {
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', ...context } }],
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
  }
}

async function read(value: unknown) {
  const root = place({ config: typeof value === 'string' ? value : JSON.stringify(value) })
  return { root, config: await readKubeconfig(join(root, 'config')) }
}

test('a kubeconfig in YAML', async () => {
  const { root, config } = await read(`
apiVersion: v1
kind: Config
current-context: b
contexts:
- {name: a, context: {cluster: other, user: nobody}}
- {name: b, context: {cluster: c, user: u, namespace: lb}}
clusters:
- name: c
  cluster: {server: "https://lb.example.com/k8s/c-1", certificate-authority-data: ${base64('PEM')}, tls-server-name: kubernetes}
users:
- name: u
  user: {client-certificate: me.crt, client-key-data: ${base64('KEY')}}
`)
  assert.deepEqual(config, {
    server: new URL('https://lb.example.com/k8s/c-1'),
    authority: { text: 'PEM' },
    insecure: false,
    serverName: 'kubernetes',
    token: null,
    certificate: { certificate: { file: join(root, 'me.crt') }, key: { text: 'KEY' } },
    namespace: 'lb',
  })
})

test('a kubeconfig in JSON, with a token', async () => {
  const { root, config } = await read(kubeconfig({ token: 'x' }))
  assert.deepEqual(
    [config.token, config.namespace, config.authority],
    [{ text: 'x' }, 'default', { file: join(root, 'pki/ca.pem') }],
  )
})

test('a token file goes before a token, as with kubectl, and any certificate will do where that is asked for', async () => {
  const cluster = { server: 'https://192.0.2.1', 'insecure-skip-tls-verify': true }
  const { root, config } = await read(kubeconfig({ token: 'x', tokenFile: 't' }, cluster))
  assert.deepEqual([config.token, config.insecure, config.authority], [{ file: join(root, 't') }, true, null])
})

const REFUSED: [string, unknown, RegExp][] = [
  ['text that is no YAML', 'a: [', /config: .*; expected a kubeconfig in YAML or JSON/],
  ['text that is no JSON', '{"a"', /config: .*; expected a kubeconfig in YAML or JSON/],
  ['another file', 'hello', /expected a kubeconfig: a map/],
  ['no current context', { contexts: [] }, /no current-context; choose one by `kubectl config use-context`/],
  ['a context that is not there', { 'current-context': 'x' }, /contexts has no entry "x" with a context/],
  ['a cluster that is not there', { ...kubeconfig({}), clusters: null }, /clusters has no entry "c"/],
  ['no server', kubeconfig({}, {}), /server of the cluster: "" is no address of an API server/],
  ['a number for a server', kubeconfig({}, { server: 7 }), /server of the cluster is no text/],
  [
    'a login program',
    kubeconfig({ exec: { command: 'aws' } }),
    /logs in by exec, which starts a program, and a daemon does not/,
  ],
  ['an auth provider', kubeconfig({ 'auth-provider': { name: 'gcp' } }), /logs in by auth-provider/],
  ['a password', kubeconfig({ username: 'me', password: 'x' }), /takes? none since Kubernetes 1\.19/],
  ['a certificate without its key', kubeconfig({ 'client-certificate': 'a' }), /has no client-key/],
  ['a proxy', kubeconfig({}, { ...CLUSTER, 'proxy-url': 'http://p' }), /proxy-url, which is not supported/],
]
for (const [name, value, message] of REFUSED) {
  test(`a kubeconfig with ${name} is refused`, async () => {
    await assert.rejects(read(value), (thrown) => thrown instanceof Fault && message.test(thrown.message))
  })
}

test('a kubeconfig that is not there', async () => {
  await assert.rejects(readKubeconfig('/nowhere/config'), {
    message: /cannot read .*it does not exist; expected a kubeconfig/,
  })
})

test('token and authority are read again after a minute, or when they are asked for', () => {
  const root = place(POD)
  const credentials = new Credentials(inClusterConfig({ root, env: ENV }), 0)
  const write = (name: string, text: string) => writeFileSync(join(root, ACCOUNT, name), text)
  write('token', 't2')
  write('ca.crt', 'CA2')
  credentials.refresh(59_999)
  assert.deepEqual([credentials.authorization, credentials.tls().ca, credentials.tlsEpoch], ['Bearer t1', 'CA', 0])
  credentials.refresh(60_000)
  assert.deepEqual([credentials.authorization, credentials.tls().ca, credentials.tlsEpoch], ['Bearer t2', 'CA2', 1])
  assert.equal(credentials.reread(60_001), false, 'it is the same token')
  write('token', 't3')
  assert.equal(credentials.reread(60_002), true)
  write('token', '')
  assert.equal(credentials.reread(60_003), false, 'a token that is just being written is none')
  assert.equal(credentials.authorization, 'Bearer t3')
})
