// SPDX-License-Identifier: Apache-2.0
/**
 * Custom resources → one checked model, or all problems that stand in its way.
 *
 * Each object is read by itself first (parse-*.ts), with its selectors over nodes, namespaces and pools resolved; then
 * objects are compared with each other. What cannot be read is left out of the comparisons, so that one mistake is
 * reported once. A conflict is blamed on the object that is later by name. MetalLB's rules, without those that only
 * protect FRR: there is one engine, and it takes several ASNs and router IDs on a node.
 */
import type { KubeObject } from '../lib/object.ts'
import type { Problem } from '../lib/problem.ts'
import type { BgpAdvertisement, L2Advertisement } from './advertisement.ts'
import { reportAggregation } from './aggregation.ts'
import { type Attachment, attachBgp, attachL2 } from './attach.ts'
import { reportBfdConflicts } from './bfd-conflicts.ts'
import { type Inventory, takeInventory } from './inventory.ts'
import { reportLocalPrefs } from './local-pref.ts'
import type { Model } from './model.ts'
import { parseNode } from './node.ts'
import { parseBfdProfile } from './parse-bfd-profile.ts'
import { parseBgpAdvertisement } from './parse-bgp-advertisement.ts'
import { parseAliases } from './parse-community.ts'
import { parseL2Advertisement } from './parse-l2-advertisement.ts'
import { parsePeer } from './parse-peer.ts'
import { parsePool } from './parse-pool.ts'
import { reportPeerConflicts } from './peer-conflicts.ts'
import { PoolIndex } from './pool-index.ts'
import { reportOverlaps } from './pool-overlap.ts'
import { Report, type Reporter } from './report.ts'
import { reportRouteConflicts } from './route-conflicts.ts'

export type Loaded = Readonly<{ model: Model | null; problems: readonly Problem[] }>

/** A configuration as far as it can be read, for who wants to say more about it; nobody may run by it. */
export type Draft = Readonly<{
  model: Model
  /** By name, those that are for no pool too. */
  l2: readonly Attachment<L2Advertisement>[]
  bgp: readonly Attachment<BgpAdvertisement>[]
  problems: readonly Problem[]
}>

/**
 * `objects` may hold any kinds, each object once, metallb.io ones valid by their schema; `namespace` is MetalLB's own.
 * The order of objects does not matter. `model` is null as soon as one problem is an error; problems come by object.
 */
export function loadModel(objects: Iterable<KubeObject>, { namespace }: { namespace: string }): Loaded {
  const { model, problems } = draftModel(objects, { namespace })
  return { model: problems.some(({ severity }) => severity === 'error') ? null : model, problems }
}

/** The same, where an error does not hide what else there is: objects in error are left out, or in it as far as read. */
export function draftModel(objects: Iterable<KubeObject>, { namespace }: { namespace: string }): Draft {
  const report = new Report(namespace)
  const inventory = takeInventory(objects, { namespace, report })
  const draft = readAll(inventory, report)
  return { ...draft, problems: report.problems() }
}

function readAll(inventory: Inventory, report: Report): Omit<Draft, 'problems'> {
  const read = <T>(kind: string, parse: (object: KubeObject, reporter: Reporter) => T): readonly T[] =>
    inventory.of(kind).map((object) => parse(object, report.about(kind, object.metadata.name)))

  refuseBgpExtras(inventory, report)
  const nodes = new Map(inventory.of('Node').map((object) => [object.metadata.name, parseNode(object)]))
  const namespaces = new Map(inventory.of('Namespace').map(({ metadata }) => [metadata.name, metadata.labels]))
  const bfdProfiles = new Map(
    inventory.of('BFDProfile').map((object) => [object.metadata.name, parseBfdProfile(object)]),
  )
  const parsedPools = read('IPAddressPool', (object, reporter) => parsePool(object, namespaces, reporter))
  const pools = parsedPools.map(({ pool }) => pool)
  const findSecret = (name: string) => inventory.named('Secret', name)
  const peers = read('BGPPeer', (object, reporter) => {
    return parsePeer(object, { nodes, profiles: bfdProfiles, findSecret }, reporter)
  }).filter((peer) => peer !== null)
  const aliases = parseAliases(inventory.of('Community'), report)
  const peerNames = new Set(inventory.of('BGPPeer').map(({ metadata }) => metadata.name))
  const l2 = read('L2Advertisement', (object, reporter) => parseL2Advertisement(object, { pools, nodes }, reporter))
  const bgp = read('BGPAdvertisement', (object, reporter) => {
    return parseBgpAdvertisement(object, { pools, nodes, aliases, peerNames }, reporter)
  })

  reportOverlaps(parsedPools, report)
  reportPeerConflicts(peers, nodes, report)
  reportBfdConflicts(peers, nodes, report)
  reportAggregation(bgp, report)
  reportLocalPrefs(bgp, nodes, report)
  reportRouteConflicts(bgp, { peers, profiles: bfdProfiles, nodes, report })

  const [l2ByPool, bgpByPool] = [attachL2(l2), attachBgp(bgp)]
  const model = { pools, poolIndex: new PoolIndex(pools), l2ByPool, bgpByPool, peers, bfdProfiles, nodes }
  return { model, l2, bgp }
}

/** MetalLB appends this ConfigMap to FRR's configuration; there is no FRR here, and to drop it silently would be worse. */
function refuseBgpExtras(inventory: Inventory, report: Report): void {
  const data = inventory.named('ConfigMap', 'bgpextras')?.data
  const extras = typeof data === 'object' && data !== null && 'extras' in data ? data.extras : undefined
  if (extras === undefined || extras === null || extras === '') return
  const message =
    'bgpextras is configuration for FRR, which this speaker does not use; say it in BGPPeers and delete the ConfigMap'
  report.about('ConfigMap', 'bgpextras').error('bgpExtrasUnsupported', 'data.extras', message)
}
