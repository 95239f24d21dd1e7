// SPDX-License-Identifier: Apache-2.0
/** Everything on which a daemon answers: health probes, metrics, and the local socket. */
import type { KubeApi } from '../../kube/api.ts'
import type { Clock } from '../../lib/clock.ts'
import { Fault } from '../../lib/fault.ts'
import type { Log } from '../../lib/log.ts'
import type { ControllerFlags } from '../flags/daemon-flags.ts'
import { requestListener } from './answer.ts'
import { readCertificate, watchCertificate } from './certificate.ts'
import { Gatekeeper } from './gatekeeper.ts'
import { type Listener, openHealth, portOf } from './health.ts'
import { closeServer, type ListenFault, listen, plainServer, secureServer } from './listen.ts'
import { openLocalSocket } from './local-socket.ts'
import type { Orders } from './orders.ts'
import type { Readiness } from './readiness.ts'
import { guarded, locally, openly, type Readable } from './reading.ts'
import type { RunDirectory } from './run-directory.ts'
import { makeSelfSigned } from './self-signed.ts'
import { readTlsFlags, type TlsSettings } from './tls-settings.ts'

type ListenerFlags = Pick<
  ControllerFlags,
  | 'port'
  | 'metrics-secure'
  | 'metrics-cert-dir'
  | 'tls-min-version'
  | 'tls-cipher-suites'
  | 'tls-curve-preferences'
  | 'health-probe-port'
>

export type ListenerOptions = Readable &
  Readonly<{
    program: 'controller' | 'speaker'
    flags: ListenerFlags
    readiness: Readiness
    directory: RunDirectory
    /** What the local socket may be used for beside reading; null while nothing can be done yet. */
    orders?: () => Orders | null
    /** Whom to ask about tokens, null while it is not known yet; null without a cluster, where no HTTPS can be. */
    api: (() => KubeApi | null) | null
    clock: Clock
    log: Log
  }>

export type Listeners = Readonly<{
  /** As they were opened: null for what is off. */
  healthPort: number | null
  metricsPort: number | null
  /** A path, or a name that starts with NUL. */
  socketPath: string | null
  close(): Promise<void>
}>

/** On this port MetalLB 0.16 serves HTTPS; on others guides expect plain HTTP. */
const SECURE_PORT = 9120
/** Where nothing is said, in a cluster. On files a controller and several speakers may share a machine: nothing opens. */
const METRICS_PORT = 7472
const HEALTH_PORT = 17_472

/**
 * Opens all that the flags ask for. Throws Fault `taken` where a port is in use, `badFlag` and `badCertificate`;
 * what was opened until then is closed again.
 */
export async function openListeners(options: ListenerOptions): Promise<Listeners> {
  const { program, flags, readiness, log } = options
  const opened: { close(): Promise<void> }[] = []
  const keep = <L extends { close(): Promise<void> }>(listener: L | null): L | null => {
    if (listener) opened.push(listener)
    return listener
  }
  const close = async () => {
    await Promise.all(opened.map((listener) => listener.close()))
  }
  try {
    // The kubelet asks a speaker, which has the host's network, over loopback: nobody else is to ask.
    const host = program === 'speaker' ? '127.0.0.1' : undefined
    const healthPort = flags['health-probe-port'] ?? (options.api ? HEALTH_PORT : 0)
    const health = keep(healthPort === 0 ? null : await openHealth(readiness, { port: healthPort, host }))
    const metricsPort = flags.port ?? (options.api ? METRICS_PORT : 0)
    const metrics = keep(metricsPort === 0 ? null : await openMetrics(options, metricsPort))
    const socket = keep(await openLocalSocket(options, locally(options), log))
    log.info('listening', { health: health?.port, metrics: metrics?.port, socket: socket?.path.replace('\0', '@') })
    return {
      healthPort: health?.port ?? null,
      metricsPort: metrics?.port ?? null,
      socketPath: socket?.path ?? null,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Says what the TLS flags mean, for this and other servers of a daemon. Throws Fault `badFlag`. */
export function tlsSettingsOf(flags: ListenerFlags): TlsSettings {
  const reading = readTlsFlags({
    minVersion: flags['tls-min-version'],
    cipherSuites: words(flags['tls-cipher-suites']),
    curves: words(flags['tls-curve-preferences']),
  })
  if (!reading.ok) throw new Fault<ListenFault>({ code: 'badFlag' }, reading.message)
  return reading.settings
}

function words(text: string): readonly string[] {
  return text.split(',').flatMap((word) => word.trim() || [])
}

async function openMetrics(options: ListenerOptions, port: number): Promise<Listener> {
  const { flags } = options
  const settings = tlsSettingsOf(flags) // a wrong flag is wrong also where it is not used
  if (flags['metrics-secure'] ?? port === SECURE_PORT) return await openSecure(options, { port, settings })
  const server = plainServer(requestListener('the metrics listener', openly(options)))
  await listen(server, { port }, `port ${port} for metrics`)
  return { port: portOf(server.address()), close: () => closeServer(server) }
}

type Secure = Readonly<{ port: number; settings: TlsSettings }>

async function openSecure(options: ListenerOptions, { port, settings }: Secure): Promise<Listener> {
  const { flags, api, clock, log } = options
  let gatekeeper: Gatekeeper | null = null
  const { 'metrics-cert-dir': directory } = flags
  if (!api) {
    const message = `metrics by HTTPS on port ${port} need an API server to ask about tokens: add --metrics-secure=false`
    throw new Fault<ListenFault>({ code: 'badFlag' }, message)
  }
  const certificate = directory === '' ? await makeSelfSigned(clock) : readCertificate(directory)
  const gatekeeperOf = () => {
    const known = gatekeeper === null ? api() : null
    if (known) gatekeeper = new Gatekeeper(known, clock)
    return gatekeeper
  }
  const respond = guarded(options, gatekeeperOf, log)
  const server = secureServer(
    { ...settings, ...certificate, ALPNProtocols: ['http/1.1'] },
    requestListener('the secure metrics listener', respond),
  )
  await listen(server, { port }, `port ${port} for metrics`)
  const onChange = (renewed: typeof certificate) => server.setSecureContext({ ...settings, ...renewed })
  const watching = directory === '' ? null : watchCertificate({ directory, clock, log, onChange })
  return {
    port: portOf(server.address()),
    close: async () => {
      watching?.close()
      await closeServer(server)
    },
  }
}
