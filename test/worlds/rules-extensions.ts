// SPDX-License-Identifier: Apache-2.0
/** Where more is done than MetalLB does, or otherwise, on purpose. */
import { rulesIn } from './rule.ts'

const AREA = 'ext'

export const EXTENSION_RULES = [
  ...rulesIn(AREA, 'src/model/service.ts', [
    [
      'class-prefix',
      'without a class asked for, every class under metallb.io/ is ours',
      'return loadBalancerClass === null || loadBalancerClass.startsWith(PREFIX)',
      'return loadBalancerClass === null',
    ],
    ['class-list', 'several classes may be asked for', ".split(',')", ".split(';')"],
  ]),
  ...rulesIn(AREA, 'src/ipam/converge.ts', [
    [
      'no-flip-flop',
      'PreferDualStack with cluster IPs of one family is left with one address',
      "isFree && stack === 'dual' && ",
      'isFree && ',
    ],
  ]),
  ...rulesIn(AREA, 'src/ipam/ledger.ts', [
    [
      'ties-by-name',
      'pools of one priority are used by name',
      'pools.toSorted((a, b) => (a.name < b.name ? -1 : 1))',
      'pools.toSorted((a, b) => (a.name < b.name ? 1 : -1))',
    ],
  ]),
]
