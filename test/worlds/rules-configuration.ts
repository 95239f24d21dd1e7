// SPDX-License-Identifier: Apache-2.0
/** What is wrong with pools, communities and advertisements, and what is not. */
import { rulesIn } from './rule.ts'

export const CONFIGURATION_RULES = [
  ...rulesIn('pool', 'src/model/parse-pool.ts', [
    ['empty', 'a pool needs addresses', 'if (addresses.length === 0) {', 'if (false) {'],
    [
      'unreadable',
      'an entry of a pool must be a prefix or a range',
      "if ('code' in block) reporter.error(block.code, `spec.addresses[${index}]`, block.message)",
      "if ('code' in block) continue",
    ],
    ['reversed-range', 'a range must not end before its start', 'if (first.bits > last.bits) {', 'if (false) {'],
    [
      'namespace-twice',
      'a namespace must not be named twice',
      "reportDuplicates(names, `${path}.namespaces`, { reporter, what: 'this namespace' })",
      '',
    ],
  ]),
  ...rulesIn('ext-pool', 'src/model/parse-pool.ts', [
    [
      'mixed-range',
      'a range must not start in one family and end in the other',
      'if (family !== last.family) {',
      'if (false) {',
    ],
  ]),
  ...rulesIn('pool', 'src/model/pool-overlap.ts', [
    [
      'overlap',
      'entries must not overlap, in one pool or in several',
      'other.range.last < entry.range.first) continue',
      'other.range.last < entry.range.first || true) continue',
    ],
    [
      'overlap-blame',
      'of two pools that overlap the later by name is blamed',
      'other.order < entry.order ? [other, entry] : [entry, other]',
      'other.order < entry.order ? [entry, other] : [other, entry]',
    ],
  ]),
  ...rulesIn('community', 'src/model/parse-community.ts', [
    ['readable', 'a community must be readable', "if (typeof community === 'string') {", 'if (false) {'],
    [
      'alias-twice',
      'a name must not be defined twice, in one object or in several',
      'if (first !== undefined) {',
      'if (false) {',
    ],
    [
      'standard-16-bits',
      'each half of a standard community has 16 bits',
      'const MAX_16 = 0xffff',
      'const MAX_16 = 0xffff_ffff',
    ],
    [
      'large-32-bits',
      'each part of a large community has 32 bits',
      'const MAX_32 = 0xffff_ffff',
      'const MAX_32 = 2 ** 53',
    ],
    ['large-marker', 'four fields must begin with the word large', "fields[0] !== 'large' || ", ''],
  ]),
  ...rulesIn('selection', 'src/model/select.ts', [
    [
      'name-twice',
      'a pool or a peer must not be named twice',
      "reportDuplicates(names, field, { reporter, what: 'this name' })",
      '',
    ],
    [
      'name-unknown',
      'a name that nothing has is a warning and no more',
      'if (names.every((name) => known.has(name))) return',
      'return',
    ],
  ]),
  ...rulesIn('selection', 'src/model/parse-selector.ts', [
    [
      'selector-twice',
      'a selector must not stand twice',
      "reportDuplicates(all.map(identity), field, { reporter, what: 'this selector' })",
      '',
    ],
    [
      'expression-twice',
      'nor an expression in one selector',
      "reportDuplicates(matchExpressions.map(expressionIdentity), field, { reporter, what: 'this expression' })",
      '',
    ],
    [
      'value-twice',
      'nor a value in one expression',
      "reportDuplicates(values, `${field}[${index}].values`, { reporter, what: 'this value' })",
      '',
    ],
    [
      'value-order',
      'values in another order make the same selector',
      'JSON.stringify([key, operator, values.toSorted()])',
      'JSON.stringify([key, operator, values])',
    ],
    ['values-needed', 'In and NotIn need values', 'if (takesValues && values.length === 0)', 'if (false)'],
    ['values-refused', 'Exists and DoesNotExist take none', 'if (!takesValues && values.length > 0)', 'if (false)'],
    [
      'label-key',
      'a key must be the key of a label',
      'if (validPrefix && NAME.test(key.slice(slash + 1))) return null',
      'return null',
    ],
  ]),
  ...rulesIn('advertisement', 'src/model/parse-bgp-advertisement.ts', [
    [
      'community-twice',
      'a community must not stand twice',
      "reportDuplicates(texts, 'spec.communities', { reporter, what: 'this community' })",
      '',
    ],
    [
      'community-unknown',
      'a community that is neither a name nor numbers is an error',
      "reporter.transient('unknownCommunity', field, describeUnknown(text, names))",
      '',
    ],
    [
      'community-value',
      'and so is one of wrong numbers',
      "else if (community === 'value') reporter.error('invalidCommunity', field, `${quote(text)}: ${FLAWS.value}`)",
      "else if (community === 'value') continue",
    ],
    [
      'selectors-and-aggregation',
      'serviceSelectors go with whole addresses only',
      '(spec.serviceSelectors ?? []).length > 0',
      'false',
    ],
  ]),
  ...rulesIn('advertisement', 'src/model/parse-l2-advertisement.ts', [
    [
      'service-selector-twice-l2',
      'an L2Advertisement must not have a service selector twice',
      'parseSelectors(spec.serviceSelectors, ',
      'parseSelectors(spec.serviceSelectors?.slice(1), ',
    ],
  ]),
  ...rulesIn('advertisement', 'src/model/parse-bgp-advertisement.ts', [
    [
      'service-selector-twice-bgp',
      'nor must a BGPAdvertisement',
      'parseSelectors(spec.serviceSelectors, ',
      'parseSelectors(spec.serviceSelectors?.slice(1), ',
    ],
    [
      'aggregation-length',
      'aggregationLength is at most 32',
      "for (const key of ['aggregationLength', 'aggregationLengthV6'] as const) {",
      "for (const key of ['aggregationLengthV6'] as const) {",
    ],
    [
      'aggregation-length-v6',
      'aggregationLengthV6 is at most 128',
      "for (const key of ['aggregationLength', 'aggregationLengthV6'] as const) {",
      "for (const key of ['aggregationLength'] as const) {",
    ],
  ]),
  ...rulesIn('advertisement', 'src/model/aggregation.ts', [
    [
      'wider-than-pool',
      'a route must not reach beyond an entry of the pool',
      'if (!narrowest || length >= narrowest.bits) return null',
      'return null',
    ],
    ['every-entry', 'of several entries each must be wide enough', 'worst.bits >= at.bits', 'worst.bits <= at.bits'],
    ['range-has-one', 'of a range it is enough that one of its prefixes is', 'Math.min(...cidrs', 'Math.max(...cidrs'],
  ]),
  ...rulesIn('advertisement', 'src/model/local-pref.ts', [
    [
      'local-pref-conflict',
      'two advertisements must not give one prefix two localPrefs',
      'if (pools.length === 0) continue',
      'continue',
    ],
    ['local-pref-aggregation', 'with different lengths they may', ' && !aggregateApart(a, b, pool)', ''],
    [
      'local-pref-both-families',
      'in a pool of both families both lengths must differ',
      'return blocks.every(({ range })',
      'return blocks.some(({ range })',
    ],
    [
      'local-pref-peers',
      'with different peers they may',
      'a.peers.size === 0 || b.peers.size === 0 || !a.peers.isDisjointFrom(b.peers)',
      'true',
    ],
    [
      'local-pref-all-peers',
      'an advertisement for all peers meets every other',
      'a.peers.size === 0 || b.peers.size === 0 || !a',
      '!a',
    ],
    [
      'local-pref-nodes',
      'on different nodes they may',
      '!shareNode(a.nodes, b.nodes, nodes)) continue',
      'false) continue',
    ],
    [
      'local-pref-selectors',
      'with serviceSelectors it is only asked for a Service that both match',
      'attachments.filter(({ advertisement }) => advertisement.serviceSelectors.length === 0)',
      'attachments',
    ],
    ['local-pref-pools', 'for different pools they may', 'ours.has(pool) && ', ''],
  ]),
  ...rulesIn('advertisement', 'src/model/route-conflicts.ts', [
    [
      'echo-ipv6',
      'a pool with IPv6 does not go to a peer with BFD echo',
      'if (!pool || peers.length === 0) return',
      'return',
    ],
  ]),
  ...rulesIn('ext-advertisement', 'src/model/route-conflicts.ts', [
    [
      'local-pref-external',
      'localPref is a warning where every peer is external',
      'if (localPref === null || peers.length === 0 || peers.some(isInternal)) return',
      'return',
    ],
    ['local-pref-some-internal', 'and none where one is internal', ' || peers.some(isInternal)) return', ') return'],
    [
      'prepends-peer',
      'the AS of an external peer must not be prepended',
      'if (!asn || refusing.length === 0) return',
      'return',
    ],
    [
      'prepends-internal',
      'that of an internal one may, as nothing is prepended there',
      '!isInternal(peer) && peer.remoteAs === asn',
      'peer.remoteAs === asn',
    ],
  ]),
  ...rulesIn('ext-bgpextras', 'src/model/load.ts', [
    [
      'refused',
      'configuration for FRR is refused, not dropped',
      "if (extras === undefined || extras === null || extras === '') return",
      'return',
    ],
    ['empty', 'unless it is empty', " || extras === '') return", ') return'],
  ]),
  ...rulesIn('configuration', 'src/model/load.ts', [
    [
      'whole-or-not',
      'one error makes the whole configuration unusable',
      "problems.some(({ severity }) => severity === 'error') ? null : model",
      'model',
    ],
  ]),
  ...rulesIn('configuration', 'src/programs/cli/simulate/simulation.ts', [
    [
      'last-valid-stays',
      'then the last valid configuration stays in use',
      'if (configured) model = loaded.model',
      'model = configured ? loaded.model : null',
    ],
  ]),
]
