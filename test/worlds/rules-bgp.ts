// SPDX-License-Identifier: Apache-2.0
/** What each node announces over BGP, and to whom. */
import { rulesIn } from './rule.ts'

const AREA = 'bgp'

export const BGP_RULES = [
  ...rulesIn(AREA, 'src/plan/bgp.ts', [
    [
      'node-selectors',
      'a node that no BGPAdvertisement of the pool selects announces nothing',
      'known.filter(({ nodes }) => nodes.has(site.node))',
      'known',
    ],
    [
      'unselected-node',
      'that is told apart from a Service that none selects',
      "if (names === '') return silence('notOwner',",
      "if (names === '') return silence('noMatchingAdvertisement',",
    ],
    [
      'service-selectors',
      'a BGPAdvertisement is for the Services that its serviceSelectors match',
      'here.filter(({ serviceSelectors }) => matchesAny(serviceSelectors, service.labels))',
      'here',
    ],
    [
      'conflicting',
      'two BGPAdvertisements that match with different localPref keep the Service silent',
      'conflictOf(ads, service, holding) ??\n    unfit(site)',
      'unfit(site)',
    ],
    [
      'network-unavailable',
      'a node with the condition NetworkUnavailable announces nothing',
      'if (state?.networkUnavailable) {',
      'if (false) {',
    ],
    [
      'excluded',
      'nor does one with the label that excludes it from load balancers',
      'if (state?.excluded && !world.ignoreExcludeLabel) {',
      'if (false) {',
    ],
    [
      'excluded-ignored',
      'unless that label is to be ignored',
      'if (state?.excluded && !world.ignoreExcludeLabel) {',
      'if (state?.excluded) {',
    ],
    [
      'local-endpoints',
      'externalTrafficPolicy Local: only nodes with an endpoint announce',
      "if (externalTrafficPolicy === 'Local' && !serving.some(({ nodeName }) => nodeName === node)) {",
      'if (false) {',
    ],
    [
      'endpoint-needed',
      'nobody announces a Service without an endpoint that can serve',
      'return serving.length > 0 ? null :',
      'return serving.length >= 0 ? null :',
    ],
    ['endpoint-has-address', 'an endpoint without an address is none', 'canServe && addresses > 0)', 'canServe)'],
    [
      'peer-nodes',
      'a node has sessions with the BGPPeers that select it',
      'site.world.model.peers.filter(({ nodes }) => nodes.has(site.node))',
      'site.world.model.peers',
    ],
    [
      'no-peer',
      'a node that has no session for the route says so',
      'return routes.length > 0 ? { announce: true, routes } : noPeer(ads, peers, site)',
      'return { announce: true, routes }',
    ],
  ]),
  ...rulesIn(AREA, 'src/plan/bgp-routes.ts', [
    ['peers-named', 'an advertisement that names peers goes to these', 'if (!admits(ad, peer)) continue', ''],
    [
      'peers-all',
      'an advertisement that names none goes to all',
      'return peers.size === 0 || peers.has(name)',
      'return peers.has(name)',
    ],
    ['family', 'a session carries the family of its own address', 'if (!carries(peer, ip.family)) continue', ''],
    [
      'family-dual',
      'and both where dualStackAddressFamily is set',
      'dualStackAddressFamily || address.family',
      'address.family',
    ],
    [
      'family-interface',
      'and both on an interface',
      'return address === null || dualStackAddressFamily || address.family === family',
      'return address !== null && (dualStackAddressFamily || address.family === family)',
    ],
    [
      'aggregation-v4',
      'IPv4 routes have the length aggregationLength',
      "ip.family === 'ipv4' ? aggregationLength :",
      "ip.family === 'ipv4' ? 32 :",
    ],
    [
      'aggregation-v6',
      'IPv6 routes have the length aggregationLengthV6',
      '? aggregationLength : aggregationLengthV6',
      '? aggregationLength : 128',
    ],
    ['aggregation-masks', 'the bits beyond that length are zero', 'first: mask(ip, prefixBits).bits', 'first: ip.bits'],
    [
      'local-pref',
      'a route has the localPref of its advertisement',
      'localPref: ads[0]?.localPref ?? null',
      'localPref: null',
    ],
    [
      'communities-united',
      'one prefix has the communities of all advertisements that make it',
      'communitiesOf(ads.flatMap(({ communities }) => communities))',
      'communitiesOf(ads[0]?.communities ?? [])',
    ],
    [
      'communities-sorted',
      'standard communities ascend by number',
      '[...new Set(standard)].toSorted((a, b) => a - b)',
      '[...new Set(standard)]',
    ],
    [
      'large-sorted',
      'large communities ascend by number',
      'large.sort((a, b) => a.global - b.global || a.local1 - b.local1 || a.local2 - b.local2)',
      '',
    ],
  ]),
  ...rulesIn(AREA, 'src/model/parse-bgp-advertisement.ts', [
    [
      'local-pref-zero',
      'localPref 0 is the same as none',
      'localPref: spec.localPref || null',
      'localPref: spec.localPref ?? null',
    ],
  ]),
  ...rulesIn(AREA, 'src/model/parse-community.ts', [
    [
      'alias-first',
      'a community is looked up by name before it is read as numbers',
      'return alias === undefined ? parseCommunity(text) : alias',
      "return typeof parseCommunity(text) === 'string' ? (alias ?? 'format') : parseCommunity(text)",
    ],
  ]),
  ...rulesIn('ext', 'src/plan/bgp-routes.ts', [
    ['med-lowest', 'of several MEDs for one prefix the lowest counts', 'Math.min(...meds)', 'Math.max(...meds)'],
    [
      'prepend-external',
      'nothing is prepended on internal sessions',
      'prepend: isInternal(peer) ? [] : prependOf(ads, peer)',
      'prepend: prependOf(ads, peer)',
    ],
    ['prepend-asn', 'asPrepend.asn is what is prepended', 'asPrepend.asn ?? localAsn ?? myAsn', 'localAsn ?? myAsn'],
    [
      'prepend-own',
      'without it our own AS is, as the peer sees it',
      'asPrepend.asn ?? localAsn ?? myAsn',
      'asPrepend.asn ?? myAsn',
    ],
    [
      'prepend-longest',
      'of several prepends for one prefix the longest counts',
      'if (count > best.count ||',
      'if (best.count === 0 ||',
    ],
  ]),
  ...rulesIn('ext', 'src/bgp/route.ts', [
    [
      'unite-communities',
      'Services on one prefix: it has the communities of all',
      'for (const value of path.communities) communities.add(value)',
      '',
    ],
    [
      'unite-large',
      'Services on one prefix: it has the large communities of all',
      'for (const value of path.largeCommunities) largeCommunities.add(value)',
      '',
    ],
    [
      'unite-local-pref',
      'Services on one prefix: the highest localPref counts',
      'pick(localPref, path.localPref, Math.max)',
      'pick(localPref, path.localPref, Math.min)',
    ],
    [
      'unite-med',
      'Services on one prefix: the lowest MED counts',
      'pick(med, path.med, Math.min)',
      'pick(med, path.med, Math.max)',
    ],
    [
      'unite-prepend',
      'Services on one prefix: the longest prepend counts',
      'return a.length > b.length ? a : b',
      'return a.length > b.length ? b : a',
    ],
  ]),
]
