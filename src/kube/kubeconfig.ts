// SPDX-License-Identifier: Apache-2.0
import { dirname, resolve } from 'node:path'
import { bad, type KubeConfig, type Material, readMaterial, serverUrl } from './config.ts'

type Fields = Readonly<Record<string, unknown>>

/** Larger ones are something else. */
const MAX_FILE_BYTES = 2 ** 20
/** What a user entry may hold that makes somebody start a program to log in. */
const PLUGINS = ['exec', 'auth-provider']
/** What we do not do, and what would be silently wrong to leave out. */
const UNSUPPORTED: readonly (readonly [string, string])[] = [
  ['username', 'a name and password; API servers take none since Kubernetes 1.19'],
  ['as', 'impersonation'],
]

/**
 * The current context of a kubeconfig, in YAML or JSON. Files that it names are found from its own directory. Throws a
 * Fault that says which entry is wrong, and how.
 */
export async function readKubeconfig(path: string): Promise<KubeConfig> {
  const file = new KubeconfigFile(path, await parse(path))
  const contextName = file.text(file.root, 'current-context', 'the current-context')
  if (contextName === '') throw file.bad('it has no current-context; choose one by `kubectl config use-context`')
  const context = file.entry('contexts', 'context', contextName)
  const cluster = file.entry('clusters', 'cluster', file.text(context, 'cluster', 'the context'))
  const userName = file.text(context, 'user', 'the context')
  const user = userName === '' ? {} : file.entry('users', 'user', userName)
  file.refuseForeign(cluster, user, userName)
  const server = file.text(cluster, 'server', 'the cluster')
  return {
    server: serverUrl(server, `${path}, server of the cluster`),
    authority: file.material(cluster, 'certificate-authority'),
    insecure: cluster['insecure-skip-tls-verify'] === true,
    serverName: file.text(cluster, 'tls-server-name', 'the cluster') || null,
    token: file.token(user),
    certificate: file.certificate(user, userName),
    namespace: file.text(context, 'namespace', 'the context') || 'default',
  }
}

async function parse(path: string): Promise<unknown> {
  const text = readMaterial({ file: path }, 'a kubeconfig')
  if (text.length > MAX_FILE_BYTES) throw bad(`${path}: it is larger than 1 MiB; expected a kubeconfig`)
  try {
    if (/^\s*\{/.test(text)) return JSON.parse(text)
    // Only who starts us by hand needs it.
    const { parse: parseYaml } = await import('yaml')
    return parseYaml(text)
  } catch (thrown) {
    const [reason] = thrown instanceof Error ? thrown.message.split('\n') : ['']
    throw bad(`${path}: ${reason}; expected a kubeconfig in YAML or JSON`, thrown)
  }
}

class KubeconfigFile {
  readonly root: Fields
  readonly #path: string

  constructor(path: string, root: unknown) {
    this.#path = path
    if (!isFields(root)) throw this.bad('expected a kubeconfig: a map with contexts, clusters and users')
    this.root = root
  }

  bad(why: string) {
    return bad(`${this.#path}: ${why}`)
  }

  /** The map `inner` of the entry of this name. */
  entry(list: string, inner: string, name: string): Fields {
    const entries = this.root[list]
    const named = (Array.isArray(entries) ? entries : []).find(
      (entry: unknown) => isFields(entry) && entry['name'] === name,
    )
    const fields: unknown = isFields(named) ? named[inner] : undefined
    if (isFields(fields)) return fields
    throw this.bad(`${list} has no entry "${name}" with a ${inner}; expected one, as the current context names it`)
  }

  /** '' where it is not given. */
  text(fields: Fields, key: string, where: string): string {
    const value = fields[key] ?? ''
    if (typeof value !== 'string') throw this.bad(`${key} of ${where} is no text`)
    return value
  }

  /** `key-data` in base64, which goes before the file that `key` names. */
  material(fields: Fields, key: string): Material | null {
    const data = this.text(fields, `${key}-data`, 'its entry')
    if (data !== '') return { text: Buffer.from(data, 'base64').toString() }
    return this.#file(this.text(fields, key, 'its entry'))
  }

  token(user: Fields): Material | null {
    // As kubectl: a file goes before a token.
    const file = this.#file(this.text(user, 'tokenFile', 'the user'))
    const text = this.text(user, 'token', 'the user')
    return file ?? (text === '' ? null : { text })
  }

  certificate(user: Fields, name: string): KubeConfig['certificate'] {
    const certificate = this.material(user, 'client-certificate')
    const key = this.material(user, 'client-key')
    if (!certificate && !key) return null
    if (certificate && key) return { certificate, key }
    const missing = certificate ? 'client-key' : 'client-certificate'
    throw this.bad(`user "${name}" has no ${missing}; a certificate and its key go together`)
  }

  refuseForeign(cluster: Fields, user: Fields, name: string): void {
    const plugin = PLUGINS.find((key) => user[key] !== undefined)
    if (plugin !== undefined) {
      throw this.bad(
        `user "${name}" logs in by ${plugin}, which starts a program, and a daemon does not; ` +
          'give it a token, a tokenFile or a client certificate',
      )
    }
    for (const [key, what] of UNSUPPORTED) {
      if (user[key] !== undefined) throw this.bad(`user "${name}" asks for ${what}, which is not supported`)
    }
    if (cluster['proxy-url'] !== undefined) throw this.bad('its cluster has a proxy-url, which is not supported')
  }

  #file(path: string): Material | null {
    return path === '' ? null : { file: resolve(dirname(this.#path), path) }
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
