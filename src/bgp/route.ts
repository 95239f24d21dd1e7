// SPDX-License-Identifier: Apache-2.0
import type { Cidr } from '../lib/ip.ts'

/** A prefix as it is offered to one session, before the session adds its own AS path and next hop. */
export type Route = Readonly<{
  prefix: Cidr
  /** What the advertisement asks for; travels to internal peers only. Null: unset. */
  localPref: number | null
  /** RFC 1997 values, ascending. */
  communities: readonly number[]
  /** RFC 8092 values as `A:B:C`, ascending by number. */
  largeCommunities: readonly string[]
  med: number | null
  /** ASNs put after our own. */
  prepend: readonly number[]
}>
