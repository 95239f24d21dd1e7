// SPDX-License-Identifier: Apache-2.0
/** Admission and conversion for one replica: the server, its certificate, and whether both are ready. */
import { AdmissionServer } from '../../../kube/admission.ts'
import type { KubeApi } from '../../../kube/api.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { Log } from '../../../lib/log.ts'
import { supervise } from '../../../lib/supervise.ts'
import { readCertificate, watchCertificate } from '../../listeners/certificate.ts'
import type { Readiness } from '../../listeners/readiness.ts'
import type { TlsSettings } from '../../listeners/tls-settings.ts'
import { Certificates } from './certificates.ts'
import { makeRoutes } from './routes.ts'

/** 9443 is what the Service of the manifests leads to. */
export const WEBHOOK_PORT = 9443
const CONDITION = 'webhooks'

export type WebhooksOptions = Readonly<{
  api: KubeApi
  log: Log
  clock: Clock
  /** 0 ≤ x < 1, for jitter. */
  random(): number
  /** MetalLB's own. */
  namespace: string
  /**
   * Made here and kept in a Secret (--webhook-secret) for the Service that the API server calls (--cert-service-name),
   * or somebody else's, in a directory (--disable-cert-rotation, --cert-dir), who also makes its authority known.
   */
  certificate: Readonly<{ secretName: string; serviceName: string }> | Readonly<{ directory: string }>
  tls: TlsSettings
  /** 0: any. */
  port: number
  /** All addresses where it is not given. */
  host?: string
  /** Gets the condition `webhooks`. */
  readiness: Readiness
}>

export interface Webhooks {
  readonly port: number
  /** They serve, with a certificate that the API server trusts. */
  ready(): boolean
  /** Takes no more calls and lets those under way end. */
  close(): Promise<void>
}

/**
 * Starts the webhooks; resolves when the port is theirs. That they can be called is said by `ready` and `readiness`,
 * later: they need the API server for it. Throws a Fault when the port is taken or the directory has no certificate.
 */
export async function startWebhooks(options: WebhooksOptions): Promise<Webhooks> {
  const { tls, port, host, readiness, log } = options
  readiness.waitFor(CONDITION, 'there is no certificate yet')
  const server = new AdmissionServer({
    routes: makeRoutes(options),
    identity: null,
    tls,
    port,
    ...(host !== undefined && { host }),
    onFailure: ({ path, status, message }) => {
      const say = status < 500 ? log.debug : log.warn // anybody can send nonsense
      say('a webhook call was not answered', { path, status, reason: message })
    },
  })
  let isReady = false
  const report = (missing: string | null) => {
    if (isReady !== (missing === null)) log.info(missing === null ? 'webhooks are ready' : 'webhooks are not ready', {})
    isReady = missing === null
    if (missing === null) readiness.met(CONDITION)
    else readiness.waitFor(CONDITION, missing)
  }
  const chosen = await server.listen()
  const keeper = await keepCertificate(options, { server, report })
  log.info('webhooks listen', { port: chosen })
  const close = async () => {
    await keeper.stop()
    await server.close()
  }
  return { port: chosen, ready: () => isReady, close }
}

type Parts = Readonly<{ server: AdmissionServer; report(missing: string | null): void }>

type Keeper = Readonly<{ stop(): Promise<void> }>

async function keepCertificate(options: WebhooksOptions, { server, report }: Parts): Promise<Keeper> {
  const { certificate, namespace } = options
  if ('directory' in certificate) {
    try {
      return followDirectory(certificate.directory, options, { server, report })
    } catch (thrown) {
      await server.close() // or the process would not end
      throw thrown
    }
  }
  const host = `${certificate.serviceName}.${namespace}.svc`
  const onIdentity = server.useIdentity.bind(server)
  const certificates = new Certificates({
    ...options,
    secretName: certificate.secretName,
    host,
    onIdentity,
    onState: report,
  })
  supervise('following the certificate of the webhooks', certificates.start())
  return certificates
}

/** Throws a Fault when there is no certificate to begin with. */
function followDirectory(directory: string, { clock, log }: WebhooksOptions, { server, report }: Parts): Keeper {
  const onChange = server.useIdentity.bind(server)
  onChange(readCertificate(directory))
  const watching = watchCertificate({ directory, clock, log, onChange })
  report(null)
  return { stop: async () => watching.close() }
}
