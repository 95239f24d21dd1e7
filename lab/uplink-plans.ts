// SPDX-License-Identifier: Apache-2.0
/** The routers of the demo: two of another AS, between the nodes and the client, and one inside of the cluster's AS. */
import type { HostPlan } from './host.ts'
import type { NeighborPlan, RouterPlan } from './routers/router.ts'

/** FRR and BIRD forward what they are told; the others of lab/routers/ only look. */
export const UPLINK_KINDS = ['frr', 'bird'] as const
export type UplinkKind = (typeof UPLINK_KINDS)[number]

/** A cable of its own between router and client, with an address at each end. Of two, the client takes the lower metric. */
type Cable = Readonly<{ router: string; client: string; range: string; metric: number }>

export type UplinkPlan = Readonly<{
  name: string
  address: string
  asn: number
  /** Null: it carries nothing for the client. */
  cable: Cable | null
  password?: string
}>

/** The cluster's. */
export const OWN_AS = 64_500

export const UPLINK_PLANS: readonly UplinkPlan[] = [
  { name: 'router-1', address: '192.168.1.1', asn: 64_501, cable: cable(1) },
  { name: 'router-2', address: '192.168.1.2', asn: 64_501, cable: cable(2) },
  { name: 'router-3', address: '192.168.1.3', asn: OWN_AS, cable: null, password: 'bgp-shared-secret' },
]

function cable(number: number): Cable {
  return {
    router: `10.9.${number}.1`,
    client: `10.9.${number}.2`,
    range: `10.9.${number}.0/24`,
    metric: number * 10,
  }
}

/** The machine of a router, on the switch. */
export function uplinkHost({ name, address }: UplinkPlan): HostPlan {
  return {
    name,
    address,
    mac: `02:00:00:00:02:0${address.slice(-1)}`,
    ownAddresses: [],
    routes: [],
    settings: {
      ip_forward: 1,
      fib_multipath_hash_policy: 1, // each connection may take another way
      'conf/all/send_redirects': 0,
      'conf/eth0/send_redirects': 0,
    },
  }
}

/** What it is told: a neighbour on each node, BFD with all of them, and equal paths side by side in its kernel. */
export function routerPlan(kind: UplinkKind, plan: UplinkPlan, nodes: readonly HostPlan[]): RouterPlan {
  const addresses = nodes.map(({ address }) => address)
  return {
    asn: plan.asn,
    routerId: plan.address,
    neighbors: addresses.map((address) => neighbor(plan, address)),
    extra: kind === 'frr' ? frrExtra(addresses) : birdExtra(addresses),
  }
}

function neighbor({ address: localAddress, password }: UplinkPlan, address: string): NeighborPlan {
  const secret = password === undefined ? {} : { password }
  return { address, localAddress, remoteAs: OWN_AS, families: ['ipv4'], ...secret }
}

function frrExtra(addresses: readonly string[]): string[] {
  return [
    ...addresses.map((address) => ` neighbor ${address} bfd`),
    ' address-family ipv4 unicast',
    '  maximum-paths 8',
    '  maximum-paths ibgp 8',
    ' exit-address-family',
  ]
}

function birdExtra(addresses: readonly string[]): string[] {
  return [
    'protocol kernel { merge paths on limit 8; ipv4 { export all; import none; }; }',
    'protocol bfd {',
    '  interface "eth0" { interval 300 ms; multiplier 3; };',
    ...addresses.map((address) => `  neighbor ${address} dev "eth0";`),
    '}',
  ]
}
