// SPDX-License-Identifier: Apache-2.0
/**
 * The controller in a cluster: the API server is source and sink, and a Lease says which of the replicas decides. The
 * others keep all objects at hand.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { type KubeApi, KubeFault } from '../../kube/api.ts'
import { pauseMs, sleep } from '../../kube/backoff.ts'
import { openClient } from '../../kube/client.ts'
import { inClusterConfig, type KubeConfig } from '../../kube/config.ts'
import { Lease } from '../../kube/lease.ts'
import {
  BFD_PROFILES,
  BGP_ADVERTISEMENTS,
  BGP_PEERS,
  COMMUNITIES,
  CONFIG_MAPS,
  CONFIGURATION_STATES,
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  NAMESPACES,
  NODES,
  SECRETS,
  SERVICE_BGP_STATUSES,
  SERVICE_L2_STATUSES,
  SERVICES,
} from '../../kube/resource.ts'
import { type Owner, openSink } from '../../kube/sink.ts'
import { type KubeSource, openSource, type Wanted } from '../../kube/source.ts'
import { Versions } from '../../kube/versions.ts'
import { bootMs, systemClock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { ObjectSource } from '../../lib/object.ts'
import { supervise } from '../../lib/supervise.ts'
import { VERSION } from '../../lib/version.ts'
import type { Model } from '../../model/model.ts'
import type { World } from '../../plan/world.ts'
import { Controller } from './controller.ts'
import { diagnose } from './diagnose.ts'
import { ensureMemberlistSecret } from './memberlist-secret.ts'
import { findOwnPod } from './own-pod.ts'

const LEASE = 'metallb-controller'
/** For writes under way when we are asked to stop; a lease that is held until its end costs the others more. */
const FAREWELL_MS = 5000

export type ClusterOptions = Readonly<{
  log: Log
  /** A file; '': as a Pod of the cluster. */
  kubeconfig: string
  /** Where metallb.io objects count; '': that of the own Pod. */
  namespace: string
  /** '': not known. */
  podName: string
  /** --lb-class, empty where it is not given. */
  classes: readonly string[]
  /** Secret of the member list, made where it is missing; '': none. */
  mlSecretName: string
  /** Deployment that owns that Secret; '': nobody. */
  deployment: string
  /** False: never decides (--webhook-mode=onlywebhook). */
  allocates: boolean
  /** Puts something around the source, to count what it delivers for instance. */
  wrap?(source: ObjectSource): ObjectSource
}>

export type ClusterController = Readonly<{
  api: KubeApi
  namespace: string
  controller: Controller
  lease: Lease
  source: KubeSource
  /** Resolves when all objects are at hand, however long the API server is away until then. */
  start(): Promise<void>
  /** Finishes what is being written and gives the Lease back. `api` stays open until its owner closes it. */
  stop(): Promise<void>
}>

/** Opens what it takes, and asks for nothing before `start`. Throws a Fault where the credentials cannot be read. */
export async function openInCluster(options: ClusterOptions): Promise<ClusterController> {
  const { log, podName, classes } = options
  const config = await configOf(options.kubeconfig)
  const namespace = options.namespace || config.namespace
  const api = openClient(config, { userAgent: `metallb-controller/${VERSION}` })
  const versions = new Versions()
  const common = { api, versions, clock: systemClock }
  const source = openSource({ ...common, wanted: wantedIn(namespace), log, random: Math.random })
  let owner: Owner | null = null
  const controller = new Controller({
    source: options.wrap?.(source) ?? source,
    sink: openSink({ ...common, mayWrite: () => lease.mayWrite(), component: 'controller', owner: () => owner }),
    log,
    clock: systemClock,
    namespace,
    classes,
    fillDefaults: false,
    standby: true,
    diagnose: (service, model) => diagnose(service, { api, world: worldOf(model) }),
  })
  const lease = openLease({ api, namespace, podName, log, controller })
  const stopping = new AbortController()
  const start = async () => {
    await controller.start()
    owner = await findOwnPod(api, { namespace, name: podName }, log)
    if (options.allocates && !stopping.signal.aborted) lease.start()
    await keepSecret({ ...options, api, namespace }, stopping.signal)
  }
  const stop = async () => {
    stopping.abort()
    await Promise.race([controller.stop(), pause(FAREWELL_MS)])
    await lease.stop()
  }
  return { api, namespace, controller, lease, source, start, stop }
}

/** The speakers' Pods wait for this Secret, so it is asked for until it is there. */
async function keepSecret(
  { api, namespace, mlSecretName: name, deployment, log }: ClusterOptions & Readonly<{ api: KubeApi }>,
  signal: AbortSignal,
): Promise<void> {
  if (name === '') return
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      return await ensureMemberlistSecret(api, { namespace, name, deployment }, log)
    } catch (thrown) {
      if (!(thrown instanceof KubeFault)) throw thrown
      log.warn('the Secret of the member list could not be made, will be retried', { name, error: thrown.message })
      await sleep(systemClock, pauseMs(failures + 1, thrown.kind.retryAfterMs, Math.random()), signal)
    }
  }
}

type LeaseParts = Readonly<{ api: KubeApi; namespace: string; podName: string; log: Log; controller: Controller }>

function openLease({ api, namespace, podName, log, controller }: LeaseParts): Lease {
  let said = ''
  const lease: Lease = new Lease({
    api,
    namespace,
    name: LEASE,
    identity: `${podName || hostname()}_${randomUUID()}`,
    clock: systemClock,
    bootMs,
    random: Math.random,
    onLead: () => {
      said = ''
      supervise('beginning to lead', lead(controller, log))
    },
    onFollow: () => {
      controller.follow()
      log.info('following', { leader: lease.holder })
    },
    onFault: ({ message }) => {
      const at = message === said ? log.debug : log.warn
      said = message
      at('the Lease could not be read or written, will be retried', { error: message })
    },
  })
  return lease
}

async function lead(controller: Controller, log: Log): Promise<void> {
  await controller.lead()
  if (controller.leads) log.info('leading')
}

async function configOf(kubeconfig: string): Promise<KubeConfig> {
  if (kubeconfig === '') return inClusterConfig()
  const { readKubeconfig } = await import('../../kube/kubeconfig.ts')
  return await readKubeconfig(kubeconfig)
}

/** All that the model reads, and what stands in the status of what we write. */
function wantedIn(namespace: string): readonly Wanted[] {
  const ours = [IP_ADDRESS_POOLS, L2_ADVERTISEMENTS, BGP_ADVERTISEMENTS, BGP_PEERS, BFD_PROFILES, COMMUNITIES]
  return [
    { resource: SERVICES },
    { resource: NODES },
    { resource: NAMESPACES },
    { resource: SECRETS, namespace },
    { resource: CONFIG_MAPS, namespace, fieldSelector: 'metadata.name=bgpextras' },
    ...ours.map((resource) => ({ resource, namespace })),
    { resource: SERVICE_L2_STATUSES, namespace, optional: true },
    { resource: SERVICE_BGP_STATUSES, namespace, optional: true },
    { resource: CONFIGURATION_STATES, namespace, fieldSelector: 'metadata.name=controller', optional: true },
  ]
}

/** Every Node counts as having a live speaker. */
function worldOf(model: Model): World {
  return { model, speakers: new Set(model.nodes.keys()), interfaces: new Map(), ignoreExcludeLabel: false }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
