// SPDX-License-Identifier: Apache-2.0
/** What examples/bgp-multi-router promises each router of the demo. */
import type { SeenRoute } from './routers/router.ts'
import type { Stage } from './stage.ts'
import type { Uplink } from './uplinks.ts'

/** The first of the pool. */
export const ADDRESS = '198.51.100.240'
export const PREFIX = `${ADDRESS}/32`
export const PAGE = `http://${ADDRESS}/`

const COMMUNITY = '64500:100'
const LOCAL_PREF = 150

/** A router may have a localPref of its own making where none was sent. */
const PROMISES: Readonly<Record<string, Readonly<{ asPath: string; med: number | null; localPref: number | null }>>> = {
  'router-1': { asPath: '64500', med: null, localPref: null },
  'router-2': { asPath: '64500 64500 64500', med: 50, localPref: null },
  'router-3': { asPath: '', med: null, localPref: LOCAL_PREF },
}

/** Whether the router has a path from every node, and all of them are as promised. */
export function keepsPromise({ nodes }: Stage, { name }: Uplink, paths: readonly SeenRoute[]): boolean {
  const promise = PROMISES[name]
  return (
    nodes.every(({ plan }) => paths.some(({ peer }) => peer === plan.address)) &&
    paths.every(
      ({ asPath, med, localPref, communities }) =>
        asPath.join(' ') === promise?.asPath &&
        med === promise.med &&
        (promise.localPref === null ? localPref !== LOCAL_PREF : localPref === promise.localPref) &&
        communities.join(' ') === COMMUNITY,
    )
  )
}
