// SPDX-License-Identifier: Apache-2.0
/**
 * The speaker in a cluster. It announces from what the API server last said, as soon as it has heard it, and for as long
 * as it hears nothing else; what it writes there comes after (reports.ts).
 */
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { KubeApi } from '../../kube/api.ts'
import { pauseMs, sleep } from '../../kube/backoff.ts'
import { openClient } from '../../kube/client.ts'
import { inClusterConfig, type KubeConfig } from '../../kube/config.ts'
import {
  BFD_PROFILES,
  BGP_ADVERTISEMENTS,
  BGP_PEERS,
  COMMUNITIES,
  CONFIG_MAPS,
  ENDPOINT_SLICES,
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  NODES,
  SECRETS,
  SERVICES,
} from '../../kube/resource.ts'
import type { Owner } from '../../kube/sink.ts'
import { openSource, type Wanted } from '../../kube/source.ts'
import { Versions } from '../../kube/versions.ts'
import { systemClock } from '../../lib/clock.ts'
import { Fault } from '../../lib/fault.ts'
import type { Log } from '../../lib/log.ts'
import type { ObjectSource } from '../../lib/object.ts'
import { supervise } from '../../lib/supervise.ts'
import { VERSION } from '../../lib/version.ts'
import type { Node } from '../../model/node.ts'
import type { Orders } from '../listeners/orders.ts'
import type { RunDirectory } from '../listeners/run-directory.ts'
import { Conflicts } from './conflicts.ts'
import { podDiscovery } from './discovery.ts'
import { EXCLUDE_FILE, readExcludedInterfaces } from './exclude-interfaces.ts'
import { Journal } from './journal.ts'
import type { MembersDocument } from './memberlist-debug.ts'
import { membersDocument } from './members-document.ts'
import { openMembership, pauseLimitMs } from './open-membership.ts'
import { openPeering, type PeeringFlags } from './open-peering.ts'
import { openResponder } from './open-responder.ts'
import { isDaemonSetDeleted } from './own-daemon-set.ts'
import { findOwnPod, type OwnPodOptions } from './own-pod.ts'
import type { PeerReadings } from './peers-readings.ts'
import { rememberingSource } from './remembering-source.ts'
import { Reports } from './reports.ts'
import type { Ring } from './ring.ts'
import type { RingConfig } from './ring-config.ts'
import { Speaker } from './speaker.ts'

export type ClusterOptions = Readonly<{
  log: Log
  /** A file; '': as a Pod of the cluster. */
  kubeconfig: string
  /** Where metallb.io objects count; '': that of the own Pod. */
  namespace: string
  /** Our name among the Nodes. */
  node: string
  /** '': not known. */
  podName: string
  /** METALLB_ML_LABELS, by which the own Pod is found where its name is not known; ''. */
  podLabels: string
  /** Null: no member list, every Node counts as having a live speaker. */
  ring: RingConfig | null
  /** --lb-class, empty where it is not given. */
  classes: readonly string[]
  bgp: PeeringFlags
  /** Status objects and events written in a second. */
  statusRate: number
  /** Where the last known state is kept. */
  directory: RunDirectory
  /** MetalLB's excludel2.yaml; its usual place where it is not given. */
  excludeFile?: string
  /** Puts something around the source, to count what it delivers for instance. */
  wrap?(source: ObjectSource): ObjectSource
  /** The API server has answered, and what it said is announced. */
  onFresh?: () => void
}>

export type ClusterSpeaker = Readonly<{
  api: KubeApi
  namespace: string
  speaker: Speaker
  peers: PeerReadings
  /** What can be asked for on the local socket. */
  orders: Orders
  /** Who is in the ring. */
  members(): MembersDocument
  /** Resolves when it announces, be it from the last known state, however long that takes. */
  start(): Promise<void>
  /** Withdraws everything, keeps what is known for the next start, and ends all connections. */
  stop(): Promise<void>
}>

