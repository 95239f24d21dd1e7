// SPDX-License-Identifier: Apache-2.0
/** What routers show, and what the speakers say of them. Each question waits until its answer is there; see observe.ts. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from './backends.ts'
import { run } from './command.ts'
import type { SeenRoute } from './routers/router.ts'
import { METALLB, runDirectory, type Stage } from './stage.ts'
import { OWN_AS } from './uplink-plans.ts'
import type { Uplink } from './uplinks.ts'
import { type Otherwise, until } from './wait.ts'

/** A session may have to be dialled twice, and the machine may be busy. */
const PATIENCE_MS = 10_000
/** A question to a router costs a process. */
const PAUSE_MS = 50

/** What a speaker says of a router. */
export type PeerState = Readonly<{ state: string; bfd: string; why: string }>

/** Waits until the router has a session with every node, and BFD is up beside each. */
export async function sessionsUp({ nodes, speakers }: Stage, uplink: Uplink): Promise<void> {
  let last = ''
  const isSo = async (): Promise<true | undefined> => {
    const bfd = await uplink.bfdPeers()
    const states = await Promise.all(
      nodes.map(async ({ name, plan }) => {
        const { isUp, state } = await uplink.router.session(plan.address)
        return { isUp: isUp && bfd.includes(plan.address), text: `${name} ${state}` }
      }),
    )
    last = `${states.map(({ text }) => text).join(', ')}; BFD is up with ${bfd.join(', ') || 'nobody'}`
    return states.every(({ isUp }) => isUp) ? true : undefined
  }
  const looks = () =>
    [uplink.router, ...speakers].map((one) => one.describe().replaceAll(/\n */g, '\n    ')).join('\n    ')
  await slowly(
    isSo,
    () => `${uplink.name} should have sessions with all nodes, and shows: ${last}. Look at\n    ${looks()}`,
  )
}

/** The router's paths to a prefix, once they are as expected. */
export async function pathsAt(
  uplink: Uplink,
  prefix: string,
  expected: (paths: readonly SeenRoute[]) => boolean,
): Promise<readonly SeenRoute[]> {
  let last = ''
  return await slowly(
    async () => {
      const paths = (await uplink.router.routes()).filter((route) => route.prefix === prefix)
      last = paths.map((path) => `from ${path.peer} ${describePath(uplink, path)}`).join('; ')
      return expected(paths) ? paths : undefined
    },
    () =>
      `${uplink.name} shows ${prefix} otherwise than it should: ${last || 'not at all'}. ${uplink.router.describe()}`,
  )
}

/** As the router shows it: `AS path 64500, med 50, communities 64500:100`. */
export function describePath({ plan }: Uplink, { asPath, med, localPref, communities }: SeenRoute): string {
  // It is not on the wire between two ASs: a router of another one shows what it has made of the rest.
  const maker = plan.asn === OWN_AS ? '' : ' of its own'

  return [
    asPath.length === 0 ? 'empty AS path' : `AS path ${asPath.join(' ')}`,
    ...(med === null ? [] : [`med ${med}`]),
    ...(localPref === null ? [] : [`localPref ${localPref}${maker}`]),
    communities.length === 0 ? 'no community' : `communities ${communities.join(' ')}`,
  ].join(', ')
}

/** Waits until the router's kernel forwards a prefix to so many next hops. */
export async function forwarding(uplink: Uplink, prefix: string, count: number): Promise<void> {
  let last: readonly string[] = []
  await slowly(
    async () => {
      last = await uplink.nextHops(prefix)
      return last.length === count ? true : undefined
    },
    () =>
      `The kernel of ${uplink.name} has ${last.length} next hops to ${prefix}, not ${count}. ${uplink.router.describe()}`,
  )
}

/** What the speaker of a node says of a router, once it is as expected. */
export async function peerOf(
  { manifests }: Stage,
  [node, router]: readonly [string, string],
  expected: (peer: PeerState) => boolean,
): Promise<PeerState> {
  let last = ''
  const command = [METALLB, 'peers', router, '-o', 'json', '--run-dir', runDirectory(manifests, node)]
  return await slowly(
    async () => {
      const peer = peerIn(await run(command))
      last = peer ? `${peer.state}, BFD ${peer.bfd}` : 'nothing'
      return peer && expected(peer) ? peer : undefined
    },
    () => `The speaker of ${node} should know by now what became of ${router}, and says: ${last}.`,
  )
}

function peerIn(text: string): PeerState | undefined {
  type Peer = { state: string; bfd: { state: string } | null; lastError: { why: string } | null }
  const { peers = [] }: { peers?: Peer[] } = JSON.parse(text)
  const [peer] = peers
  return peer && { state: peer.state, bfd: peer.bfd?.state ?? 'none', why: peer.lastError?.why ?? '' }
}

/** The node that a request came in by: Pods of other nodes see that node's address, Pods of its own the client's. */
export function entranceOf({ nodes }: Stage, { client, node }: Page): string {
  return nodes.find(({ plan }) => plan.address === client)?.name ?? node
}

/** The router that the client would send a packet for this address to. */
export async function gatewayOf({ client, uplinks }: Stage, address: string): Promise<string> {
  const routes: { gateway?: string }[] = JSON.parse(await client.run(['ip', '-j', 'route', 'get', address]))
  return uplinks.find(({ plan }) => plan.cable?.router === routes[0]?.gateway)?.name ?? 'nobody'
}

async function slowly<T>(probe: () => Promise<T | undefined>, otherwise: Otherwise): Promise<T> {
  const unhurried = async (): Promise<T | undefined> => {
    const answer = await probe()
    if (answer === undefined) await sleep(PAUSE_MS)
    return answer
  }
  return await until(unhurried, otherwise, PATIENCE_MS)
}
