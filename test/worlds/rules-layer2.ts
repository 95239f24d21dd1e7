// SPDX-License-Identifier: Apache-2.0
/** Which node answers on Layer 2, and on which interfaces. */
import { rulesIn } from './rule.ts'

const AREA = 'l2'

export const LAYER2_RULES = [
  ...rulesIn(AREA, 'src/plan/l2.ts', [
    [
      'endpoint-needed',
      'nobody answers for a Service without an endpoint that can serve',
      'if (!endpoints.some(({ canServe }) => canServe)) {',
      'if (false) {',
    ],
    [
      'service-selectors',
      'an L2Advertisement is for the Services that its serviceSelectors match',
      'matchesAny(ad.serviceSelectors, service.labels),',
      'true,',
    ],
    [
      'shared-with-selectors',
      'a Service that shares is not announced by an L2Advertisement with serviceSelectors',
      "if (selective && hasAnnotation(service, 'allow-shared-ip')) {",
      'if (false) {',
    ],
    [
      'shared-whatever-value',
      'for that the annotation counts under either prefix and with any value',
      "hasAnnotation(service, 'allow-shared-ip')",
      "service.annotations['metallb.io/allow-shared-ip']",
    ],
    [
      'unselected-node',
      'a node that no L2Advertisement selects is told apart from one that lost',
      "'notOwner' : 'noMatchingAdvertisement'",
      "'notOwner' : 'notOwner'",
    ],
    [
      'interfaces-all',
      'one L2Advertisement without interfaces opens all of them',
      "if (ads.some(({ interfaces }) => interfaces.length === 0)) return 'all'",
      '',
    ],
    [
      'interfaces-union',
      'the interfaces of several L2Advertisements are taken together',
      'ads.flatMap(({ interfaces }) => interfaces)',
      '(ads[0]?.interfaces ?? [])',
    ],
    [
      'interfaces-of-own',
      'only L2Advertisements that select the node have a say in its interfaces',
      'interfacesOf(ads.filter(({ nodes }) => node !== null && nodes.has(node)))',
      'interfacesOf(ads)',
    ],
    [
      'all-addresses',
      'one node answers for all addresses of a Service',
      '{ node, claims: ips.map(',
      '{ node, claims: ips.slice(0, 1).map(',
    ],
  ]),
  ...rulesIn(AREA, 'src/plan/eligibility.ts', [
    [
      'network-unavailable',
      'a node with the condition NetworkUnavailable is no candidate',
      'if (state?.networkUnavailable)',
      'if (false)',
    ],
    [
      'excluded',
      'nor is one with the label that excludes it from load balancers',
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
      'local-node',
      'externalTrafficPolicy Local: a node without an endpoint is no candidate',
      'if (serving && !serving.has(node))',
      'if (false)',
    ],
    [
      'local-can-serve',
      'externalTrafficPolicy Local: the endpoint must be able to serve',
      'if (canServe && nodeName !== null)',
      'if (nodeName !== null)',
    ],
    [
      'cluster-anywhere',
      'externalTrafficPolicy Cluster: it does not matter where endpoints are',
      "if (service.externalTrafficPolicy === 'Cluster') return { ...from, serving: null, gate }",
      '',
    ],
    [
      'first-address-elects',
      'the first address of a Service decides who answers for both',
      'return { ok: true, ips, ip: first, pool }',
      'return { ok: true, ips, ip: [...ips.keys()].at(-1) ?? first, pool }',
    ],
    [
      'lacks-interfaces',
      'a node known to lack all interfaces that are named is no candidate',
      'if (!ads.some((ad) => ad.nodes.has(node) && hasInterface(node, ad, world))) {',
      'if (false) {',
    ],
    [
      'interfaces-unknown',
      'a node whose interfaces are not known is taken to have them',
      'known === undefined ||',
      'known !== undefined &&',
    ],
  ]),
  ...rulesIn(AREA, 'src/programs/cli/simulate/simulation.ts', [
    [
      'speaker-alive',
      'only a node whose speaker is alive is a candidate',
      'given ? nodes.filter((node) => given.includes(node)) : nodes',
      'nodes',
    ],
  ]),
  ...rulesIn(AREA, 'src/plan/election.ts', [
    ['score-first', 'preferred nodes come before all others', 'score += scores.get(node) ?? 0', 'score += 0'],
    [
      'scores-add-up',
      'scores of several L2Advertisements add up',
      'score += scores.get(node) ?? 0',
      'score = scores.get(node) ?? score',
    ],
    ['digest-words', 'among equals the hash of node, #, address decides', '`${node}#${ip}`', '`${ip}#${node}`'],
    ['digest-ascending', 'the lowest hash wins', 'if (digest < winner.digest)', 'if (digest > winner.digest)'],
  ]),
  ...rulesIn(AREA, 'src/model/parse-l2-advertisement.ts', [
    [
      'score-of-selected',
      'preferences count for nodes that the same L2Advertisement selects',
      'scores: score(preferences, eligible, nodes),',
      'scores: score(preferences, new Set(nodes.keys()), nodes),',
    ],
    [
      'weights-add-up',
      'weights of several preferences that match add up',
      'total + (matches(selector, labels) ? weight : 0)',
      'matches(selector, labels) ? weight : total',
    ],
  ]),
  ...rulesIn(AREA, 'src/model/attach.ts', [
    [
      'preferences-stack',
      'two L2Advertisements that differ only in name count twice where they have preferences',
      'advertisement.scores.size > 0 ? advertisement.name : effectOf(advertisement)',
      'effectOf(advertisement)',
    ],
  ]),
  ...rulesIn('endpoint', 'src/model/endpoint.ts', [
    ['ready-unset', 'an endpoint that does not say whether it is ready can serve', '?? true)', '?? false)'],
    [
      'serving-unready',
      'an endpoint that serves but is not ready can serve',
      " || (conditions.boolean('serving') ?? false)",
      '',
    ],
    [
      'terminating-ready',
      'that it is terminating does not matter',
      " || (conditions.boolean('serving') ?? false)",
      " && !(conditions.boolean('terminating') ?? false)",
    ],
  ]),
  ...rulesIn('node', 'src/model/node.ts', [
    [
      'unavailable-is-true',
      'the condition NetworkUnavailable counts where it is True',
      "=== 'NetworkUnavailable' && condition.string('status') === 'True'",
      "=== 'NetworkUnavailable'",
    ],
    [
      'excluded-any-value',
      'the excluding label counts whatever its value',
      'excluded: Object.hasOwn(labels, EXCLUDE_LABEL)',
      "excluded: labels[EXCLUDE_LABEL] === 'true'",
    ],
  ]),
  ...rulesIn('select', 'src/model/select.ts', [
    [
      'nodes',
      'an advertisement is for the nodes that its nodeSelectors match',
      'if (matchesAny(selectors, labels)) names.add(name)',
      'names.add(name)',
    ],
    ['pools-by-name', 'pools are selected by name', 'named.has(name) || (selectors', '(selectors'],
    [
      'pools-by-label',
      'and by their labels beside that',
      'named.has(name) || (selectors.length > 0 && matchesAny(selectors, labels))',
      'named.has(name)',
    ],
    [
      'pools-all',
      'an advertisement that selects no pool is for all',
      'if (names.length === 0 && selectors.length === 0) return pools',
      '',
    ],
  ]),
  ...rulesIn('selector', 'src/model/selector.ts', [
    [
      'all-requirements',
      'a selector wants all that it says',
      'selector.requirements.every(',
      'selector.requirements.some(',
    ],
    ['any-of-several', 'of several selectors one is enough', 'selectors.some((selector)', 'selectors.every((selector)'],
    ['in', 'In wants one of the values', 'value !== undefined && values.includes(value)', 'value !== undefined'],
    [
      'not-in-absent',
      'NotIn is content with a label that is absent',
      'return value === undefined || !values.includes(value)',
      'return value !== undefined && !values.includes(value)',
    ],
    ['not-in', 'NotIn wants none of the values', '|| !values.includes(value)', '|| values.length > 0'],
    [
      'exists',
      'Exists wants the label with any value',
      "case 'Exists':\n      return value !== undefined",
      "case 'Exists':\n      return value === 'true'",
    ],
    [
      'does-not-exist',
      'DoesNotExist wants it absent',
      "case 'DoesNotExist':\n      return value === undefined",
      "case 'DoesNotExist':\n      return value !== undefined",
    ],
  ]),
]
