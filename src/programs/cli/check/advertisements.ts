// SPDX-License-Identifier: Apache-2.0
/** Advertisements that are for nothing or go to nobody, and peers that none of them uses. */
import type { KubeObject } from '../../../lib/object.ts'
import type { Problem } from '../../../lib/problem.ts'
import type { BgpAdvertisement } from '../../../model/advertisement.ts'
import { shareNode } from '../../../model/node.ts'
import type { Peer } from '../../../model/peer.ts'
import type { BGPAdvertisementSpec, L2AdvertisementSpec } from '../../../model/resources.generated.ts'
import { list } from '../../../model/wording.ts'
import { metallbObjects, type Subject, warning } from './subject.ts'

type PoolChoice = Pick<L2AdvertisementSpec, 'ipAddressPools' | 'ipAddressPoolSelectors'>

/** Warnings about advertisements, by kind and name, then about peers. */
export function* advertisementWarnings(subject: Subject): Generator<Problem> {
  const { l2, bgp } = subject.draft
  for (const [kind, attachments] of [['L2Advertisement', l2] as const, ['BGPAdvertisement', bgp] as const]) {
    const idle = new Set(attachments.filter(({ pools }) => pools.length === 0).map((at) => at.advertisement.name))
    for (const object of metallbObjects(subject, kind)) {
      if (idle.has(object.metadata.name)) yield* withoutPool(object, subject)
    }
  }
  yield* peerWarnings(subject)
}

/** Names of pools that do not exist were reported one by one when the model was loaded. */
function* withoutPool(object: KubeObject, { draft, unusable }: Subject): Generator<Problem> {
  if (unusable.has('IPAddressPool')) return
  const { ipAddressPools = [], ipAddressPoolSelectors = [] } = (object.spec ?? {}) as PoolChoice
  const code = 'advertisesNoPool'
  if (ipAddressPoolSelectors.length > 0) {
    const pools = draft.model.pools.map(({ name }) => name)
    const there = pools.length === 0 ? 'there is none' : `the IPAddressPools there are: ${list(pools)}`
    const message = `these labels are on no IPAddressPool, so nothing is advertised; ${there}`
    yield warning(object, { field: 'spec.ipAddressPoolSelectors', code, message })
  } else if (ipAddressPools.length === 0) {
    const message = 'this is for all pools, but there is no IPAddressPool; create one'
    yield warning(object, { field: 'metadata.name', code, message })
  }
}

function* peerWarnings(subject: Subject): Generator<Problem> {
  if (subject.unusable.has('BGPPeer')) return
  const { draft } = subject
  const advertisements = new Map(draft.bgp.map(({ advertisement }) => [advertisement.name, advertisement]))
  const used = new Set<Peer>()
  for (const object of metallbObjects(subject, 'BGPAdvertisement')) {
    const advertisement = advertisements.get(object.metadata.name)
    if (!advertisement) continue
    const reached = peersOf(advertisement, subject)
    for (const peer of reached) used.add(peer)
    if (reached.length === 0 && !isNowhere(advertisement, subject)) yield* withoutPeer(object, subject)
  }
  if (subject.unusable.has('BGPAdvertisement')) return
  const idle = draft.model.peers.filter((peer) => !used.has(peer) && !isNowhere(peer, subject))
  const unused = new Set(idle.map(({ name }) => name))
  for (const object of metallbObjects(subject, 'BGPPeer')) {
    const { name } = object.metadata
    if (!unused.has(name)) continue
    const message = `no BGPAdvertisement goes to BGPPeer ${name}, so it hears no route; name it in spec.peers of one`
    yield warning(object, { field: 'metadata.name', code: 'unusedPeer', message })
  }
}

/** A selection of no Node is reported for itself, in selectors.ts. */
function isNowhere({ nodes }: Peer | BgpAdvertisement, { draft: { model } }: Subject): boolean {
  return model.nodes.size > 0 && nodes.size === 0
}

function peersOf({ peers, nodes }: BgpAdvertisement, { draft: { model } }: Subject): readonly Peer[] {
  const named = model.peers.filter(({ name }) => peers.size === 0 || peers.has(name))
  return named.filter((peer) => shareNode(peer.nodes, nodes, model.nodes))
}

/** Unknown names were reported already, and peers in error are; what is left are nodes, and no peer at all. */
function* withoutPeer(object: KubeObject, subject: Subject): Generator<Problem> {
  const { peers = [] } = (object.spec ?? {}) as BGPAdvertisementSpec
  const there = metallbObjects(subject, 'BGPPeer').map(({ metadata }) => metadata.name)
  const meant = peers.length === 0 ? there : there.filter((name) => peers.includes(name))
  const readable = subject.draft.model.peers.filter((peer) => meant.includes(peer.name) && !isNowhere(peer, subject))
  const code = 'reachesNoPeer'
  if (peers.length === 0 && there.length === 0) {
    const message = 'this goes to all peers, but there is no BGPPeer; create one'
    yield warning(object, { field: 'metadata.name', code, message })
  } else if (meant.length > 0 && readable.length === meant.length) {
    const field = peers.length === 0 ? 'metadata.name' : 'spec.peers'
    const message = `no node that this selects has a session with BGPPeer ${list(meant)}; make their nodeSelectors meet`
    yield warning(object, { field, code, message })
  }
}
