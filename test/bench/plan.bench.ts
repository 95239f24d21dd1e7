// SPDX-License-Identifier: Apache-2.0
/** What a turn of the speaker's loop costs: both protocols planned, for one node, all Services or a single one. */
import { performance } from 'node:perf_hooks'
import type { Endpoint } from '../../src/model/endpoint.ts'
import type { Service } from '../../src/model/service.ts'
import { planBgp } from '../../src/plan/bgp.ts'
import { planL2 } from '../../src/plan/l2.ts'
import { bgpAd, community, l2Ad, node, peer, ready, service, world } from '../../src/plan/sample-world.ts'
import type { Site } from '../../src/plan/world.ts'
import { type Figure, median } from './figure.ts'

type Asked = Readonly<{ service: Service; endpoints: readonly Endpoint[] }>

const SERVICES = 10_000
const RUNS = 5
const CHANGES = 1000

/** Milliseconds for 10,000 Services on 3, 10 and 100 nodes, and for one changed Service among them. */
export async function bench(): Promise<Figure[]> {
  return [
    planned(3, 300),
    planned(10, 300),
    planned(100, null),
    { name: 'plan: one changed Service, 10 nodes', value: oneChanged(10), unit: 'ms', bound: 0.1 },
  ]
}

function planned(nodes: number, bound: number | null): Figure {
  const site = siteOf(nodes)
  const all = askedOf(site)
  const value = middle(() => timed(() => all.forEach((asked) => plan(asked, site))))
  return {
    name: `plan: ${SERVICES.toLocaleString('en-US')} Services, both protocols, ${nodes} nodes`,
    value,
    unit: 'ms',
    bound,
  }
}

/** The mean over many changes, each of another Service that lost an endpoint. */
function oneChanged(nodes: number): number {
  const site = siteOf(nodes)
  const changed = askedOf(site)
    .slice(0, CHANGES)
    .map((asked) => ({ ...asked, endpoints: asked.endpoints.slice(1) }))
  return middle(() => timed(() => changed.forEach((asked) => plan(asked, site))) / CHANGES)
}

function plan({ service: asked, endpoints }: Asked, site: Site): void {
  planL2(asked, endpoints, site)
  planBgp(asked, endpoints, site)
}

/** Two advertisements of each sort and two routers, as a cluster with both protocols has them. */
function siteOf(count: number): Site {
  const names = Array.from({ length: count }, (_, at) => `worker-${at}.example.org`)
  const sketch = {
    nodes: names.map((name) => node(name)),
    l2: [l2Ad(names), l2Ad(names, { scores: new Map(names.map((name, at) => [name, at % 2])) })],
    bgp: [bgpAd(names, { communities: [community('65000:2'), community('65000:1')] }), bgpAd(names)],
    peers: [peer('tor-1', names), peer('tor-2', names)],
  }
  return { world: world(sketch), node: 'worker-0.example.org' }
}

function askedOf({ world: { speakers } }: Site): Asked[] {
  const endpoints = [...speakers].slice(0, 3).map(ready)
  return Array.from({ length: SERVICES }, (_, at) => {
    const name = `web-${at}`
    const ips = [`10.0.${at >> 8}.${at & 255}`]
    const externalTrafficPolicy = at % 4 === 0 ? 'Local' : 'Cluster'
    return { service: service({ name, key: `default/${name}`, ips, externalTrafficPolicy }), endpoints }
  })
}

function timed(work: () => void): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

function middle(measure: () => number): number {
  return median(Array.from({ length: RUNS }, measure))
}
