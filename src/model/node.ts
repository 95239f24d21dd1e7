// SPDX-License-Identifier: Apache-2.0
import type { Ip } from '../lib/ip.ts'
import type { Labels } from './selector.ts'

export type Node = Readonly<{
  name: string
  labels: Labels
  /** status.addresses of type InternalIP, in their order. */
  addresses: readonly Ip[]
  /** Condition NetworkUnavailable is True. */
  networkUnavailable: boolean
  /** Carries the label node.kubernetes.io/exclude-from-external-load-balancers, whatever its value. */
  excluded: boolean
}>
