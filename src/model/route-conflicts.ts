// SPDX-License-Identifier: Apache-2.0
/** Advertisements against the peers that they go to. */
import type { BgpAdvertisement } from './advertisement.ts'
import type { Attachment } from './attach.ts'
import type { BfdProfile } from './bfd-profile.ts'
import { type Node, shareNode } from './node.ts'
import { isInternal, type Peer } from './peer.ts'
import type { Pool } from './pool.ts'
import type { Report, Reporter } from './report.ts'
import { list } from './wording.ts'

type Context = Readonly<{
  peers: readonly Peer[]
  profiles: ReadonlyMap<string, BfdProfile>
  nodes: ReadonlyMap<string, Node>
  report: Report
}>

export function reportRouteConflicts(attachments: readonly Attachment<BgpAdvertisement>[], context: Context): void {
  for (const { advertisement, pools } of attachments) {
    const reporter = context.report.about('BGPAdvertisement', advertisement.name)
    const named = context.peers.filter(({ name }) => advertisement.peers.size === 0 || advertisement.peers.has(name))
    const reached = named.filter((peer) => shareNode(peer.nodes, advertisement.nodes, context.nodes))
    checkPrepend(advertisement, reached, reporter)
    checkLocalPref(advertisement, reached, reporter)
    // MetalLB does not ask whether they share a node, either.
    checkEcho(
      pools,
      named.filter(({ bfdProfile }) => context.profiles.get(bfdProfile ?? '')?.echoMode),
      reporter,
    )
  }
}

/** RFC 4271 §9.1.2: a router drops routes that have its own AS in their path. */
function checkPrepend({ asPrepend }: BgpAdvertisement, peers: readonly Peer[], reporter: Reporter): void {
  const asn = asPrepend?.asn
  const refusing = peers.filter((peer) => !isInternal(peer) && peer.remoteAs === asn)
  if (!asn || refusing.length === 0) return
  const names = list(refusing.map(({ name }) => name))
  const message =
    `asPrepend.asn ${asn} is the AS at the other end (BGPPeer ${names}), where the routes would be dropped as loops; ` +
    'prepend our own AS or leave that peer out'
  reporter.error('prependsPeerAsn', 'spec.asPrepend.asn', message)
}

/** RFC 4271 §5.1.5: LOCAL_PREF is not sent to external peers. */
function checkLocalPref({ localPref }: BgpAdvertisement, peers: readonly Peer[], reporter: Reporter): void {
  if (localPref === null || peers.length === 0 || peers.some(isInternal)) return
  const names = list(peers.map(({ name }) => name))
  const message =
    `localPref ${localPref} reaches nobody: it is sent to internal peers only, and none of these is (BGPPeer ${names}); ` +
    'use med, asPrepend or a community'
  reporter.warning('localPrefOnEbgp', 'spec.localPref', message)
}

function checkEcho(pools: readonly Pool[], peers: readonly Peer[], reporter: Reporter): void {
  const pool = pools.find(({ blocks }) => blocks.some(({ range }) => range.family === 'ipv6'))
  if (!pool || peers.length === 0) return
  const names = list(peers.map(({ name, bfdProfile }) => `${name} (BFDProfile ${bfdProfile})`))
  const message =
    `pool ${pool.name} has IPv6 addresses, but BFD echo mode is for IPv4 only and is on for BGPPeer ${names}; ` +
    'turn echoMode off or leave that peer out'
  reporter.error('echoWithIpv6', 'spec.peers', message)
}
