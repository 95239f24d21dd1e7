// SPDX-License-Identifier: Apache-2.0
/** Sessions of our speaker as it tells of them itself, and as FRR and BIRD see them; and ways to break what is between. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import { join } from 'node:path'
import { run } from '../../lab/command.ts'
import type { Host } from '../../lab/host.ts'
import type { Program } from '../../lab/program.ts'
import { Frr } from '../../lab/routers/frr.ts'
import type { Router } from '../../lab/routers/router.ts'
import { sandboxDirectory } from '../../lab/sandbox.ts'
import { type BgpScene, eventually } from './bgp-scene.ts'

/** A peer in our speaker's document `peers`, as far as the cases look at it. */
export type OurPeer = Readonly<{
  name: string
  state: string
  withheld: Readonly<{ reason: string }> | null
  flaps: number
  bfd: OurBfd | null
}>

export type OurBfd = Readonly<{
  state: string
  intervalMs: number
  detectMs: number
  link: string | null
  address: string
  upEvents: number
  downEvents: number
  echo: Readonly<{ intervalMs: number; detectMs: number }> | null
  lastDown: Readonly<{ why: string }> | null
  counters: Readonly<{ controlIn: number; controlOut: number; echoIn: number; echoOut: number; looped: number }>
}>

export type OurPeers = Readonly<{
  peers: readonly OurPeer[]
  bfd: readonly (OurBfd & { peers: readonly string[] })[]
  bfdDropped: Readonly<Record<string, number>>
}>

/** A line of our log; times are of the wall clock, as those of routers are. */
export type Said = Readonly<{ atMs: number; msg: string; event?: string; name?: string; peers?: readonly string[] }>

/** A router's side of a BFD session. `id` is another one in another session of the same peer. */
export type TheirBfd = Readonly<{ isUp: boolean; text: string }>

/** What the speaker on this host answers on its local socket. */
export async function ourPeers(hostName: string): Promise<OurPeers> {
  const socketPath = join(sandboxDirectory() ?? '', `run-${hostName}`, 'speaker.sock')
  const request = get({ socketPath, path: '/api/v1/peers' })
  const [response] = await once(request, 'response')
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return JSON.parse(body)
}

export async function ourPeer(hostName: string, name: string): Promise<OurPeer> {
  const { peers } = await ourPeers(hostName)
  const found = peers.find((one) => one.name === name)
  assert(found, `the speaker on ${hostName} knows no peer ${name}`)
  return found
}

/** Waits until the speaker tells this of its peer; resolves to that. */
export async function ourPeerIs(
  { host, name, says }: Readonly<{ host: string; name: string; says: () => string }>,
  isSo: (peer: OurPeer) => boolean,
): Promise<OurPeer> {
  let seen: unknown
  const probe = async (): Promise<OurPeer | undefined> => {
    const { peers } = await ourPeers(host)
    const peer = peers.find((one) => one.name === name)
    seen = peer
    return peer && isSo(peer) ? peer : undefined
  }
  return await eventually(probe, () => `${name} is ${JSON.stringify(seen)}. ${says()}`)
}

export function isUp({ state, bfd }: OurPeer): boolean {
  return state === 'Established' && bfd?.state === 'Up'
}

/** All that our speaker has said of this peer: of its BGP session, and of BFD with it. */
export function saidOf(scene: BgpScene, speaker: Program, peer: string): Said[] {
  const lines = scene.logOf(speaker).split('\n')
  return lines.flatMap((line) => {
    if (!line.includes(`"${peer}"`)) return []
    const { ts, ...said }: Omit<Said, 'atMs'> & { ts: string } = JSON.parse(line)
    return said.name === peer || said.peers?.includes(peer) ? [{ ...said, atMs: Date.parse(ts) }] : []
  })
}

/** The first that it says of an event since a moment. */
export async function saidSince(told: () => readonly Said[], event: string, sinceMs: number): Promise<Said> {
  const probe = async () => told().find((said) => said.event === event && said.atMs >= sinceMs)
  return await eventually(probe, () => `no ${event} in ${JSON.stringify(told(), null, 1)}`)
}

/** What the router tells of BFD with this address. */
export async function theirBfd(router: Router, address: string): Promise<TheirBfd> {
  if (router instanceof Frr) {
    const sessions: readonly { peer: string; status: string }[] = JSON.parse(
      await router.ask('bfdd', 'show bfd peers json'),
    )
    const found = sessions.find(({ peer }) => peer === address)
    return { isUp: found?.status === 'up', text: JSON.stringify(found) }
  }
  const lines = (await router.command('show bfd sessions')).split('\n')
  const found = lines.find((line) => line.startsWith(`${address} `)) ?? ''
  return { isUp: / Up /.test(found), text: found }
}

/** Metrics of a speaker with `--port 7472`, as its neighbours read them. */
export async function metricsOf(host: Host, address: string): Promise<string> {
  const program = `console.log(await (await fetch('http://${address}:7472/metrics')).text())`
  return await host.run([process.execPath, '--input-type=module', '-e', program])
}

/** Drops what matches, in the router's host: `input udp dport 3784`, `output udp dport 3785`. */
export async function drop(router: Router, ...rules: readonly string[]): Promise<void> {
  const chains = rules.map((rule, index) => {
    const [, hook = '', match = ''] = /^(input|output|forward) (.*)$/.exec(rule) ?? []
    return `chain c${index} { type filter hook ${hook} priority 0; policy accept; ${match} drop; }`
  })
  await router.host.run(['nft', '-f', '-'], `table inet broken {\n${chains.join('\n')}\n}\n`)
}

export async function undrop(router: Router): Promise<void> {
  await router.host.run(['nft', 'delete', 'table', 'inet', 'broken'])
}

/** Pulls a host's cable, or plugs it in; the moment right before. */
export async function setCable(name: string, state: 'up' | 'down'): Promise<number> {
  const atMs = Date.now()
  await run(['ip', 'link', 'set', name, state])
  return atMs
}
