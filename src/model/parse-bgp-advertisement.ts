// SPDX-License-Identifier: Apache-2.0
import type { KubeObject } from '../lib/object.ts'
import type { BgpAdvertisement } from './advertisement.ts'
import type { Attachment } from './attach.ts'
import type { Community } from './community.ts'
import { reportDuplicates } from './duplicates.ts'
import { type Aliases, describeUnknown, FLAWS, lookUpCommunity } from './parse-community.ts'
import type { L2Context } from './parse-l2-advertisement.ts'
import { parseSelectors } from './parse-selector.ts'
import type { Reporter } from './report.ts'
import type { BGPAdvertisementSpec } from './resources.generated.ts'
import { readNames, reportUnknown, selectNodes, selectPools } from './select.ts'
import { quote } from './wording.ts'

/** What a BGPAdvertisement may refer to. */
export type BgpContext = L2Context & Readonly<{ aliases: Aliases; peerNames: ReadonlySet<string> }>

type Spec = BGPAdvertisementSpec

const HOST_BITS = { aggregationLength: 32, aggregationLengthV6: 128 } as const

export function parseBgpAdvertisement(
  object: KubeObject,
  context: BgpContext,
  reporter: Reporter,
): Attachment<BgpAdvertisement> {
  const spec = (object.spec ?? {}) as Spec
  const peers = readNames(spec.peers, 'spec.peers', reporter)
  reportUnknown(peers, context.peerNames, { field: 'spec.peers', code: 'unknownPeer', kind: 'BGPPeer', reporter })
  checkAggregation(spec, reporter)
  const advertisement = {
    name: object.metadata.name,
    nodes: selectNodes(parseSelectors(spec.nodeSelectors, 'spec.nodeSelectors', reporter), context.nodes),
    peers: new Set(peers),
    serviceSelectors: parseSelectors(spec.serviceSelectors, 'spec.serviceSelectors', reporter),
    aggregationLength: spec.aggregationLength ?? HOST_BITS.aggregationLength,
    aggregationLengthV6: spec.aggregationLengthV6 ?? HOST_BITS.aggregationLengthV6,
    localPref: spec.localPref || null, // 0 is unset, as in MetalLB
    communities: parseCommunities(spec.communities ?? [], context.aliases, reporter),
    asPrepend: spec.asPrepend ? { count: spec.asPrepend.count, asn: spec.asPrepend.asn ?? null } : null,
    med: spec.med ?? null,
  }
  return { advertisement, pools: selectPools(spec, context.pools, reporter) }
}

/** Whether the lengths make sense by themselves; whether they suit the pools is a matter of aggregation.ts. */
function checkAggregation(spec: Spec, reporter: Reporter): void {
  for (const key of ['aggregationLength', 'aggregationLengthV6'] as const) {
    const length = spec[key] ?? HOST_BITS[key]
    const most = HOST_BITS[key]
    if (length > most) {
      reporter.error(
        'invalidAggregationLength',
        `spec.${key}`,
        `${key} ${length} is longer than an address; at most ${most}`,
      )
    } else if (length !== most && (spec.serviceSelectors ?? []).length > 0) {
      const message =
        `${key} ${length} would announce addresses of Services that serviceSelectors leave out; ` +
        `remove serviceSelectors or set ${key} to ${most}`
      reporter.error('selectorsWithAggregation', `spec.${key}`, message)
    }
  }
}

/** Each community once, in the order of the spec; what cannot be read is reported and left out. */
function parseCommunities(texts: readonly string[], aliases: Aliases, reporter: Reporter): readonly Community[] {
  reportDuplicates(texts, 'spec.communities', { reporter, what: 'this community' })
  const communities = new Map<string, Community>()
  let names: readonly string[] | null = null
  for (const [index, text] of texts.entries()) {
    const field = `spec.communities[${index}]`
    const community = lookUpCommunity(text, aliases)
    if (community === 'format') {
      names ??= [...aliases.keys()].toSorted()
      reporter.transient('unknownCommunity', field, describeUnknown(text, names))
    } else if (community === 'value') reporter.error('invalidCommunity', field, `${quote(text)}: ${FLAWS.value}`)
    else if (community) communities.set(`${community.type} ${community.text}`, community)
  }
  return [...communities.values()]
}
