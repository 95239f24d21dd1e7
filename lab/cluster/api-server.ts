// SPDX-License-Identifier: Apache-2.0
/**
 * A real kube-apiserver over a real etcd, for one process's tests. Both live on a loopback address that is ours alone,
 * keep their files in the run's directory, and end with us. RBAC is on; the ServiceAccount admission is off, because
 * nobody here makes tokens for Pods: the service accounts' tokens stand in a token file.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { notObserved } from '../wait.ts'
import { ApiClient } from './api-client.ts'
import { type AuditEvent, parseAudit, writeAuditPolicy } from './audit.ts'
import { Child } from './child.ts'
import { componentDirectory } from './components.ts'
import { ADMIN, admin, makeCertificates, serviceAccount, tokenFile, type User, writeKubeconfig } from './credentials.ts'
import { compact } from './etcd.ts'
import { scratchDirectory } from './scratch.ts'

type Flags = Readonly<Record<string, string>>

export type ApiServerOptions = Readonly<{
  /** For the files; the default is a new one that is removed after this process. */
  directory?: string
  /** Who is known besides the administrator; the default is controller and speaker of metallb-system. */
  users?: readonly User[]
  /** Where it listens; the default is a loopback address of this process. */
  address?: string
  /** Flags of kube-apiserver, without dashes, to add or to set otherwise. */
  flags?: Flags
  /** Whether each request is noted; the default is true. */
  audit?: boolean
}>

/** Long enough for a machine that does other things, too; it takes 3 s on one that does not. */
const READY_MS = 60_000
const POLL_MS = 25
const PORT = 6443
let servers = 0

