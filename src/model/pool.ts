// SPDX-License-Identifier: Apache-2.0
import type { Cidr, Range } from '../lib/prefix.ts'
import type { Labels, Selector } from './selector.ts'

/** One entry of spec.addresses. `cidrs` is its minimal prefix list, ascending; `range` its two ends. */
export type AddressBlock = Readonly<{ text: string; range: Range; cidrs: readonly Cidr[] }>

/**
 * spec.serviceAllocation, resolved: `namespaces` is the union of names and matching namespaceSelectors. A section without
 * any condition has EVERYTHING as its one service selector; both lists empty means conditions that match nothing.
 */
export type Allocation = Readonly<{
  /** Lower wins; 0 is unset and comes last. */
  priority: number
  namespaces: ReadonlySet<string>
  serviceSelectors: readonly Selector[]
}>

/** An IPAddressPool. `blocks` stay in the order of the spec: it is the order of allocation. */
export type Pool = Readonly<{
  name: string
  labels: Labels
  blocks: readonly AddressBlock[]
  autoAssign: boolean
  /** Never hand out IPv4 x.x.x.0 and x.x.x.255. */
  avoidBuggyIps: boolean
  /** Present means pinned: never given to "anyone". */
  allocation: Allocation | null
}>
