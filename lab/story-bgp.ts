// SPDX-License-Identifier: Apache-2.0
/** The demo's second act: routers of others. What it prints of them is what they show themselves. */
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { apply } from './manifests.ts'
import { addressOf, pageAt } from './observe.ts'
import { describePath, entranceOf, forwarding, gatewayOf, pathsAt, sessionsUp } from './observe-routers.ts'
import type { Step, Tell } from './play.ts'
import { ADDRESS, keepsPromise, PAGE, PREFIX } from './promised-routes.ts'
import type { SeenRoute } from './routers/router.ts'
import { ROUTERS, reviveSpeakers, type Stage } from './stage.ts'
import { bringBack, killRouter, leavePolitely } from './story-bgp-changes.ts'
import { startUplinks } from './uplinks.ts'
import { notObserved } from './wait.ts'

const APPLIED =
  'applied: examples/bgp-multi-router: production-pool, three BGPPeers with BFD, an advertisement for each, critical-service'
/** The chance that one of three nodes is in none of so many is below one in a thousand million. */
const MOST_REQUESTS = 60

export const BGP_STORY: readonly Step<Stage>[] = [
  { name: 'routers get sessions', play: startRouters },
  { name: 'each router is told its own', play: compareRouters },
  { name: 'requests spread over the nodes', play: spreadRequests },
  { name: 'a router dies, another carries', play: killRouter },
  { name: 'it comes back with all routes', play: bringBack },
  { name: 'a speaker leaves politely', play: leavePolitely },
]

async function startRouters(stage: Stage, tell: Tell): Promise<string> {
  const { uplinks, client, nodes } = stage
  const [revived] = await Promise.all([reviveSpeakers(stage), startUplinks(uplinks, client)])
  for (const uplink of uplinks) {
    const { name, plan } = uplink
    const way = plan.cable ? ', with a cable to the client' : ''
    tell(`${name}: ${await uplink.version()}, AS ${plan.asn}, ${plan.address}${way}`)
  }
  if (revived.length > 0) tell(`started again: the speaker of ${revived.join(', ')}`)
  tell(APPLIED)
  for (const file of globSync('*.yaml', { cwd: ROUTERS }).toSorted()) apply(join(ROUTERS, file), stage.manifests)
  await Promise.all(uplinks.map((uplink) => sessionsUp(stage, uplink)))
  const names = nodes.map(({ name }) => name).join(', ')
  for (const { name } of uplinks) tell(`${name}: BGP is Established and BFD is Up with ${names}`)
  return `${uplinks.length * nodes.length} sessions, and BFD beside each`
}

async function compareRouters(stage: Stage, tell: Tell): Promise<string> {
  const address = await addressOf(stage, 'critical-service')
  tell(`controller: default/critical-service has EXTERNAL-IP ${address}`)
  if (address !== ADDRESS) throw notObserved(`The first address of the pool is ${ADDRESS}, not ${address}.`)
  const seen: SeenRoute[] = []
  for (const uplink of stage.uplinks) {
    const paths = await pathsAt(uplink, PREFIX, (found) => keepsPromise(stage, uplink, found))
    const [first] = paths
    assert(first)
    tell(`${uplink.name}: ${PREFIX} from ${paths.length} nodes, ${describePath(uplink, first)}`)
    seen.push(first)
  }
  const [plain, second, inner] = seen
  const longer = (second?.asPath.length ?? 0) - (plain?.asPath.length ?? 0)
  return `router-2 has an AS path longer by ${longer} and med ${second?.med}, router-3 localPref ${inner?.localPref}`
}

async function spreadRequests(stage: Stage, tell: Tell): Promise<string> {
  const [first] = stage.uplinks
  assert(first)
  await forwarding(first, PREFIX, stage.nodes.length)
  const hops = await first.nextHops(PREFIX)
  tell(`${first.name}: its kernel sends packets for ${PREFIX} to ${hops.toSorted().join(', ')}`)
  const gateway = await gatewayOf(stage, ADDRESS)
  const counts = new Map(stage.nodes.map(({ name }) => [name, 0]))
  const seen = () => [...counts].map(([name, count]) => `${name} ${count}`).join(', ')
  let asked = 0
  for (; [...counts.values()].includes(0) || asked < 12; asked++) {
    if (asked === MOST_REQUESTS) throw notObserved(`${asked} requests do not meet all nodes: ${seen()}.`)
    const entrance = entranceOf(stage, await pageAt(stage, `${ADDRESS}:80`))
    counts.set(entrance, (counts.get(entrance) ?? 0) + 1)
  }
  tell(`client: ${asked} times GET ${PAGE} by ${gateway}, which gave them to ${seen()}`)
  return `${asked} requests by ${gateway}: ${seen()}`
}
