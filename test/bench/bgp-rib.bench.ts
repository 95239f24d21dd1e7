// SPDX-License-Identifier: Apache-2.0
/** What the Rib costs: memory of a Service, and the time of a changed one among few and among many. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Rib } from '../../src/bgp/rib.ts'
import type { PeerRoute } from '../../src/bgp/rib-offers.ts'
import { EGRESS, routeTo } from '../../src/bgp/rib-sample.ts'
import { type Figure, median } from './figure.ts'

const PEERS = ['tor-1', 'tor-2', 'tor-3', 'tor-4']
const KEPT = 2000
const [FEW, MANY] = [10, 10_000]
const CHANGES = 1000
const ROUNDS = 9

export function bench(): Promise<readonly Figure[]> {
  const bytes = median(Array.from({ length: 3 }, bytesOfOne))
  const rounds = Array.from({ length: ROUNDS }, () => [changeMs(FEW), changeMs(MANY)] as const)
  const [few, many] = [0, 1].map((column) => median(rounds.map((round) => round[column] ?? Number.NaN)))
  const name = `BGP: one changed Service, ${PEERS.length} peers`
  return Promise.resolve([
    { name: `BGP: routes of one of 2,000 Services, ${PEERS.length} peers`, value: bytes, unit: 'bytes', bound: 1500 },
    { name: `${name}, among 10,000`, value: many ?? Number.NaN, unit: 'ms', bound: 0.1 },
    {
      name: `${name}, among 10,000 against among 10`,
      value: (many ?? Number.NaN) / (few ?? Number.NaN),
      unit: '',
      bound: 2.5,
    },
  ])
}

/** All four peers know all Services. */
function filled(services: number): Rib {
  const rib = new Rib()
  for (const peer of PEERS) rib.establish(peer, EGRESS)
  for (let service = 0; service < services; service++) rib.set(nameOf(service), routesOf(service, 0))
  sendAll(rib)
  return rib
}

function sendAll(rib: Rib): void {
  for (const peer of PEERS) for (const _ of rib.updates(peer));
}

function nameOf(service: number): string {
  return `team-${service % 50}/service-number-${service}`
}

function routesOf(service: number, version: number): readonly PeerRoute[] {
  const prefix = `10.${(service >> 16) & 255}.${(service >> 8) & 255}.${service & 255}/32`
  const route = routeTo(prefix, { communities: [0xfde8_0001, 0xfde8_0100 + version] })
  return PEERS.map((peer) => ({ peer, route }))
}

/** The mean over many changes: each gives another Service other communities, and the next one gives them back. */
function changeMs(services: number): number {
  const rib = filled(services)
  const changes = Array.from({ length: CHANGES }, (_, at) => {
    const service = Math.floor(at / 2) % services
    return [nameOf(service), routesOf(service, (at + 1) % 2)] as const
  })
  const beganMs = cpuMs()
  for (const [name, routes] of changes) {
    rib.set(name, routes)
    sendAll(rib)
  }
  return (cpuMs() - beganMs) / CHANGES
}

/** Of this thread, so that neighbours do not count. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

function bytesOfOne(): number {
  filled(KEPT) // what is compiled stays, and does not count
  const before = heapBytes()
  const rib = filled(KEPT)
  const bytes = heapBytes() - before
  if (rib.counts(PEERS[0] ?? '').sent !== KEPT) throw new Error('the Rib has not told all')
  return bytes / KEPT
}

function heapBytes(): number {
  for (let time = 0; time < 3; time++) collect()
  return process.memoryUsage().heapUsed
}