/** Starts both and resolves when the API server is ready; throws NotObserved with its last words when it is not. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const directory = options.directory ?? scratchDirectory('api-server')
  const address = options.address ?? ownAddress()
  const components = await componentDirectory()
  const users = [admin(), ...(options.users ?? [serviceAccount('controller'), serviceAccount('speaker')])]
  const certificates = await makeCertificates(directory, [...new Set([address, '127.0.0.1', '10.96.0.1'])])
  const files = { tokens: join(directory, 'tokens.csv'), audit: join(directory, 'audit.log') }
  writeFileSync(files.tokens, tokenFile(users), { mode: 0o600 })
  const offset = servers++ // a second server of this process has the same address
  const url = `https://${address}:${PORT + offset}`
  const etcdUrl = `http://${address.startsWith('127.') ? address : '127.0.0.1'}:${2379 + 2 * offset}`
  const flags = {
    'etcd-servers': etcdUrl,
    'bind-address': address,
    'advertise-address': address,
    'secure-port': String(PORT + offset),
    'endpoint-reconciler-type': 'none',
    'tls-cert-file': certificates.certFile,
    'tls-private-key-file': certificates.keyFile,
    'token-auth-file': files.tokens,
    'authorization-mode': 'RBAC',
    'allow-privileged': 'true',
    'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
    'service-account-key-file': certificates.serviceAccountKeyFile,
    'service-account-signing-key-file': certificates.serviceAccountKeyFile,
    'disable-admission-plugins': 'ServiceAccount',
    'service-cluster-ip-range': '10.96.0.0/12,fd00:96::/108',
    ...(options.audit === false ? {} : auditFlags(directory, files.audit)),
    ...options.flags,
  }
  const server = new ApiServer({
    directory,
    url,
    etcdUrl,
    users,
    auditFile: files.audit,
    caFile: certificates.certFile,
    serviceAccountKeyFile: certificates.serviceAccountKeyFile,
    etcd: [join(components, 'etcd'), ...written(etcdFlags(directory, etcdUrl))],
    command: [join(components, 'kube-apiserver'), ...written(flags)],
    kubectl: join(components, 'kubectl'),
  })
  try {
    await server.start()
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

type Plan = Readonly<{
  directory: string
  url: string
  etcdUrl: string
  users: readonly User[]
  caFile: string
  serviceAccountKeyFile: string
  auditFile: string
  etcd: readonly string[]
  command: readonly string[]
  kubectl: string
}>

export class ApiServer {
  readonly url: string
  readonly directory: string
  /** Its certificate, which clients have to trust. */
  readonly caFile: string
  readonly adminToken: string
  /** The administrator's. */
  readonly kubeconfig: string
  /** The program, of the same version. */
  readonly kubectl: string
  readonly etcdUrl: string
  /** Signs and checks the tokens of service accounts that the API server makes. */
  readonly serviceAccountKeyFile: string
  /** The administrator's. */
  readonly client: ApiClient
  readonly #plan: Plan
  #etcd: Child | undefined
  #server: Child | undefined

  constructor(plan: Plan) {
    this.#plan = plan
    this.url = plan.url
    this.directory = plan.directory
    this.caFile = plan.caFile
    this.kubectl = plan.kubectl
    this.etcdUrl = plan.etcdUrl
    this.serviceAccountKeyFile = plan.serviceAccountKeyFile
    this.adminToken = this.#user(ADMIN).token
    this.kubeconfig = this.#kubeconfigOf(ADMIN)
    this.client = this.clientFor(ADMIN)
  }

  /** Of kube-apiserver. */
  get pid(): number {
    return this.#server?.pid ?? 0
  }

  /** A kubeconfig file for a service account that is in `users`; throws if it is not. */
  kubeconfigFor(name: string, namespace?: string): string {
    return this.#kubeconfigOf(serviceAccount(name, namespace).name)
  }

  /** The bearer token of a service account that is in `users`; throws if it is not. */
  tokenFor(name: string, namespace?: string): string {
    return this.#user(serviceAccount(name, namespace).name).token
  }

  /** A client with the rights of a user, by the user's full name. */
  clientFor(userName: string): ApiClient {
    const { token } = this.#user(userName)
    return new ApiClient({ url: this.url, ca: readFileSync(this.caFile), token })
  }

  /** Starts what does not run and resolves when the API server is ready. */
  async start(): Promise<void> {
    const { directory, etcd, command } = this.#plan
    if (!this.#etcd || this.#etcd.hasEnded) this.#etcd = new Child('etcd', etcd, join(directory, 'etcd.log'))
    if (!this.#server || this.#server.hasEnded) {
      this.#server = new Child('kube-apiserver', command, join(directory, 'kube-apiserver.log'))
    }
    const [store, server] = [this.#etcd, this.#server]
    for (const end = performance.now() + READY_MS; !(await this.#isReady()); await sleep(POLL_MS)) {
      if (!server.hasEnded && !store.hasEnded && performance.now() < end) continue
      const state = server.hasEnded || store.hasEnded ? 'ended before it was ready' : 'is not ready'
      throw notObserved(`the API server ${state}\n${store.lastWords()}\n${server.lastWords()}`)
    }
  }

  /** Kills kube-apiserver, as a crash would; etcd stays. */
  async kill(): Promise<void> {
    await this.#server?.end('SIGKILL')
  }

  /** Kills it and starts it again at the same address over the same etcd; resolves when it is ready. */
  async restart(): Promise<void> {
    await this.kill()
    await this.start()
  }

  /** SIGSTOP and SIGCONT: connections stay open, and nobody answers. */
  pause(): void {
    this.#server?.signal('SIGSTOP')
  }

  resume(): void {
    this.#server?.signal('SIGCONT')
  }

  /**
   * Drops the history from etcd. The API server still knows what its own cache has seen: only after a `restart()` a
   * watch from an older resourceVersion ends with 410.
   */
  async compactEtcd(): Promise<void> {
    await compact(this.etcdUrl)
  }

  /** What was asked so far, in order; one of a request that is still open (a watch) says `ResponseStarted`. */
  auditEvents(): AuditEvent[] {
    return parseAudit(this.#plan.auditFile)
  }

  /** Ends both at once. Their files stay until this process has ended. */
  async stop(): Promise<void> {
    this.client.close()
    await Promise.all([this.#server?.end('SIGKILL'), this.#etcd?.end('SIGKILL')])
  }

  async #isReady(): Promise<boolean> {
    try {
      if ((await this.client.send('GET', '/readyz')).status !== 200) return false
      return (await this.client.send('GET', '/api/v1/namespaces/default')).status === 200
    } catch {
      return false // nobody listens yet
    }
  }

  #user(userName: string): User {
    const user = this.#plan.users.find(({ name }) => name === userName)
    if (!user) throw new Error(`the API server was started without the user ${userName}`)
    return user
  }

  #kubeconfigOf(userName: string): string {
    const user = this.#user(userName)
    const file = join(this.directory, `${userName.replaceAll(':', '-')}.kubeconfig`)
    writeKubeconfig(file, { url: this.url, caFile: this.caFile, user })
    return file
  }
}

function etcdFlags(directory: string, url: string): Flags {
  const peer = url.replace(/\d+$/, (port) => String(Number(port) + 1))
  return {
    'data-dir': join(directory, 'etcd'),
    'unsafe-no-fsync': 'true',
    'log-level': 'warn',
    'listen-client-urls': url,
    'advertise-client-urls': url,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `default=${peer}`,
  }
}

function auditFlags(directory: string, log: string): Flags {
  const policy = join(directory, 'audit-policy.yaml')
  writeAuditPolicy(policy)
  const megabytes = '4000' // it is not to be cut into several files
  return { 'audit-policy-file': policy, 'audit-log-path': log, 'audit-log-maxsize': megabytes }
}

function written(flags: Flags): string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
}

/** An address of 127.0.0.0/8 that follows from our process id, so that no two runs share a port. */
function ownAddress(): string {
  const { pid } = process
  return `127.${64 + ((pid >> 16) & 63)}.${(pid >> 8) & 255}.${pid & 255}`
}
