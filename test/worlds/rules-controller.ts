// SPDX-License-Identifier: Apache-2.0
/** How one Service is brought to what it asks for: annotations, classes, and the rows of convergence. */
import { rulesIn } from './rule.ts'

const AREA = 'controller'

export const CONTROLLER_RULES = [
  ...rulesIn(`${AREA}-annotation`, 'src/model/annotations.ts', [
    [
      'current-first',
      'a key under metallb.io counts before the same one under the older prefix',
      'own(annotations, PREFIX + name) ?? own(annotations, LEGACY_PREFIX + name)',
      'own(annotations, LEGACY_PREFIX + name) ?? own(annotations, PREFIX + name)',
    ],
    [
      'older-honoured',
      'where only the older key stands, it counts',
      'own(annotations, PREFIX + name) ?? own(annotations, LEGACY_PREFIX + name)',
      'own(annotations, PREFIX + name)',
    ],
    [
      'empty-is-present',
      'an empty current key hides a filled older one',
      'own(annotations, PREFIX + name) ?? own(',
      'own(annotations, PREFIX + name) || own(',
    ],
  ]),
  ...rulesIn(`${AREA}-request`, 'src/ipam/request.ts', [
    ['blanks', 'blanks around requested addresses do not matter', 'parseIp(text.trim())', 'parseIp(text)'],
    [
      'one-place',
      'annotation and spec.loadBalancerIP together are an invalid request',
      "if (annotated !== '' && loadBalancerIp !== '') {",
      'if (false) {',
    ],
    [
      'spec-has-one',
      'spec.loadBalancerIP is one address, not a list',
      'parseList([loadBalancerIp],',
      "parseList(loadBalancerIp.split(','),",
    ],
    [
      'two-families',
      'two requested addresses must be of different families',
      'if (stackOf(ips.map(({ family }) => family)) === null) {',
      'if (false) {',
    ],
  ]),
  ...rulesIn(`${AREA}-class`, 'src/model/service.ts', [
    [
      'flag-excludes-none',
      'with a class asked for, a Service without class is not ours',
      'return loadBalancerClass !== null && classes.includes(loadBalancerClass)',
      'return loadBalancerClass === null || classes.includes(loadBalancerClass)',
    ],
    [
      'flag-must-equal',
      'with a class asked for, a Service of another class is not ours',
      'return loadBalancerClass !== null && classes.includes(loadBalancerClass)',
      'return loadBalancerClass !== null',
    ],
    [
      'none-is-ours',
      'without a class asked for, a Service without class is ours',
      'return loadBalancerClass === null || loadBalancerClass.startsWith(PREFIX)',
      'return loadBalancerClass !== null && loadBalancerClass.startsWith(PREFIX)',
    ],
  ]),
  ...rulesIn(`${AREA}-row`, 'src/ipam/review.ts', [
    [
      '1-other-type',
      'a Service that is no LoadBalancer any more gives its address up',
      "if (service.type !== 'LoadBalancer') return clear(null) // row 1",
      '',
    ],
    ['2-no-pools', 'without any pool the Service loses its address and hears why', 'return clear(noPools())', 'void 0'],
    ['5-require-dual', 'RequireDualStack needs two cluster IPs', 'clusterIPs < 2', 'clusterIPs < 1'],
    [
      '5-event',
      'RequireDualStack without two cluster IPs has a Warning of its own',
      "events: [warning('not enough clusterips', refusal.message)]",
      'events: []',
    ],
    [
      '6-nothing-held',
      'a Service that holds nothing has nothing said about what it holds',
      'if (!hasAddress(service)) return { kept: null, events: [] } // row 6',
      '',
    ],
    [
      '7-family-changed',
      'an address of a family that the cluster IPs do not have is given up',
      'if (stack !== null && stack !== currentStack && !isPart)',
      'if (false)',
    ],
    [
      '7-prefer-dual-keeps-one',
      'with PreferDualStack and both families, one address may stay',
      ' && !isPart) return',
      ') return',
    ],
    [
      '7-unreadable-status',
      'addresses in the status that are no usable set have a Warning',
      'if (!ips || !currentStack) {',
      'if (false) {',
    ],
    [
      '7-headless-keeps',
      'a headless Service keeps the address that it holds',
      'return { kept, events, settled: true, refusal: unknownFamily(service.headless) }',
      'return { kept: null, events, settled: true, refusal: unknownFamily(service.headless) }',
    ],
    [
      '7-headless-warning',
      'a headless Service that holds an address has a Warning',
      "if (stack === null) events.push(warning('noclusterIPsIPFamily', unknownFamily(service.headless).message))",
      '',
    ],
    [
      '8-admitted-anew',
      'an address is kept only while those who share it let it',
      'const found = placed.ok ? admit(ledger, request, placed.bid) : placed',
      'const found = placed',
    ],
    [
      '8-event',
      'an address that is not allowed any more is taken with an event',
      "return { kept: null, events: [...events, normal('ClearAssignment', why)] } // row 8",
      'return { kept: null, events }',
    ],
    [
      '9-other-pool-asked',
      'a Service that asks for another pool leaves the one it is in',
      "const isElsewhere = pool !== '' && pool !== found.bid.pool // row 9",
      'const isElsewhere = false',
    ],
    [
      '10-invalid-request-keeps',
      'an invalid request takes no address away',
      "return { kept, events: [...events, warning('LoadBalancerFailed', message)]",
      "return { kept: null, events: [...events, warning('LoadBalancerFailed', message)]",
    ],
    [
      '10-event',
      'an invalid request has a Warning',
      "events: [...events, warning('LoadBalancerFailed', message)], settled",
      'events, settled',
    ],
    [
      '11-other-addresses-asked',
      'a Service that asks for other addresses gives up those that it has',
      'const stays = kept && (wanted.ips.length === 0 || isSameSet(wanted.ips, kept.ips)) // row 11',
      'const stays = kept !== null',
    ],
    [
      '11-as-a-set',
      'the order of requested addresses does not matter to those held',
      'a.every((ip) => b.some(({ family, bits }) => ip.bits === bits && ip.family === family))',
      'a.every((ip, at) => ip.bits === b[at]?.bits)',
    ],
  ]),
  ...rulesIn(`${AREA}-row`, 'src/ipam/converge.ts', [
    [
      '12-second-address',
      'PreferDualStack with one address gets the other family when there is room',
      'return isFree && ',
      'return false && ',
    ],
    [
      '12-first-stays-first',
      'the address that was there stays the first',
      'ips: [...ips, second], terms',
      'ips: [second, ...ips], terms',
    ],
    [
      '12-same-pool',
      'the second address comes from the pool of the first',
      'const second = ledger.firstUsable(pool, family, terms)',
      'const second = ledger.pools.map(({ name }) => ledger.firstUsable(name, family, terms)).find((ip) => ip) ?? null',
    ],
    [
      '12-event-added',
      'a second address has an event',
      'return { events: [event], refusal: null, waitsFor: [] }',
      'return { events: [], refusal: null, waitsFor: [] }',
    ],
    [
      '12-event-failed',
      'no room for the second address has an event and is no refusal',
      "events: [normal('AdditionalAssignFailed', message)],",
      'events: [],',
    ],
    [
      '13-event-assigned',
      'a new address has an event',
      'return { events: [event], refusal: null, waitsFor: secondFrom(ledger, request, found.bid) }',
      'return { events: [], refusal: null, waitsFor: secondFrom(ledger, request, found.bid) }',
    ],
    [
      '13-event-refused',
      'a refusal has a Warning',
      "events: [warning('AllocationFailed', message)], refusal: found.refusal",
      'events: [], refusal: found.refusal',
    ],
    [
      'deprecated-event',
      'a Service that is written has a Warning for each older key',
      'key.startsWith(LEGACY_PREFIX))',
      'key === LEGACY_PREFIX)',
    ],
    [
      'deprecated-quiet',
      'a Service that needs no write hears nothing of its older keys',
      'if (isWritten(service, lease)) return []',
      '',
    ],
  ]),
]
