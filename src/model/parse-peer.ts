// SPDX-License-Identifier: Apache-2.0
import { type Ip, parseIp } from '../lib/ip.ts'
import type { KubeObject } from '../lib/object.ts'
import { convertPeer, PEER_V1BETA2 } from './convert-peer.ts'
import type { Node } from './node.ts'
import { parsePassword } from './parse-password.ts'
import { parseSelectors } from './parse-selector.ts'
import { parseGracefulRestart, parseTimers } from './parse-timers.ts'
import type { Peer } from './peer.ts'
import type { Reporter } from './report.ts'
import type { BGPPeerSpec } from './resources.generated.ts'
import { selectNodes } from './select.ts'
import { alternatives, quote, shorten } from './wording.ts'

/** What a BGPPeer may refer to. */
export type PeerContext = Readonly<{
  nodes: ReadonlyMap<string, Node>
  profiles: ReadonlyMap<string, unknown>
  findSecret(name: string): KubeObject | undefined
}>

type Spec = Partial<BGPPeerSpec>

/**
 * Reads a BGPPeer of either version, v1beta1 as the API server would convert it. Null: reported, and too little is
 * known of it to compare it with others.
 */
export function parsePeer(object: KubeObject, context: PeerContext, reporter: Reporter): Peer | null {
  const spec = (convertPeer(object, PEER_V1BETA2).spec ?? {}) as Spec
  const remoteAs = parseRemoteAs(spec, reporter)
  const hasPlace = checkPlace(spec, reporter)
  const address = spec.peerAddress ? readIp(spec.peerAddress, 'peerAddress', reporter) : null
  checkProfile(spec, context, reporter)
  const peer = {
    name: object.metadata.name,
    myAsn: spec.myASN ?? 0,
    localAsn: spec.localASN ?? null,
    address,
    interface: spec.interface || null,
    sourceAddress: spec.sourceAddress ? readIp(spec.sourceAddress, 'sourceAddress', reporter) : null,
    port: spec.peerPort ?? 179,
    ...parseTimers(spec, reporter),
    routerId: spec.routerID ? readRouterId(spec.routerID, reporter) : null,
    nodes: selectNodes(parseSelectors(spec.nodeSelectors, 'spec.nodeSelectors', reporter), context.nodes),
    password: parsePassword(spec, context.findSecret, reporter),
    bfdProfile: spec.bfdProfile || null,
    gracefulRestart: parseGracefulRestart(spec, reporter),
    ebgpMultiHop: spec.ebgpMultiHop ?? false,
    vrf: spec.vrf || null,
    dualStackAddressFamily: spec.dualStackAddressFamily ?? false,
    passive: spec.passive ?? false,
    ttlSecurityHops: spec.ttlSecurityHops ?? null,
  }
  const comparable = hasPlace && (address !== null || peer.interface !== null)
  return remoteAs !== null && comparable ? { ...peer, remoteAs } : null
}

/** The AS of the peer; null where it, or our own, is not given or not given once. */
function parseRemoteAs(
  { myASN, peerASN, dynamicASN, ebgpMultiHop }: Spec,
  reporter: Reporter,
): Peer['remoteAs'] | null {
  if (!myASN) reporter.error('missingMyAsn', 'spec.myASN', 'myASN is 0 or missing; set our own AS number')
  if (!peerASN && !dynamicASN) {
    reporter.error('missingPeerAsn', 'spec.peerASN', 'neither peerASN nor dynamicASN is set; set one of them')
  } else if (peerASN && dynamicASN) {
    const message = `peerASN ${peerASN} and dynamicASN ${dynamicASN} are both set; remove one of them`
    reporter.error('contradictingPeerAsn', 'spec.dynamicASN', message)
  } else if (peerASN && peerASN === myASN && ebgpMultiHop) {
    const message = `ebgpMultiHop is for peers of another AS, but peerASN and myASN are both ${peerASN}; remove ebgpMultiHop`
    reporter.error('multihopToInternalPeer', 'spec.ebgpMultiHop', message)
  }
  return myASN ? peerASN || dynamicASN || null : null
}

/** False where it is not said, or said twice, where the peer is. */
function checkPlace({ peerAddress, interface: device }: Spec, reporter: Reporter): boolean {
  if (!peerAddress && !device) {
    const message = 'neither peerAddress nor interface is set; set one of them'
    reporter.error('missingPeerAddress', 'spec.peerAddress', message)
  } else if (peerAddress && device) {
    const message = `peerAddress ${quote(peerAddress)} and interface ${quote(device)} are both set; remove one of them`
    reporter.error('contradictingPeerAddress', 'spec.interface', message)
  }
  return Boolean(peerAddress) !== Boolean(device)
}

function checkProfile({ bfdProfile }: Spec, { profiles }: PeerContext, reporter: Reporter): void {
  if (!bfdProfile || profiles.has(bfdProfile)) return
  const message = `there is no BFDProfile ${shorten(bfdProfile)}; ${alternatives(bfdProfile, [...profiles.keys()], 'BFDProfiles')}`
  reporter.transient('unknownBfdProfile', 'spec.bfdProfile', message)
}

function readIp(text: string, key: keyof Spec, reporter: Reporter): Ip | null {
  const ip = parseIp(text)
  if (ip) return ip
  const message = `${quote(text)} is no IP address; write one, without prefix length, port or zone`
  reporter.error('invalidIp', `spec.${key}`, message)
  return null
}

/** RFC 4271 §4.2: the BGP identifier is four octets. */
function readRouterId(text: string, reporter: Reporter): Ip | null {
  const ip = readIp(text, 'routerID', reporter)
  if (ip?.family !== 'ipv6') return ip
  const message = `${quote(text)} is an IPv6 address; a router ID is written as an IPv4 address`
  reporter.error('invalidIp', 'spec.routerID', message)
  return null
}
