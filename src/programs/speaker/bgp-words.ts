// SPDX-License-Identifier: Apache-2.0
/** What BGP says in numbers, in the words that routers show. */
import type { Capability, Open, Segment } from '../../bgp/codec/message.ts'
import { formatIp } from '../../lib/ip.ts'

/** Of IANA's registry of well-known communities, 65535:x; x → name. */
const WELL_KNOWN: ReadonlyMap<number, string> = new Map([
  [0, 'graceful-shutdown'],
  [1, 'accept-own'],
  [6, 'llgr-stale'],
  [7, 'no-llgr'],
  [666, 'blackhole'],
  [65_281, 'no-export'],
  [65_282, 'no-advertise'],
  [65_283, 'no-export-subconfed'],
  [65_284, 'no-peer'],
])

/** RFC 1997: `65000:100`, or the name of a well-known one. */
export function communityText(value: number): string {
  const [high, low] = [value >>> 16, value & 0xffff]
  return (high === 65_535 ? WELL_KNOWN.get(low) : undefined) ?? `${high}:${low}`
}

/** A router ID as it is written everywhere, though it is no address. */
export function routerIdText(id: number): string {
  return formatIp({ family: 'ipv4', bits: BigInt(id) })
}

/** The AS that sends it: of four octets where it says so (RFC 6793). */
export function asnOf({ asn, capabilities }: Open): number {
  return capabilities.find((one) => one.type === 'fourOctetAs')?.asn ?? asn
}

/** `65000 65000 {65001,65002}`; sets in braces, confederations in brackets. '' for a path of no length. */
export function asPathText(segments: readonly Segment[]): string {
  return segments.map(segmentText).join(' ')
}

function segmentText({ type, asns }: Segment): string {
  switch (type) {
    case 'sequence':
      return asns.join(' ')
    case 'set':
      return `{${asns.join(',')}}`
    case 'confedSequence':
      return `(${asns.join(' ')})`
    case 'confedSet':
      return `[${asns.join(',')}]`
  }
}

/** What a capability of an OPEN is called, with what it says. */
export function capabilityText(capability: Capability): string {
  switch (capability.type) {
    case 'multiprotocol':
      return `multiprotocol ${capability.family} unicast`
    case 'otherFamily':
      return `multiprotocol AFI ${capability.afi} SAFI ${capability.safi}`
    case 'routeRefresh':
      return 'route refresh'
    case 'enhancedRouteRefresh':
      return 'enhanced route refresh'
    case 'extendedNextHop':
      return `extended next hop ${capability.family}`
    case 'extendedMessage':
      return 'extended message'
    case 'gracefulRestart':
      return restartText(capability)
    case 'fourOctetAs':
      return `4-octet AS ${capability.asn}`
    case 'hostname':
      return `hostname ${[capability.host, capability.domain].filter((part) => part !== '').join('.')}`
    case 'softwareVersion':
      return `software version ${capability.version}`
    case 'unknown':
      return `unknown ${capability.code}`
  }
}

function restartText(restart: Extract<Capability, { type: 'gracefulRestart' }>): string {
  const { restarting, notification, restartSeconds, families } = restart
  const kept = families.map(({ family, preserved }) => `${family}${preserved ? ' preserved' : ''}`)
  const notes = [
    ...(families.length === 0 ? ['as helper'] : [`${restartSeconds} s`, ...kept]),
    ...(restarting ? ['restarting'] : []),
    ...(notification ? ['over notifications'] : []),
  ]
  return `graceful restart (${notes.join(', ')})`
}
