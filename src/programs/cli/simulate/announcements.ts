// SPDX-License-Identifier: Apache-2.0
/** The speakers' part of a step: what every node does for each Service, or why not. */
import { type Route, uniteRoutes } from '../../../bgp/route.ts'
import { formatCidr } from '../../../lib/prefix.ts'
import { type Endpoint, parseEndpointSlice } from '../../../model/endpoint.ts'
import { alikeNodes } from '../../../plan/alike.ts'
import { type BgpPlan, planBgp } from '../../../plan/bgp.ts'
import { surveyL2 } from '../../../plan/l2.ts'
import type { SilenceReason } from '../../../plan/silence.ts'
import type { World } from '../../../plan/world.ts'
import type { Assigned } from './assignment.ts'
import { type Cluster, objectsOf } from './cluster.ts'

export type L2Row = Readonly<{ ip: string; node: string; interfaces: readonly string[] | 'all' }>

/** A route as it is sent: united over all Services that give its prefix to this session. */
export type BgpRow = Readonly<{
  node: string
  peer: string
  prefix: string
  localPref: number | null
  communities: readonly string[]
  largeCommunities: readonly string[]
  med: number | null
  prepend: readonly number[]
}>

export type SilentRow = Readonly<{ node: string; protocol: 'layer2' | 'bgp'; reason: SilenceReason }>

export type Announced = Readonly<{ l2: readonly L2Row[]; bgp: readonly BgpRow[]; silent: readonly SilentRow[] }>

const NOTHING: Announced = { l2: [], bgp: [], silent: [] }

/** `world` null: there is no configuration, and nobody announces anything. `speakers` are the live nodes. */
type Site = Readonly<{ world: World | null; speakers: readonly string[] }>

export class Announcements {
  readonly #world: World | null
  readonly #speakers: readonly string[]
  readonly #groups: readonly (readonly string[])[]
  readonly #endpoints: ReadonlyMap<string, readonly Endpoint[]>
  /** `node peer prefix` → the route of all Services together, for prefixes that more than one of them has. */
  readonly #united = new Map<string, Route>()
  readonly #shared: ReadonlySet<string>

  /** `services` are all that there are: one prefix may be that of several. */
  constructor(cluster: Cluster, { world, speakers }: Site, services: readonly Assigned[]) {
    this.#world = world
    this.#speakers = speakers.toSorted()
    this.#groups = world ? alikeNodes(world) : []
    this.#endpoints = endpointsOf(cluster)
    this.#shared = this.#unite(services.filter(isAnnounced))
  }

  /** What all nodes do for this Service; nothing where it is not ours or has no address. */
  of(assigned: Assigned): Announced {
    if (!isAnnounced(assigned)) return NOTHING
    if (!this.#world) return { ...NOTHING, silent: this.#speakers.flatMap(withoutConfiguration) }
    const { service } = assigned
    const survey = surveyL2(service, this.#endpointsOf(assigned), this.#world)
    const plans = this.#plans(assigned)
    const { announcer } = survey
    const silent = this.#speakers.flatMap((node): SilentRow[] => {
      const plan = plans.get(node)
      const isSilent = plan && !plan.announce
      return [
        ...(isSilent ? [{ node, protocol: 'bgp' as const, reason: plan.reason }] : []),
        ...(node === announcer?.node ? [] : [{ node, protocol: 'layer2' as const, reason: survey.reasonOf(node) }]),
      ]
    })
    const l2 = (announcer?.claims ?? []).map(({ ip, interfaces }) => ({ ip, node: announcer?.node ?? '', interfaces }))
    const bgp = this.#speakers.flatMap((node) => this.#rowsOf(node, plans.get(node)))
    return { l2: l2.toSorted((a, b) => compare(a.ip, b.ip)), bgp, silent }
  }

