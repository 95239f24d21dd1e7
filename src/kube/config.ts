// SPDX-License-Identifier: Apache-2.0
/** Where the API server is and who we are there: as a Pod is told, or (kubeconfig.ts) as people write it down. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../lib/fault.ts'

export type KubeConfigFault = Readonly<{ code: 'badKubeConfig' }>

/** A text that is given, or a file that holds it now and may hold another one later. */
export type Material = Readonly<{ text: string }> | Readonly<{ file: string }>

export type KubeConfig = Readonly<{
  /** https, or http for a server that asks nobody who they are. */
  server: URL
  /** PEM of the authorities that the server's certificate may come from; null: those of the system. */
  authority: Material | null
  /** Any certificate will do: a kubeconfig may ask for it. */
  insecure: boolean
  /** The name that has to stand in the server's certificate; null: the host of `server`. */
  serverName: string | null
  token: Material | null
  /** PEM. */
  certificate: Readonly<{ certificate: Material; key: Material }> | null
  /** Where we run, or what the kubeconfig takes for it. */
  namespace: string
}>

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * The configuration of a Pod. `root` and `env` stand in for the file system and the environment in tests. Throws a
 * Fault outside a Pod.
 */
export function inClusterConfig({ root = '/', env = process.env }: InClusterPlace = {}): KubeConfig {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? ''
  const port = env['KUBERNETES_SERVICE_PORT'] || '443'
  if (host === '') {
    throw bad(
      'KUBERNETES_SERVICE_HOST is not set, so this is no Pod of a cluster; expected to run in one. ' +
        'Outside, name a kubeconfig, or a directory of manifests',
    )
  }
  const place = (name: string) => join(root, SERVICE_ACCOUNT, name)
  for (const name of ['token', 'ca.crt']) {
    readMaterial({ file: place(name) }, 'the service account; does the Pod set automountServiceAccountToken: false?')
  }
  return {
    server: serverUrl(
      `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
      'KUBERNETES_SERVICE_HOST and _PORT',
    ),
    authority: { file: place('ca.crt') },
    insecure: false,
    serverName: null,
    token: { file: place('token') },
    certificate: null,
    namespace: readMaterial({ file: place('namespace') }, 'the namespace of the service account').trim(),
  }
}

type InClusterPlace = Readonly<{ root?: string; env?: Readonly<Record<string, string | undefined>> }>

/** The text, from its file as it is now. `what` is it, for the sentence of the Fault that it throws. */
export function readMaterial(material: Material, what: string): string {
  if ('text' in material) return material.text
  try {
    const text = readFileSync(material.file, 'utf8')
    if (text.trim() === '') throw new Error('it is empty')
    return text
  } catch (thrown) {
    throw bad(`cannot read ${material.file}: ${sentenceOf(thrown)}; expected ${what}`, thrown)
  }
}

/** The URL of an API server; `where` it is written, for the sentence of the Fault that it throws. */
export function serverUrl(text: string, where: string): URL {
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw bad(`${where}: "${text}" is no address of an API server; expected one such as https://192.0.2.1:6443`)
  }
  return url
}

/** A Fault about the configuration. */
export function bad(message: string, cause?: unknown): Fault<KubeConfigFault> {
  return new Fault({ code: 'badKubeConfig' }, message, cause)
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is no directory',
}

function sentenceOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  return WORDS[code] ?? thrown.message
}
