// SPDX-License-Identifier: Apache-2.0
import type { NeighborPlan, RouterPlan } from './router.ts'

/** What ExaBGP reads. All that it hears goes to the program `script`, which may also tell it what to do. */
export function exabgpConfig({ asn, routerId, neighbors, extra = [] }: RouterPlan, script: string): string {
  return [
    `process tell { run /bin/sh ${script}; encoder json; }`,
    ...neighbors.flatMap((neighbor) => [
      `neighbor ${neighbor.address} {`,
      ...neighborLines(neighbor, { asn, routerId }).map((line) => `  ${line}`),
      '}',
    ]),
    ...extra,
    '',
  ].join('\n')
}

function neighborLines(neighbor: NeighborPlan, own: Pick<RouterPlan, 'asn' | 'routerId'>): string[] {
  const { localAddress, remoteAs, localAs, families, password, ttlSecurityHops, multihop } = neighbor
  const { isPassive = true, port, holdS } = neighbor
  return [
    `router-id ${own.routerId};`,
    `local-address ${localAddress};`,
    `local-as ${localAs ?? own.asn};`,
    `peer-as ${remoteAs};`,
    // Its listener takes the password of a neighbour that it does not dial from here.
    ...(isPassive ? ['passive true;', 'listen 179;'] : []),
    ...(port === undefined ? [] : [`connect ${port};`]),
    ...(holdS === undefined ? [] : [`hold-time ${holdS};`]),
    ...(password === undefined ? [] : [`md5-password '${password}';`]),
    ...(ttlSecurityHops === undefined ? [] : ['outgoing-ttl 255;', `incoming-ttl ${256 - ttlSecurityHops};`]),
    ...(multihop === undefined ? [] : [`outgoing-ttl ${multihop};`]),
    `family { ${families.map((family) => `${family} unicast;`).join(' ')} }`,
    'capability { route-refresh enable; graceful-restart 120; asn4 enable; }',
    'api { processes [ tell ]; neighbor-changes; receive { parsed; update; notification; open; refresh; } }',
  ]
}
