// SPDX-License-Identifier: Apache-2.0
import type { NeighborPlan, RouterPlan } from './router.ts'

/** What gobgpd reads, as JSON, which is YAML. It helps neighbours over their restarts. */
export function gobgpConfig({ asn, routerId, neighbors }: RouterPlan): string {
  return JSON.stringify({
    global: { config: { as: asn, 'router-id': routerId } },
    neighbors: neighbors.map(neighborConfig),
  })
}

function neighborConfig(neighbor: NeighborPlan): object {
  const { address, localAddress, remoteAs, localAs, families, password, isPassive, port } = neighbor
  const { ttlSecurityHops, multihop, holdS, connectRetryS = 5 } = neighbor
  return {
    config: {
      'neighbor-address': address,
      'peer-as': remoteAs,
      ...(localAs === undefined ? {} : { 'local-as': localAs }),
      ...(password === undefined ? {} : { 'auth-password': password }),
    },
    timers: {
      config: { 'connect-retry': connectRetryS, 'idle-hold-time-after-reset': 1, ...holdConfig(holdS) },
    },
    transport: {
      config: {
        'local-address': localAddress,
        'passive-mode': isPassive ?? false,
        ...(port === undefined ? {} : { 'remote-port': port }),
      },
    },
    ...(multihop === undefined ? {} : { 'ebgp-multihop': { config: { enabled: true, 'multihop-ttl': multihop } } }),
    ...(ttlSecurityHops === undefined
      ? {}
      : { 'ttl-security': { config: { enabled: true, 'ttl-min': 256 - ttlSecurityHops } } }),
    'graceful-restart': { config: { enabled: true, 'helper-only': true, 'restart-time': 60 } },
    'afi-safis': families.map((family) => ({
      config: { 'afi-safi-name': `${family}-unicast` },
      'mp-graceful-restart': { config: { enabled: true } },
    })),
  }
}

function holdConfig(holdS: number | undefined): object {
  return holdS === undefined ? {} : { 'hold-time': holdS, 'keepalive-interval': Math.max(1, Math.floor(holdS / 3)) }
}
