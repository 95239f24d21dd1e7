// SPDX-License-Identifier: Apache-2.0
/** One endpoint of an EndpointSlice, reduced to what decides an announcement. */
export type Endpoint = Readonly<{
  nodeName: string | null
  /** conditions.ready is true or absent, or conditions.serving is true; terminating is not consulted. */
  canServe: boolean
  /** How many addresses it has; BGP wants at least one. */
  addresses: number
}>
