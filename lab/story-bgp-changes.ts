// SPDX-License-Identifier: Apache-2.0
/** The second half of the second act: a router dies and comes back, and a speaker leaves, while a client asks on and on. */
import assert from 'node:assert/strict'
import { describePath, forwarding, gatewayOf, type PeerState, pathsAt, peerOf } from './observe-routers.ts'
import type { Tell } from './play.ts'
import { ADDRESS, keepsPromise, PAGE, PREFIX } from './promised-routes.ts'
import type { SeenRoute } from './routers/router.ts'
import type { Stage } from './stage.ts'
import { OWN_AS } from './uplink-plans.ts'
import type { Uplink } from './uplinks.ts'
import { describeVisits, noneLost, Visits } from './visits.ts'
import { notObserved, until } from './wait.ts'

/** RFC 8326. */
const GRACEFUL_SHUTDOWN = '65535:0'
/** More would be no detour but an outage. */
const MOST_GAP_MS = 2000

export async function killRouter(stage: Stage, tell: Tell): Promise<string> {
  const { uplinks, client, nodes } = stage
  const [first, second] = uplinks
  assert(first && second)
  const visits = new Visits(client, PAGE)
  await visits.start()
  await first.cutOff()
  tell(`killed: ${first.name}, all processes by SIGKILL, and its cables are dark`)
  await until(
    async () => ((await gatewayOf(stage, ADDRESS)) === second.name ? true : undefined),
    () => `The client should go by ${second.name} now. ${second.router.describe()}`,
  )
  await visits.answered(10)
  const outcome = await visits.stop()
  tell(
    `client: goes on by ${second.name}; ${describeVisits(outcome)}, longest time without an answer ${outcome.gapMs} ms`,
  )
  if (outcome.gapMs > MOST_GAP_MS) throw notObserved(`The client had no answer for ${outcome.gapMs} ms.`)
  const views = await Promise.all(nodes.map(({ name }) => peerOf(stage, [name, first.name], isGone)))
  for (const [index, { state, bfd, why }] of views.entries())
    tell(`${nodes[index]?.name}: ${first.name} is ${state}, BFD ${bfd}; ${why}`)
  return `${second.name} carries; no answer for ${outcome.gapMs} ms at most`
}

export async function bringBack(stage: Stage, tell: Tell): Promise<string> {
  const { uplinks, client, nodes } = stage
  const [first] = uplinks
  assert(first)
  const visits = new Visits(client, PAGE)
  await visits.start()
  const startMs = performance.now()
  await first.restart()
  const readyMs = performance.now()
  tell(`${first.name}: starts again, knows nothing, and keeps its port to the client closed`)
  const paths = await pathsAt(first, PREFIX, (found) => keepsPromise(stage, first, found))
  await forwarding(first, PREFIX, nodes.length)
  const ms = Math.round(performance.now() - readyMs)
  tell(`${first.name}: after ${ms} ms has ${PREFIX} from ${paths.length} nodes again, and opens the port`)
  await first.openPort()
  await until(
    async () => ((await gatewayOf(stage, ADDRESS)) === first.name ? true : undefined),
    () => `The client should go by ${first.name} again. ${first.router.describe()}`,
  )
  await visits.answered(10)
  const outcome = await visits.stop()
  tell(`client: goes by ${first.name} again; ${describeVisits(outcome)}`)
  noneLost(outcome, `while ${first.name} came back`)
  return `${paths.length} paths, ${Math.round(readyMs - startMs)} + ${ms} ms after its start; ${describeVisits(outcome)}`
}

export async function leavePolitely(stage: Stage, tell: Tell): Promise<string> {
  const { uplinks, client, nodes, speakers } = stage
  const [node, speaker, first] = [nodes[0], speakers[0], uplinks[0]]
  assert(node && speaker && first)
  const visits = new Visits(client, PAGE)
  await visits.start()
  speaker.signal('SIGTERM')
  tell(`stopped: the speaker of ${node.name}, by SIGTERM`)
  const own = (paths: readonly SeenRoute[]) => paths.filter(({ peer }) => peer === node.plan.address)
  await Promise.all(
    uplinks.map(async (uplink) => {
      const isLast = isLastResort(uplink)
      const path = own(await pathsAt(uplink, PREFIX, (paths) => own(paths).some(isLast))).find(isLast)
      assert(path)
      tell(`${uplink.name}: ${PREFIX} from ${node.name} now with ${describePath(uplink, path)}`)
      const left = await pathsAt(uplink, PREFIX, (paths) => own(paths).length === 0)
      tell(`${uplink.name}: withdrawn; ${left.length} paths are left`)
    }),
  )
  await forwarding(first, PREFIX, nodes.length - 1)
  const status = await speaker.ended()
  await visits.answered(10)
  const outcome = await visits.stop()
  tell(`client: ${describeVisits(outcome)}`)
  noneLost(outcome, `while the speaker of ${node.name} left`)
  if (status !== 0) throw notObserved(`The speaker of ${node.name} ended with ${status}. ${speaker.describe()}`)
  return `${GRACEFUL_SHUTDOWN} first, then withdrawn; ${describeVisits(outcome)}`
}

function isGone({ state, bfd }: PeerState): boolean {
  return state !== 'Established' && bfd !== 'Up'
}

/** RFC 8326: the community, and inside of the AS, where a localPref is on the wire, the lowest that there is. */
function isLastResort({ plan }: Uplink): (path: SeenRoute) => boolean {
  return ({ communities, localPref }) =>
    communities.includes(GRACEFUL_SHUTDOWN) && (plan.asn !== OWN_AS || localPref === 0)
}
