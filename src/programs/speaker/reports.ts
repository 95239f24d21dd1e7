// SPDX-License-Identifier: Apache-2.0
/**
 * Everything that a speaker writes to the API server, none of which anybody waits for: ServiceL2Status and
 * ServiceBGPStatus objects, its ConfigurationState and events, together at a bounded rate.
 */
import type { PeerEvent } from '../../bgp/peer-setup.ts'
import type { KubeApi } from '../../kube/api.ts'
import { CONFIGURATION_STATES, SERVICE_BGP_STATUSES, SERVICE_L2_STATUSES } from '../../kube/resource.ts'
import { type Owner, openSink } from '../../kube/sink.ts'
import { openSource } from '../../kube/source.ts'
import { Versions } from '../../kube/versions.ts'
import type { NamePattern } from '../../l2/scan.ts'
import { localLinks } from '../../l2/scan.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Links } from '../../lib/net.ts'
import type { EventWrite, ObjectSink, ObjectSource } from '../../lib/object.ts'
import { Writer } from '../controller/writer.ts'
import { AnnouncementReports } from './announcement-reports.ts'
import { BGP_STATUS, type BgpAnswer } from './bgp-status.ts'
import { ConfigurationState } from './configuration-state.ts'
import { openL2StatusApi } from './l2-status-api.ts'
import { L2Statuses } from './l2-statuses.ts'
import { Pace } from './pace.ts'
import { NODE_LABEL } from './service-status.ts'
import { openStatusApi } from './service-status-api.ts'
import { ServiceStatuses } from './service-statuses.ts'
import { SessionEvents } from './session-events.ts'
import type { SpeakerObserver } from './speaker.ts'

export type ReportsOptions = Readonly<{
  api: KubeApi
  namespace: string
  node: string
  links: Links
  excludeInterfaces: readonly NamePattern[]
  /** Writes a second, over all kinds. */
  perSecond: number
  /** Resolves when all is decided that there is to decide: to write, and to make others read it, comes after. */
  decided(): Promise<void>
  /** The uid of a BGPPeer, where it is known. */
  uidOfPeer?(name: string): string | undefined
  clock: Clock
  log: Log
}>

export class Reports {
  /** To be told of what is decided. */
  readonly observer: SpeakerObserver
  readonly #writer: Writer
  readonly #answers: L2Statuses
  readonly #routed: ServiceStatuses<BgpAnswer>
  readonly #sessions: SessionEvents
  readonly #state: ConfigurationState
  readonly #own: ObjectSource
  #owner: Owner | null = null

  constructor(options: ReportsOptions) {
    const { api, namespace, node, perSecond, decided, clock, log } = options
    const pace = new Pace(clock, { perSecond, free: decided })
    const versions = new Versions()
    const owner = () => this.#owner
    const sink = openSink({
      api,
      versions,
      mayWrite: () => true,
      clock,
      component: 'speaker',
      nodeName: node,
      owner, // found when the API server answers
    })
    this.#writer = new Writer(paced(sink, pace), log, clock)
    const place = { api, namespace, node, owner }
    const common = { node, pace, clock, log }
    this.#answers = new L2Statuses({
      ...common,
      api: openL2StatusApi(place),
      onBegin: (service) => announcements.begins(service, 'layer2'),
    })
    this.#routed = new ServiceStatuses({
      ...common,
      form: BGP_STATUS,
      api: openStatusApi(BGP_STATUS, place),
      onBegin: (service) => announcements.begins(service, 'bgp'),
    })
    this.#state = new ConfigurationState({ clock, namespace, node, write: (write) => this.#writer.status(write) })
    this.#sessions = new SessionEvents({
      clock,
      namespace,
      node,
      event: (event) => this.#writer.event(event),
      uidOf: (peer) => options.uidOfPeer?.(peer),
    })
    const announcements = new AnnouncementReports({
      node,
      localInterfaces: localInterfaces(options),
      event: (event) => this.#writer.event(event),
      answer: (service, answer) => this.#answers.set(service, answer),
      routed: (service, answer) => this.#routed.set(service, answer),
    })
    options.links.onChange(() => announcements.interfacesChanged())
    this.observer = {
      planned: (planned) => announcements.planned(planned),
      problems: (problems) => this.#state.report(problems),
    }
    const labelSelector = `${NODE_LABEL}=${node}`
    const fieldSelector = `metadata.name=speaker-${node}`
    this.#own = openSource({
      api,
      versions,
      log,
      clock,
      random: Math.random,
      wanted: [
        { resource: SERVICE_L2_STATUSES, namespace, labelSelector, optional: true },
        { resource: SERVICE_BGP_STATUSES, namespace, labelSelector, optional: true },
        { resource: CONFIGURATION_STATES, namespace, fieldSelector, optional: true },
      ],
    })
  }

  /** Reads what was written before and puts it right from now on; `owner` is the own Pod. */
  async begin(owner: Owner | null): Promise<void> {
    this.#owner = owner
    await this.#own.start({
      onEvents: (events) => {
        for (const event of events) {
          if (!this.#answers.take(event) && !this.#routed.take(event)) this.#state.take(event)
        }
      },
      onProblems: () => {},
    })
    this.#answers.begin()
    this.#routed.begin()
    this.#state.begin()
  }

  /** The own Pod's, as far as it is known; ''. */
  get podName(): string {
    return this.#owner?.name ?? ''
  }

  /** Says something about an object in an event, when there is time. */
  event(event: EventWrite): void {
    this.#writer.event(event)
  }

  /** Says what became of the session with a BGPPeer, in an event. */
  session(event: PeerEvent): void {
    if (event.type === 'up') this.#sessions.up(event.peer)
    else if (event.type === 'down') this.#sessions.down(event.peer, event.why)
  }

  /** Writes no more. */
  async stop(): Promise<void> {
    this.#answers.close()
    this.#routed.close()
    this.#sessions.close()
    this.#writer.close()
    await this.#own.stop()
  }
}

function paced(sink: ObjectSink, pace: Pace): ObjectSink {
  return {
    async writeStatus(write) {
      await pace.turn()
      return await sink.writeStatus(write)
    },
    async writeEvent(event) {
      await pace.turn()
      await sink.writeEvent(event)
    },
  }
}

/** Looked at anew only when the list is another one: it is asked for each Service. */
function localInterfaces({ links, excludeInterfaces }: ReportsOptions): () => ReadonlySet<string> {
  let from: unknown = null
  let names: ReadonlySet<string> = new Set()
  return () => {
    const list = links.list()
    if (list !== from) names = new Set(localLinks(list, excludeInterfaces).keys())
    from = list
    return names
  }
}