  /** The plan of every live node; nodes between which it cannot differ are planned for once. */
  #plans(assigned: Assigned): ReadonlyMap<string, BgpPlan> {
    const plans = new Map<string, BgpPlan>()
    if (!this.#world) return plans
    const endpoints = this.#endpointsOf(assigned)
    const local = new Set(endpoints.flatMap(({ nodeName }) => nodeName ?? []))
    const isLocal = assigned.service.externalTrafficPolicy === 'Local'
    for (const group of this.#groups) {
      let common: BgpPlan | null = null
      for (const node of group) {
        const isSpecial = isLocal && local.has(node)
        const plan: BgpPlan =
          (isSpecial ? null : common) ?? planBgp(assigned.service, endpoints, { world: this.#world, node })
        if (!isSpecial) common = plan
        plans.set(node, plan)
      }
    }
    return plans
  }

  #rowsOf(node: string, plan: BgpPlan | undefined): readonly BgpRow[] {
    if (!plan?.announce) return []
    const rows = plan.routes.map(({ peer, route }) => {
      const prefix = formatCidr(route.prefix)
      const united = this.#shared.has(prefix) ? this.#united.get(sessionKey(node, peer, prefix)) : undefined
      return rowOf(node, { peer, prefix, route: united ?? route })
    })
    return rows.length < 2 ? rows : rows.toSorted((a, b) => compare(a.peer, b.peer) || compare(a.prefix, b.prefix))
  }

  /** Most prefixes belong to one Service; only the others are worth remembering. Answers which these are. */
  #unite(services: readonly Assigned[]): ReadonlySet<string> {
    const seen = new Map<string, Assigned[]>()
    for (const assigned of services) {
      const plans = new Set(this.#plans(assigned).values())
      const routes = [...plans].flatMap((plan) => (plan.announce ? plan.routes : []))
      for (const prefix of new Set(routes.map(({ route }) => formatCidr(route.prefix)))) {
        const others = seen.get(prefix)
        if (others) others.push(assigned)
        else seen.set(prefix, [assigned])
      }
    }
    const shared = new Set([...seen].flatMap(([prefix, users]) => (users.length > 1 ? prefix : [])))
    for (const assigned of new Set([...shared].flatMap((prefix) => seen.get(prefix) ?? [])))
      for (const [node, plan] of this.#plans(assigned)) this.#add(node, plan, shared)
    return shared
  }

  #add(node: string, plan: BgpPlan, shared: ReadonlySet<string>): void {
    if (!plan.announce) return
    for (const { peer, route } of plan.routes) {
      const prefix = formatCidr(route.prefix)
      if (!shared.has(prefix)) continue
      const key = sessionKey(node, peer, prefix)
      const before = this.#united.get(key)
      this.#united.set(key, before ? uniteRoutes(before, route) : route)
    }
  }

  #endpointsOf({ service }: Assigned): readonly Endpoint[] {
    return this.#endpoints.get(service.key) ?? []
  }
}

function isAnnounced({ handled, service, ips }: Assigned): boolean {
  return handled && service.type === 'LoadBalancer' && ips.length > 0
}

function endpointsOf(cluster: Cluster): ReadonlyMap<string, readonly Endpoint[]> {
  const all = new Map<string, Endpoint[]>()
  for (const object of objectsOf(cluster)) {
    const slice = object.kind === 'EndpointSlice' ? parseEndpointSlice(object) : null
    if (!slice) continue
    const known = all.get(slice.service)
    if (known) known.push(...slice.endpoints)
    else all.set(slice.service, slice.endpoints)
  }
  return all
}

/** Without a configuration no advertisement includes any node. */
function withoutConfiguration(node: string): readonly SilentRow[] {
  return [
    { node, protocol: 'bgp', reason: 'notOwner' },
    { node, protocol: 'layer2', reason: 'noMatchingAdvertisement' },
  ]
}

type Sent = Readonly<{ peer: string; prefix: string; route: Route }>

function rowOf(node: string, { peer, prefix, route }: Sent): BgpRow {
  const { localPref, communities, largeCommunities, med, prepend } = route
  const words = communities.map((value) => `${value >>> 16}:${value & 0xffff}`)
  return { node, peer, prefix, localPref, communities: words, largeCommunities, med, prepend }
}

function sessionKey(node: string, peer: string, prefix: string): string {
  return `${node} ${peer} ${prefix}`
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
