// SPDX-License-Identifier: Apache-2.0
import type { BfdPlan, Family, NeighborPlan, RouterPlan } from './router.ts'

const FAMILIES: readonly Family[] = ['ipv4', 'ipv6']

/** What bgpd reads. It takes any route and sends any, as its neighbours in the lab would have it. */
export function frrConfig({ asn, routerId, neighbors, extra = [] }: RouterPlan): string {
  return [
    'hostname router',
    'log timestamp precision 3',
    'debug bgp neighbor-events',
    `router bgp ${asn}`,
    ` bgp router-id ${routerId}`,
    ' no bgp ebgp-requires-policy',
    ' no bgp default ipv4-unicast',
    ' no bgp suppress-duplicates',
    ...neighbors.flatMap((neighbor) => neighborLines(neighbor).map((line) => ` neighbor ${neighbor.address} ${line}`)),
    ...FAMILIES.flatMap((family) => familyLines(family, neighbors)),
    ...extra,
    '',
  ].join('\n')
}

function neighborLines(neighbor: NeighborPlan): string[] {
  const { address, remoteAs, localAs, localAddress, password, ttlSecurityHops, multihop, isPassive, port } = neighbor
  const { holdS, connectRetryS = 1, hasExtendedNextHop, bfd } = neighbor
  return [
    `remote-as ${remoteAs}`,
    `update-source ${localAddress}`,
    `timers connect ${connectRetryS}`,
    ...(localAs === undefined ? [] : [`local-as ${localAs} no-prepend replace-as`]),
    ...(password === undefined ? [] : [`password ${password}`]),
    ...(ttlSecurityHops === undefined ? [] : [`ttl-security hops ${ttlSecurityHops}`]),
    ...(multihop === undefined ? [] : [`ebgp-multihop ${multihop}`]),
    ...(isPassive === true ? ['passive'] : []),
    ...(port === undefined ? [] : [`port ${port}`]),
    ...(holdS === undefined ? [] : [`timers ${Math.max(1, Math.floor(holdS / 3))} ${holdS}`]),
    ...(hasExtendedNextHop === true ? ['capability extended-nexthop'] : []),
    ...(bfd === undefined ? [] : [`bfd profile ${profileOf(address)}`]),
  ]
}

/** What bfdd reads: a profile for each neighbour that has BFD. */
export function frrBfdConfig({ neighbors }: RouterPlan): string {
  const profiles = neighbors.flatMap(({ address, bfd }) =>
    bfd === undefined ? [] : [` profile ${profileOf(address)}`, ...bfdLines(bfd).map((line) => `  ${line}`), ' exit'],
  )
  return ['log timestamp precision 3', 'debug bfd peer', 'bfd', ...profiles, 'exit', ''].join('\n')
}

/** The name of what FRR is told of BFD with a neighbour. */
export function profileOf(address: string): string {
  return `with-${address}`
}

function bfdLines({ intervalMs, multiplier, isPassive = false, echoMs, minimumTtl }: BfdPlan): string[] {
  return [
    `transmit-interval ${intervalMs}`,
    `receive-interval ${intervalMs}`,
    `detect-multiplier ${multiplier}`,
    ...(isPassive ? ['passive-mode'] : []),
    ...(echoMs === undefined
      ? []
      : ['echo-mode', `echo transmit-interval ${echoMs}`, `echo receive-interval ${echoMs}`]),
    ...(minimumTtl === undefined ? [] : [`minimum-ttl ${minimumTtl}`]),
  ]
}

function familyLines(family: Family, neighbors: readonly NeighborPlan[]): string[] {
  const active = neighbors.filter(({ families }) => families.includes(family))
  return [
    ` address-family ${family} unicast`,
    ...active.map(({ address }) => `  neighbor ${address} activate`),
    ' exit-address-family',
  ]
}