/** Opens what it takes, and asks for nothing before `start`. Throws a Fault when it cannot run here. */
export async function openInCluster(options: ClusterOptions): Promise<ClusterSpeaker> {
  const { log, node, classes, bgp, statusRate, ring: config } = options
  const excludeInterfaces = await readExcludedInterfaces(options.excludeFile ?? EXCLUDE_FILE)
  const access = await configOf(options.kubeconfig)
  const namespace = options.namespace || access.namespace
  const api = openClient(access, { userAgent: `metallb-speaker/${VERSION}` })
  /** They may be asked for before they are there. */
  const late: { speaker?: Speaker; ring?: Ring } = {}
  const onSuspended = () => supervise('planning after a pause', late.speaker?.replan() ?? Promise.resolve())
  const conflicts = new Conflicts({
    node,
    clock: systemClock,
    log,
    isMember: (mac) => late.ring?.hasMac(mac) ?? false,
    event: (event) => reports.event(event),
  })
  const { responder, links } = openResponder({
    log,
    excludeInterfaces,
    pauseMs: pauseLimitMs(config),
    onSuspended,
    onConflict: (conflict) => conflicts.seen(conflict),
  })
  const reports = new Reports({
    api,
    namespace,
    node,
    links,
    excludeInterfaces,
    perSecond: statusRate,
    decided: () => late.speaker?.settled() ?? Promise.resolve(),
    uidOfPeer: (name) => late.speaker?.uidOf({ kind: 'BGPPeer', namespace, name }),
    clock: systemClock,
    log,
  })
  const nodes = () => late.speaker?.view.configuration.model?.nodes ?? new Map<string, Node>()
  const membership =
    config &&
    (await openMembership({
      config,
      node,
      discovery: podDiscovery({
        api,
        namespace,
        labels: options.podLabels,
        clock: systemClock,
        log,
        nodes: () => nodes().values(),
        port: config.bind.port,
        own: { node, address: config.bind.address },
      }),
      links,
      excludeInterfaces,
      log,
      nodes,
      event: (event) => reports.event(event),
      onChange: () => late.speaker?.memberChanged(),
      onRefuted: () => late.speaker?.announceAgain(),
    }))
  if (membership) late.ring = membership.ring
  const routing = await openPeering({
    ...bgp,
    node,
    links,
    log,
    isRemoved: () =>
      isDaemonSetDeleted({ api, namespace, podName: options.podName || reports.podName, clock: systemClock, log }),
    onSession: (event) => reports.session(event),
    onReplan: () => late.speaker?.replanned(),
  })
  const stopping = new AbortController()
  const afterwards = () => {
    const { speaker } = late
    if (!speaker) return
    supervise('reporting', report({ speaker, reports, signal: stopping.signal }, { ...options, api, namespace }))
  }
  const running = new Speaker({
    source: await openObjects({ ...options, api, namespace, onFresh: afterwards }),
    responder,
    log,
    namespace,
    node,
    classes,
    ignoreExcludeLabel: bgp.ignoreExcludeLabel,
    fillDefaults: false,
    ...(membership && { membership }),
    routing,
    observer: {
      planned(planned) {
        reports.observer.planned(planned)
        membership?.planned(planned)
        conflicts.planned(planned)
      },
      problems: (problems) => reports.observer.problems(problems),
    },
    conflicts,
  })
  late.speaker = running
  const stop = async () => {
    stopping.abort()
    await reports.stop() // or each restart would be an event
    await running.stop()
    api.close()
  }
  const members = () => membersDocument(running.view, membership && config && { ring: membership.ring, config })
  const { readings: peers, orders } = routing
  return { api, namespace, speaker: running, peers, orders, members, start: () => running.start(), stop }
}

type Connected = ClusterOptions & Readonly<{ api: KubeApi; namespace: string }>

/** What is read, and kept for a restart without an API server where there is a place for it. */
async function openObjects(options: Connected & { onFresh: () => void }): Promise<ObjectSource> {
  const { api, namespace, node, log, directory, onFresh } = options
  const clock = systemClock
  const kube = openSource({
    api,
    versions: new Versions(),
    wanted: wantedIn(namespace),
    log,
    clock,
    random: Math.random,
  })
  const source = options.wrap?.(kube) ?? kube
  const place = directory.usable ? directory.path : null
  if (place === null)
    log.warn('the last known state stays in memory: a restart will need the API server', { directory })
  return rememberingSource(source, {
    journal: place === null ? null : new Journal(join(place, 'speaker-state'), node),
    trimming: { secrets: place !== null && (await isMemory(place)) },
    clock,
    log,
    onFresh,
  })
}

type Reporting = Readonly<{ speaker: Speaker; reports: Reports; signal: AbortSignal }>

/** Begins to write once what the API server said is planned. */
async function report({ speaker, reports, signal }: Reporting, options: Connected): Promise<void> {
  await speaker.settled()
  options.onFresh?.()
  const owner = await eventually(() => findOwnPod({ ...options, labels: options.podLabels }), options, signal)
  if (!signal.aborted) await reports.begin(owner)
}

/** Asks until there is an answer; null when we are to stop before. */
async function eventually(
  ask: () => Promise<Owner | null>,
  { log }: Pick<OwnPodOptions, 'log'>,
  signal: AbortSignal,
): Promise<Owner | null> {
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      return await ask()
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      log.debug('the own Pod is not known yet', { error: thrown.message })
      await sleep(systemClock, pauseMs(failures + 1, null, Math.random()), signal)
    }
  }
  return null
}

async function configOf(kubeconfig: string): Promise<KubeConfig> {
  if (kubeconfig === '') return inClusterConfig()
  const { readKubeconfig } = await import('../../kube/kubeconfig.ts')
  return await readKubeconfig(kubeconfig)
}

/** Releases of charts are Secrets, too, and large; the others are not for speakers. */
const NO_PEERS_SECRETS = [
  'type!=helm.sh/release.v1',
  'metadata.name!=metallb-webhook-cert',
  'metadata.name!=memberlist',
]

/**
 * All that decides what this node announces. Any Service may become a LoadBalancer, so slices of all are followed; next
 * to nothing is kept of them (serving.ts). Headless Services have no address that could be announced.
 */
function wantedIn(namespace: string): readonly Wanted[] {
  const ours = [IP_ADDRESS_POOLS, L2_ADVERTISEMENTS, BGP_ADVERTISEMENTS, BGP_PEERS, BFD_PROFILES, COMMUNITIES]
  const slices = 'kubernetes.io/service-name,!service.kubernetes.io/headless'
  return [
    { resource: SERVICES, fieldSelector: 'spec.type=LoadBalancer' },
    { resource: ENDPOINT_SLICES, labelSelector: slices },
    { resource: NODES },
    { resource: SECRETS, namespace, fieldSelector: NO_PEERS_SECRETS.join() },
    { resource: CONFIG_MAPS, namespace, fieldSelector: 'metadata.name=bgpextras' },
    ...ours.map((resource) => ({ resource, namespace })),
  ]
}

/** statfs(2) of tmpfs and ramfs. */
const MEMORY_TYPES: ReadonlySet<number> = new Set([0x0102_1994, 0x8584_58f6])

async function isMemory(path: string): Promise<boolean> {
  const { type } = await statfs(path)
  return MEMORY_TYPES.has(type >>> 0)
}
