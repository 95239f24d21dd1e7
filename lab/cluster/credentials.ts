// SPDX-License-Identifier: Apache-2.0
/** Who may talk to the API server of a run, and the files that prove it. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../command.ts'

export type User = Readonly<{ name: string; groups: readonly string[]; token: string }>

export const ADMIN = 'admin'
export const NAMESPACE = 'metallb-system'

/** The user that a service account is to the API server, with a token of its own. */
export function serviceAccount(name: string, namespace: string = NAMESPACE): User {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated']
  return { name: `system:serviceaccount:${namespace}:${name}`, groups, token: newToken() }
}

/** May do everything. */
export function admin(): User {
  return { name: ADMIN, groups: ['system:masters', 'system:authenticated'], token: newToken() }
}

/** Nobody can guess it. */
export function newToken(): string {
  return randomBytes(24).toString('hex')
}

/** The lines of `--token-auth-file`. */
export function tokenFile(users: readonly User[]): string {
  return users.map(({ name, groups, token }) => `${token},${name},${name},"${groups.join(',')}"\n`).join('')
}

export type Certificates = Readonly<{ certFile: string; keyFile: string; serviceAccountKeyFile: string }>

/** Makes the API server's certificate, which is also the one that clients have to trust, and the key that signs tokens. */
export async function makeCertificates(directory: string, addresses: readonly string[]): Promise<Certificates> {
  const [certFile, keyFile] = [join(directory, 'server.crt'), join(directory, 'server.key')]
  const serviceAccountKeyFile = join(directory, 'service-account.key')
  const names = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost'].map((name) => `DNS:${name}`)
  const all = [...names, ...addresses.map((address) => `IP:${address}`)].join(',')
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const subject = ['-subj', '/CN=kube-apiserver', '-days', '30', '-addext', `subjectAltName=${all}`]
  await Promise.all([
    run(['openssl', 'req', '-x509', ...curve, ...subject, '-keyout', keyFile, '-out', certFile]),
    run(['openssl', 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', serviceAccountKeyFile]),
  ])
  return { certFile, keyFile, serviceAccountKeyFile }
}

/** Writes a kubeconfig. JSON is YAML to kubectl, and spares our daemons a library that they need nowhere else. */
export function writeKubeconfig(
  file: string,
  { url, caFile, user }: { url: string; caFile: string; user: User },
): void {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'lab', cluster: { server: url, 'certificate-authority': caFile } }],
    users: [{ name: user.name, user: { token: user.token } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: user.name, namespace: NAMESPACE } }],
    'current-context': 'lab',
  }
  writeFileSync(file, JSON.stringify(config, null, 2), { mode: 0o600 })
}
