// SPDX-License-Identifier: Apache-2.0
/**
 * ServiceL2Status (metallb-crds): one for each Service, by the node that answers for it. So whoever answers removes those
 * of other nodes, too.
 */
import { SERVICE_L2_STATUSES } from '../../kube/resource.ts'
import { textAt } from '../../lib/unchecked.ts'
import { type StatusForm, sameSet } from './service-status.ts'

/** What it says, or is to say; `interfaces` null: on all of them. */
export type L2Answer = Readonly<{ interfaces: readonly string[] | null }>

export const L2_STATUS: StatusForm<L2Answer> = {
  resource: SERVICE_L2_STATUSES,
  generateName: 'l2-',
  fields: ({ interfaces }) => ({ interfaces: interfaces?.map((name) => ({ name })) ?? null }),
  read: (fields) => {
    const { interfaces } = fields
    // What is no name is like none of ours, and so is written anew.
    return { interfaces: Array.isArray(interfaces) ? interfaces.map((one) => textAt(one, 'name')) : null }
  },
  same: ({ interfaces: a }, { interfaces: b }) => (a === null || b === null ? a === b : sameSet(a, b)),
}
