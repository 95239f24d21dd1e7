// SPDX-License-Identifier: Apache-2.0
import type { BfdPlan, Family, NeighborPlan, RouterPlan } from './router.ts'

/** What BIRD reads. Each neighbour is a protocol of its name; it takes any route and sends any. */
export function birdConfig({ asn, routerId, neighbors, extra = [] }: RouterPlan): string {
  return [
    'log stderr all;',
    `router id ${routerId};`,
    'debug protocols { states, events, packets };',
    'protocol device { scan time 1; }',
    ...(neighbors.some(({ bfd }) => bfd) ? ['protocol bfd { }'] : []),
    ...neighbors.flatMap((neighbor, index) => [
      `protocol bgp ${birdName(index)} {`,
      ...neighborLines(neighbor, asn).map((line) => `  ${line};`),
      ...neighbor.families.map((family) => `  ${channel(family, neighbor)}`),
      '}',
    ]),
    ...extra,
    '',
  ].join('\n')
}

/** The protocol of a neighbour, by its place in the plan. */
export function birdName(index: number): string {
  return `n${index}`
}

function neighborLines(neighbor: NeighborPlan, asn: number): string[] {
  const { address, localAddress, remoteAs, localAs, password, ttlSecurityHops, multihop } = neighbor
  const { isPassive, port, holdS, connectRetryS = 1, bfd } = neighbor
  return [
    `local ${localAddress} as ${localAs ?? asn}`,
    `neighbor ${address}${port === undefined ? '' : ` port ${port}`} as ${remoteAs}`,
    `connect delay time 1`,
    `connect retry time ${connectRetryS}`,
    'error wait time 1, 2',
    'graceful restart on',
    'allow bgp_local_pref on', // so that one which is sent to it by mistake is seen
    ...(password === undefined ? [] : [`password "${password}"`]),
    ...(multihop === undefined ? ['direct'] : [`multihop ${multihop}`]),
    ...(ttlSecurityHops === undefined ? [] : ['ttl security on']),
    ...(isPassive === true ? ['passive on'] : []),
    ...(holdS === undefined ? [] : [`hold time ${holdS}`]),
    ...(bfd === undefined ? [] : [bfdLine(bfd)]),
  ]
}

function bfdLine({ intervalMs, multiplier, isPassive = false }: BfdPlan): string {
  const every = `min rx interval ${intervalMs} ms; min tx interval ${intervalMs} ms; multiplier ${multiplier};`
  return `bfd { ${every} passive ${isPassive ? 'on' : 'off'}; }`
}

function channel(family: Family, { hasExtendedNextHop }: NeighborPlan): string {
  const extended = family === 'ipv4' && hasExtendedNextHop === true ? ' extended next hop on;' : ''
  return `${family} { import all; export all;${extended} };`
}
