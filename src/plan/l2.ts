// SPDX-License-Identifier: Apache-2.0
/** Layer 2: exactly one node answers ARP and NDP for the addresses of a Service. This says whether it is us. */
import type { Claim } from '../l2/claims.ts'
import type { L2Advertisement } from '../model/advertisement.ts'
import { hasAnnotation } from '../model/annotations.ts'
import type { Endpoint } from '../model/endpoint.ts'
import { matchesAny } from '../model/selector.ts'
import type { Service } from '../model/service.ts'
import { list } from '../model/wording.ts'
import { type Ballot, rankingOf, winnerOf } from './election.ts'
import {
  candidatesOf,
  holdingOf,
  obstacleOn,
  type Qualification,
  qualify,
  type Silenced,
  silenced,
} from './eligibility.ts'
import { type Silence, type SilenceReason, silence } from './silence.ts'
import type { Site, World } from './world.ts'

/** `owner`: who answers instead of this node, where that is why it is silent. */
export type L2Plan = Readonly<{ announce: true; claims: readonly Claim[] }> | (Silence & Readonly<{ owner?: string }>)

/** What `node` of the site does for this Service on Layer 2, or why it does nothing. */
export function planL2(service: Service, endpoints: readonly Endpoint[], { world, node }: Site): L2Plan {
  const contest = openContest(service, endpoints, world)
  if (!contest.ok) return contest.silence
  const mine = contest.ads.filter(({ nodes }) => nodes.has(node))
  if (mine.length === 0) return silence('noMatchingAdvertisement', nobodySelects(node, service, contest))
  const owner = winnerOf(ballotOf(contest))
  if (owner !== node) {
    const why = silence('notOwner', somebodyElse(owner, node, contest))
    return owner === null ? why : { ...why, owner }
  }
  const interfaces = interfacesOf(mine)
  return { announce: true, claims: contest.ips.map((ip) => ({ ip, interfaces })) }
}

/** `order` is everybody who could answer, `owner` its first; both are empty where a rule above the election forbids all. */
export type Election = Readonly<{ owner: string | null; order: readonly string[] }>

/** Who answers for this Service, and who would follow. `planL2` on the owner, and on nobody else, announces. */
export function electL2(service: Service, endpoints: readonly Endpoint[], world: World): Election {
  const contest = openContest(service, endpoints, world)
  const order = contest.ok ? rankingOf(ballotOf(contest)) : []
  return { owner: order[0] ?? null, order }
}

/** What every node does for one Service on Layer 2: at most one announces, each other has its reason not to. */
export type L2Survey = Readonly<{
  announcer: Readonly<{ node: string; claims: readonly Claim[] }> | null
  reasonOf(node: string): SilenceReason
}>

/** `planL2` for all nodes at once, without its messages: the election is held once and not once for each node. */
export function surveyL2(service: Service, endpoints: readonly Endpoint[], world: World): L2Survey {
  const contest = openContest(service, endpoints, world)
  if (!contest.ok) return { announcer: null, reasonOf: () => contest.silence.reason }
  const { ads, ips } = contest
  const node = winnerOf(ballotOf(contest))
  const interfaces = interfacesOf(ads.filter(({ nodes }) => node !== null && nodes.has(node)))
  return {
    announcer: node === null ? null : { node, claims: ips.map((ip) => ({ ip, interfaces })) },
    reasonOf: (other) => (ads.some(({ nodes }) => nodes.has(other)) ? 'notOwner' : 'noMatchingAdvertisement'),
  }
}

/** A Service that nothing but the choice of the node keeps from being announced. */
type Contest = Qualification & Readonly<{ ok: true; ips: readonly string[]; ip: string; pool: string }>

/** The part of the decision that is the same on every node. */
function openContest(service: Service, endpoints: readonly Endpoint[], world: World): Contest | Silenced {
  const holding = holdingOf(service, world.model)
  if (!holding.ok) return holding
  const { ips, ip, pool } = holding
  if (!endpoints.some(({ canServe }) => canServe)) {
    return silenced('notOwner', `${service.key} has no endpoint that can serve, so no node answers for it`)
  }
  const ads = (world.model.l2ByPool.get(pool.name) ?? []).filter((ad) =>
    matchesAny(ad.serviceSelectors, service.labels),
  )
  const selective = ads.find(({ serviceSelectors }) => serviceSelectors.length > 0)
  if (selective && hasAnnotation(service, 'allow-shared-ip')) {
    return silenced('sharedIPWithServiceSelector', sharingForbidden(service, selective))
  }
  return { ok: true, ips: [...ips.keys()], ip, pool: pool.name, ...qualify(service, endpoints, { world, ads }) }
}

function ballotOf(contest: Contest): Ballot {
  return { candidates: candidatesOf(contest), ads: contest.ads, ip: contest.ip }
}

/** One advertisement without `interfaces` opens them all. */
function interfacesOf(ads: readonly L2Advertisement[]): Claim['interfaces'] {
  if (ads.some(({ interfaces }) => interfaces.length === 0)) return 'all'
  return [...new Set(ads.flatMap(({ interfaces }) => interfaces))].toSorted()
}

function sharingForbidden({ key }: Service, { name }: L2Advertisement): string {
  return (
    `${key} carries the annotation allow-shared-ip, but L2Advertisement ${name} has serviceSelectors, ` +
    'which could give one address to two nodes; remove one of them'
  )
}

function nobodySelects(node: string, { key }: Service, { ads, pool, world }: Contest): string {
  const names = list(ads.map(({ name }) => name))
  if (names !== '') return `no nodeSelectors of ${names} (L2Advertisements for ${key}) select node ${node}`
  const known = world.model.l2ByPool.get(pool) ?? []
  if (known.length === 0) return `no L2Advertisement selects pool ${pool}, whose address ${key} holds`
  return `no serviceSelectors of ${list(known.map(({ name }) => name))} (L2Advertisements of pool ${pool}) select ${key}`
}

function somebodyElse(owner: string | null, node: string, contest: Contest): string {
  if (owner === null) {
    const nodes = new Set(contest.ads.flatMap((ad) => [...ad.nodes]))
    const obstacles = [...nodes].toSorted().map((name) => `${name} ${obstacleOn(name, contest)}`)
    return `no node can answer for ${contest.ip}: ${list(obstacles)}`
  }
  const obstacle = obstacleOn(node, contest)
  return `node ${owner} answers for ${contest.ip}${obstacle === null ? '' : `; ${node} ${obstacle}`}`
}
