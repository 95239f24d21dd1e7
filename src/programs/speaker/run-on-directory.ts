// SPDX-License-Identifier: Apache-2.0
import { systemClock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { supervise } from '../../lib/supervise.ts'
import { openDirectory } from '../../manifests/directory.ts'
import type { Node } from '../../model/node.ts'
import { registerClientMetrics } from '../client-metrics.ts'
import { CountedSource } from '../counted-source.ts'
import { DEFAULT_NAMESPACE, stopSignal } from '../daemon.ts'
import type { SpeakerFlags } from '../flags/daemon-flags.ts'
import { openListeners } from '../listeners/open-listeners.ts'
import { prepareListeners } from '../listeners/preparation.ts'
import { registerPeerMetrics } from './bgp-metrics.ts'
import { Conflicts } from './conflicts.ts'
import { nodeDiscovery } from './discovery.ts'
import { speakerDocuments } from './documents.ts'
import { readExcludedInterfaces } from './exclude-interfaces.ts'
import { membersDocument } from './members-document.ts'
import { registerSpeakerMetrics } from './metrics.ts'
import { openMembership, pauseLimitMs } from './open-membership.ts'
import { openPeering, peeringFlags } from './open-peering.ts'
import { openResponder } from './open-responder.ts'
import type { Ring } from './ring.ts'
import { readRingConfig } from './ring-config.ts'
import { Speaker } from './speaker.ts'

/** Runs on a directory of manifests until SIGTERM or SIGINT, then withdraws. Throws a Fault when it cannot start. */
export async function runOnDirectory(flags: SpeakerFlags, plainLog: Log): Promise<void> {
  const stopped = stopSignal(plainLog)
  const clock = systemClock
  const prepared = prepareListeners({ program: 'speaker', runDirectory: flags['run-dir'], clock, log: plainLog })
  const { log, metrics, readiness, history } = prepared
  readiness.waitFor('objects', 'reads the directory')
  const namespace = flags.namespace || DEFAULT_NAMESPACE
  const node = flags['node-name']
  /** They may be asked for before they are there. */
  const late: { speaker?: Speaker; ring?: Ring } = {}
  const replan = () => supervise('planning after a pause', late.speaker?.replan() ?? Promise.resolve())
  const excludeInterfaces = await readExcludedInterfaces()
  const config = await readRingConfig(flags, process.env, { log })
  const conflicts = new Conflicts({ node, clock, log, isMember: (mac) => late.ring?.hasMac(mac) ?? false })
  const { responder, links } = openResponder({
    log,
    excludeInterfaces,
    pauseMs: pauseLimitMs(config),
    onSuspended: replan,
    onConflict: (conflict) => conflicts.seen(conflict),
  })
  const source = new CountedSource(openDirectory(flags.manifests, { namespace, log, role: 'speaker' }))
  const nodes = () => late.speaker?.view.configuration.model?.nodes ?? new Map<string, Node>()
  const membership =
    config &&
    (await openMembership({
      config,
      node,
      discovery: nodeDiscovery({
        nodes: () => nodes().values(),
        port: config.bind.port,
        own: { node, address: config.bind.address },
      }),
      links,
      excludeInterfaces,
      log,
      nodes,
      event: ({ object, reason, message }) =>
        log.warn(message, { event: reason, service: `${object.namespace}/${object.name}` }),
      onChange: () => late.speaker?.memberChanged(),
      onRefuted: () => late.speaker?.announceAgain(),
    }))
  if (membership) late.ring = membership.ring
  const routing = await openPeering({
    ...peeringFlags(flags),
    node,
    links,
    log,
    onReplan: () => late.speaker?.replanned(),
  })
  const speaker = new Speaker({
    source,
    responder,
    log,
    namespace,
    node,
    classes: flags['lb-class'],
    ignoreExcludeLabel: flags['ignore-exclude-lb'],
    fillDefaults: true,
    ...(membership && { membership }),
    routing,
    observer: {
      planned(planned) {
        membership?.planned(planned)
        conflicts.planned(planned)
      },
      problems: () => {},
    },
    conflicts,
  })
  late.speaker = speaker
  const { view } = speaker
  const { errors, configuration } = view
  registerSpeakerMetrics(metrics, view)
  registerClientMetrics(metrics, { updates: () => source.updates, errors, configuration })
  registerPeerMetrics(metrics, routing.readings)
  const documents = speakerDocuments({
    view,
    history,
    members: () => membersDocument(view, membership && config && { ring: membership.ring, config }),
    peers: routing.readings,
  })
  const told = {
    documents: () => documents,
    orders: () => routing.orders,
    program: 'speaker',
    flags,
    api: null,
    clock,
  } as const
  const listeners = await openListeners({ ...prepared, ...told })
  await speaker.start()
  readiness.met('objects')
  log.info('ready', { node })
  await stopped
  await speaker.stop()
  await listeners.close()
  await history.close()
}
