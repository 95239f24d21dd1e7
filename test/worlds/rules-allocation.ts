// SPDX-License-Identifier: Apache-2.0
/** Which addresses a Service gets, with whom it may share them, and who comes first. */
import { rulesIn } from './rule.ts'

const AREA = 'allocation'

export const ALLOCATION_RULES = [
  ...rulesIn(`${AREA}-family`, 'src/ipam/family.ts', [
    [
      'two-of-one',
      'two cluster IPs of one family make no family',
      "return one === two ? null : 'dual'",
      "return one === two ? one : 'dual'",
    ],
    ['order', 'addresses given together are IPv4 first', "['ipv4', 'ipv6'] : [stack]", "['ipv6', 'ipv4'] : [stack]"],
  ]),
  ...rulesIn(`${AREA}-request`, 'src/ipam/request.ts', [
    [
      'three',
      'no more than two addresses are requested',
      'if (ips.length > 2) {',
      'if (ips.length > 2) return { ok: true, ips }\n  if (false) {',
    ],
    [
      'one-family',
      'two requested addresses are of both families',
      'if (stackOf(ips.map(({ family }) => family)) === null) {',
      'if (false) {',
    ],
  ]),
  ...rulesIn(AREA, 'src/ipam/allocate.ts', [
    [
      'exactly-requested',
      'requested addresses are given, and no others',
      'if (wanted.ips.length > 0) return allocateExactly(ledger, request, wanted.ips)',
      '',
    ],
    [
      'requested-family',
      'requested addresses must be of the families of the cluster IPs',
      'if (stack !== null && stackOf(ips.map(({ family }) => family)) !== stack)',
      'if (false)',
    ],
    [
      'requested-pool-agrees',
      'a requested pool and requested addresses must fit',
      "if (pool !== '' && pool !== bid.pool)",
      'if (false)',
    ],
    [
      'unknown-pool',
      'a pool that does not exist is not replaced by another',
      'if (!pool) return no(unknownPool(request.pool, names(ledger.pools)))',
      'if (!pool) return allocateAutomatically(ledger, request)',
    ],
    [
      'pool-by-name-pinned',
      'a requested pool must be for the Service',
      'if (mismatch !== null) return no(poolNotForService(pool.name, mismatch))',
      '',
    ],
    [
      'pool-by-name-manual',
      'a requested pool may have autoAssign off',
      'if (mismatch !== null) return no(poolNotForService(pool.name, mismatch))',
      'if (mismatch !== null || !pool.autoAssign) return no(poolNotForService(pool.name, "is manual"))',
    ],
    [
      'pool-by-name-full',
      'a requested pool that is full is not replaced by another',
      '?? exhausted(ledger, request, [pool])',
      '?? allocateAutomatically(ledger, request)',
    ],
    [
      'pool-lacks-family',
      'a pool without the family is told apart from a full one',
      'if (suitable.length === 0) return no(poolLacksFamily(names(pools), stack))',
      '',
    ],
    [
      'dual-from-one-pool',
      'RequireDualStack takes both addresses from one pool or none',
      "return fallback && service.ipFamilyPolicy === 'PreferDualStack' ?",
      'return fallback ?',
    ],
    [
      'single-stack-with-two',
      'SingleStack with cluster IPs of both families is refused',
      "if (stack === 'dual' && service.ipFamilyPolicy === 'SingleStack') return no(singleStackWithTwo())",
      '',
    ],
    [
      'prefer-both',
      'PreferDualStack goes past a pool with one family to one with both',
      'if (ips.length === families.length) return',
      'if (ips.length > 0) return',
    ],
    [
      'prefer-primary',
      'PreferDualStack without a pool of both takes the primary family',
      "const primary: Family = service.ipFamilies[0] ?? 'ipv4'",
      "const primary: Family = 'ipv4'",
    ],
    [
      'prefer-secondary',
      'PreferDualStack takes the other family where there is no more',
      'if (ips.length > 0 && better)',
      'if (ips[0]?.family === primary && better)',
    ],
    [
      'prefer-with-one-family',
      'PreferDualStack with cluster IPs of one family gets that one',
      'stack === null ? [] : familiesOf(stack)\n  const primary',
      "familiesOf(service.ipFamilyPolicy === 'PreferDualStack' ? 'dual' : (stack ?? 'ipv4'))\n  const primary",
    ],
    [
      'pinned-searched-first',
      'a pinned pool with one family goes before a common one with both',
      'const groups = automaticGroups(ledger.pools, request.service)',
      'const groups = [automaticGroups(ledger.pools, request.service).flat()]',
    ],
  ]),
  ...rulesIn(`${AREA}-pools`, 'src/ipam/pools.ts', [
    [
      'manual-skipped',
      'a pool with autoAssign off gives nothing unasked',
      'autoAssign && !allocation)]',
      '!allocation)]',
    ],
    [
      'manual-pinned-skipped',
      'nor does a pinned one',
      'if (!autoAssign || !allocation) return false',
      'if (!allocation) return false',
    ],
    [
      'pinned-to-others-skipped',
      'a pool pinned to others is not for everybody',
      'autoAssign && !allocation)]',
      'autoAssign)]',
    ],
    [
      'pinned-first',
      'pinned pools come before common ones, whatever their names',
      'return [pinned, pools.filter(({ autoAssign, allocation }) => autoAssign && !allocation)]',
      'return [pools.filter(({ autoAssign, allocation }) => autoAssign && !allocation), pinned]',
    ],
    ['priority-ascending', 'a lower priority number comes first', 'rank(a) - rank(b)', 'rank(b) - rank(a)'],
    [
      'priority-zero-last',
      'priority 0 comes last',
      'return priority > 0 ? priority : Number.MAX_SAFE_INTEGER',
      'return priority',
    ],
    [
      'namespaces',
      'pinned namespaces keep others out',
      'if (namespaces.size > 0 && !namespaces.has(service.namespace)) {',
      'if (false) {',
    ],
    [
      'selectors',
      'pinned labels keep others out, also in the right namespace',
      'if (serviceSelectors.length === 0) return null',
      'if (serviceSelectors.length >= 0) return null',
    ],
    [
      'one-selector-is-enough',
      'of several serviceSelectors one is enough',
      'if (serviceSelectors.some(',
      'if (serviceSelectors.every(',
    ],
    [
      'no-labels-needed',
      'without serviceSelectors the namespace is enough',
      'if (serviceSelectors.length === 0) return null',
      '',
    ],
    [
      'selects-nothing',
      'an allocation that selects nothing gives nothing unasked',
      '(allocation.namespaces.size > 0 || allocation.serviceSelectors.length > 0) && mismatchOf',
      'mismatchOf',
    ],
  ]),
  ...rulesIn(`${AREA}-pools`, 'src/model/parse-pool.ts', [
    [
      'namespace-labels',
      'namespaceSelectors add the namespaces that they match',
      '[...names, ...selected.map(([name]) => name)]',
      'names',
    ],
    [
      'namespace-names',
      'names of namespaces count beside namespaceSelectors',
      '[...names, ...selected.map(([name]) => name)]',
      'selected.map(([name]) => name)',
    ],
    [
      'priority-only',
      'an allocation without conditions is for every Service, before common pools',
      'unconditional ? [EVERYTHING] : serviceSelectors',
      'serviceSelectors',
    ],
  ]),
  ...rulesIn(`${AREA}-scan`, 'src/ipam/ranges.ts', [
    [
      'order-of-spec',
      'entries of a pool are used in the order in which they stand',
      '.filter((range) => range.family === family))',
      '.filter((range) => range.family === family).toSorted((a, b) => (a.first < b.first ? -1 : 1)))',
    ],
    [
      'network-address-used',
      'the first and the last address of a prefix are used',
      "this.#skipsBuggy = pool.avoidBuggyIps && family === 'ipv4'",
      "this.#skipsBuggy = family === 'ipv4'",
    ],
    [
      'buggy-skipped',
      'avoidBuggyIPs skips .0 and .255',
      "this.#skipsBuggy = pool.avoidBuggyIps && family === 'ipv4'",
      'this.#skipsBuggy = false',
    ],
    [
      'buggy-is-ipv4',
      'avoidBuggyIPs is about IPv4 only',
      "return family === 'ipv4' && (octet === 0n || octet === 255n)",
      'return octet === 0n || octet === 255n',
    ],
    [
      'capacity-without-buggy',
      'addresses that avoidBuggyIPs skips are not counted as available',
      'return high - low + 1n - zeros - broadcasts',
      'return high - low + 1n',
    ],
    [
      'capacity-unbounded',
      'an IPv6 prefix of 62 host bits or more counts as unbounded',
      'return widest >= UNBOUNDED_HOST_BITS ? UNBOUNDED : high - low + 1n',
      'return high - low + 1n',
    ],
    [
      'capacity-fits-counter',
      'several of them count as unbounded, too',
      'return sum < UNBOUNDED ? sum : UNBOUNDED',
      'return sum',
    ],
  ]),
  ...rulesIn(AREA, 'src/ipam/admit.ts', [
    ['all-in-pool', 'every requested address must be in a pool', 'if (!pool || homeless.length > 0)', 'if (!pool)'],
    [
      'all-in-one-pool',
      'requested addresses must be in one pool',
      'if (pools.some((other) => other !== pool)) {',
      'if (false) {',
    ],
    [
      'buggy-not-given',
      'an address that avoidBuggyIPs skips is not given to who asks for it, either',
      'pool.avoidBuggyIps ? ips.find(isBuggy) : undefined',
      'undefined',
    ],
    [
      'requested-from-pinned',
      'a requested address must be of a pool that is for the Service',
      'const mismatch = mismatchOf(pool, service)',
      'const mismatch = null',
    ],
    [
      'requested-from-manual',
      'a requested address may be of a pool with autoAssign off',
      'const mismatch = mismatchOf(pool, service)',
      "const mismatch = pool.autoAssign ? mismatchOf(pool, service) : 'is manual'",
    ],
  ]),
  ...rulesIn(`${AREA}-sharing`, 'src/ipam/sharing.ts', [
    [
      'same-key',
      'two Services share an address only under one key',
      "if (terms.key === '' || terms.key !== theirs.key)",
      "if (terms.key === '')",
    ],
    ['empty-key', 'an empty key shares with nobody', "key: sharingKey === '' ? '' : JSON", 'key: JSON'],
    [
      'local-same-pods',
      'with externalTrafficPolicy Local they must select the same Pods',
      "service.externalTrafficPolicy === 'Local' ? canonical(service.podSelector) : ''",
      "''",
    ],
    [
      'cluster-any-pods',
      'with externalTrafficPolicy Cluster they may select different Pods',
      "service.externalTrafficPolicy === 'Local' ? canonical(service.podSelector) : ''",
      'canonical(service.podSelector)',
    ],
    [
      'local-without-selector',
      'Cluster and Local share where the Local one selects nothing',
      "'Local' ? canonical(service.podSelector) : ''",
      "'Local' ? `local ${canonical(service.podSelector)}` : ''",
    ],
    [
      'selector-order',
      'the order of labels in a Pod selector does not matter',
      '.toSorted()\n    .map((key)',
      '.map((key)',
    ],
    [
      'port-free',
      'no port of a shared address is given twice',
      'if (user !== undefined && user !== service)',
      'if (false)',
    ],
    ['protocol-apart', 'one port number of two protocols is two ports', '`${protocol}/${port}`', 'String(port)'],
    [
      'across-namespaces',
      'Services of different namespaces may share',
      'JSON.stringify([sharingKey, backendKey])',
      'JSON.stringify([service.namespace, sharingKey, backendKey])',
    ],
    [
      'own-key-changes',
      'the only user of an address may change its key',
      'if (user !== service) return terms',
      'return terms',
    ],
  ]),
  ...rulesIn(`${AREA}-sharing`, 'src/ipam/room.ts', [
    [
      'first-shared',
      'of what may be shared and what is free, the first address in order is given',
      'shared !== null && (free === null || shared < free) ? shared : free',
      'free ?? shared',
    ],
    [
      'counted-once',
      'a shared address counts as one in use',
      'BigInt(this.#usages.size)',
      'BigInt([...this.#usages.values()].reduce((sum, { users }) => sum + users, 0))',
    ],
    [
      'deleted-frees',
      'the address of a deleted Service goes to one that waits',
      'this.#free.giveBack(position)',
      'void position',
    ],
  ]),
  ...rulesIn(`${AREA}-order`, 'src/ipam/converge-all.ts', [
    [
      'keepers-first',
      'who keeps an address is never displaced by one who must move',
      '(hasAddress(service) ? moving : rest).push(service)',
      'yield [service, converge(ledger, service)]',
    ],
    [
      'movers-before-new',
      'who must move chooses before who holds nothing',
      'for (const service of [...moving, ...rest]) {',
      'for (const service of [...rest, ...moving]) {',
    ],
    ['more-addresses-first', 'who holds more addresses comes first', 'b.count - a.count || ', ''],
    ['older-first', 'then the older one', 'a.service.createdMs - b.service.createdMs || ', ''],
    [
      'then-by-name',
      'then by namespace and name',
      '(a.service.key < b.service.key ? -1 : 1)',
      '(a.service.key < b.service.key ? 1 : -1)',
    ],
  ]),
  ...rulesIn(`${AREA}-change`, 'src/ipam/ledger.ts', [
    [
      'outside-dropped',
      'addresses outside the new pools are given up',
      'if (!pool || (pool.avoidBuggyIps && ips.some(isBuggy))) continue',
      '',
    ],
    [
      'renamed-pool',
      'an address whose pool got another name stays and belongs to that one',
      'lease: { pool: pool.name, ips: lease.ips } })',
      'lease })',
    ],
  ]),
  ...rulesIn(`${AREA}-change`, 'src/ipam/review.ts', [
    [
      'better-pool-moves-nobody',
      'a pool that turns manual or less preferred takes no address away',
      "const isElsewhere = pool !== '' && pool !== found.bid.pool // row 9",
      "const isElsewhere = !ledger.pool(found.bid.pool)?.autoAssign || (pool !== '' && pool !== found.bid.pool)",
    ],
  ]),
]
