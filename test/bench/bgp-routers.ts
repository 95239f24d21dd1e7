// SPDX-License-Identifier: Apache-2.0
/** The routers of the BGP benches that are not ours, and what all of them are told. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host, HostPlan } from '../../lab/host.ts'
import { Program } from '../../lab/program.ts'
import { until } from '../../lab/wait.ts'
import type { Peer } from './bgp-sender.ts'
import { birdStatics, mrtDump, PREFIXES } from './bgp-table.ts'
import { BirdControl } from './bird-control.ts'

const ROUTER_AS = 64_512
const ROUTER = '10.66.0.1'
export const SENDERS = ['ours', 'gobgp', 'bird'] as const
export type Sender = (typeof SENDERS)[number]
export const ADDRESSES: Readonly<Record<Sender, string>> = { ours: '10.66.0.2', gobgp: '10.66.0.3', bird: '10.66.0.4' }
const ASNS: Readonly<Record<Sender, number>> = { ours: 64_501, gobgp: 64_503, bird: 64_504 }
const BGP_PORT = 179
/** Of the router, for several sessions with one speaker. BIRD has one with each address and port of a neighbour. */
export const MORE_PORTS = [1791, 1792, 1793, 1794]
export const PATIENCE_MS = 60_000

export const PLANS: readonly HostPlan[] = ['router', ...SENDERS].map((name, at) => ({
  name,
  address: `10.66.0.${at + 1}`,
  mac: `02:00:00:66:00:0${at + 1}`,
  ownAddresses: [],
  routes: [],
  settings: {},
}))

/** What our speaker is told of the router. */
export function routerAs(name: string, port = BGP_PORT): Peer {
  return { name, to: { address: ROUTER, port }, localAsn: ASNS.ours, remoteAs: ROUTER_AS, routerId: 0x0a42_0002 }
}

/** Two BIRDs: the router, whose control is answered, and one that has the table and sends it. */
export async function startRouters(at: (host: string) => Host, directory: string): Promise<BirdControl> {
  const sender = await startBird(at('bird'), directory, senderConfig())
  sender.close()
  return await startBird(at('router'), directory, routerConfig())
}

async function startBird(host: Host, directory: string, config: string): Promise<BirdControl> {
  const path = (suffix: string): string => join(directory, `${host.name}.${suffix}`)
  writeFileSync(path('conf'), config)
  const command = ['env', 'TZ=UTC', 'bird', '-f', '-c', path('conf'), '-s', path('ctl'), '-P', path('pid')]
  const program = new Program({ name: host.name, command, host }, directory)
  await program.said('Started', PATIENCE_MS)
  return await BirdControl.open(path('ctl'))
}

function routerConfig(): string {
  const sessions = [
    ...SENDERS.map((sender) => ({ name: sender, port: BGP_PORT, sender })),
    ...MORE_PORTS.map((port) => ({ name: `more${port}`, port, sender: 'ours' as const })),
  ]
  return [
    ...birdHead(ROUTER),
    // A table for each: what one sends is not compared with what others do.
    ...sessions.map(({ name, port, sender }) =>
      [
        `ipv4 table t_${name};`,
        `protocol bgp s_${name} { local ${ROUTER} port ${port} as ${ROUTER_AS};`,
        `neighbor ${ADDRESSES[sender]} port ${port} as ${ASNS[sender]}; direct;`,
        `disabled; ${sender === 'gobgp' ? 'connect delay time 1; connect retry time 1;' : 'passive on;'}`,
        `error wait time 1, 1; ipv4 { table t_${name}; import all; export none; }; }`,
      ].join('\n'),
    ),
  ].join('\n')
}

function senderConfig(): string {
  return [
    ...birdHead(ADDRESSES.bird),
    birdStatics(),
    `protocol bgp s_router { local ${ADDRESSES.bird} as ${ASNS.bird}; neighbor ${ROUTER} as ${ROUTER_AS}; direct;`,
    'connect delay time 1; connect retry time 1; error wait time 1, 1; ipv4 { import none; export all; }; }',
    '',
  ].join('\n')
}

function birdHead(routerId: string): string[] {
  return ['log stderr all;', `router id ${routerId};`, 'timeformat protocol iso long ms;', 'protocol device { }']
}

/** With its table, before a session may begin. */
export async function startGobgp(host: Host, directory: string): Promise<void> {
  const [config, dump] = [join(directory, 'gobgpd.json'), join(directory, 'table.mrt')]
  const neighbor = {
    config: { 'neighbor-address': ROUTER, 'peer-as': ROUTER_AS },
    timers: { config: { 'idle-hold-time-after-reset': 1 } },
    transport: { config: { 'local-address': ADDRESSES.gobgp, 'passive-mode': true } },
    'afi-safis': [{ config: { 'afi-safi-name': 'ipv4-unicast' } }],
  }
  const global = { config: { as: ASNS.gobgp, 'router-id': ADDRESSES.gobgp } }
  writeFileSync(config, JSON.stringify({ global, neighbors: [neighbor] }))
  writeFileSync(dump, mrtDump())
  const flags = ['-f', config, '-t', 'json', '-l', 'error', '--pprof-disable', '--api-hosts', '127.0.0.1:50051']
  const program = new Program({ name: 'gobgpd', command: ['gobgpd', ...flags], host }, directory)
  const answers = async (): Promise<true | undefined> =>
    await host.run(['gobgp', 'global']).then(
      () => true,
      () => undefined,
    )
  await until(answers, () => `gobgpd does not answer: ${program.describe()}`, PATIENCE_MS)
  await host.run(['gobgp', 'mrt', 'inject', 'global', dump])
  const summary = await host.run(['gobgp', 'global', 'rib', 'summary'])
  if (!summary.includes(`Path: ${PREFIXES}`)) throw new Error(`gobgpd has not got the whole table: ${summary}`)
}
