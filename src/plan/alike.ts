// SPDX-License-Identifier: Apache-2.0
/** Nodes between which no BGP plan can differ, so that who plans for a whole cluster plans for one of them. */
import type { World } from './world.ts'

/**
 * The live nodes, in groups: two nodes of a group are selected by the same BGPAdvertisements and BGPPeers and are equally
 * fit. What `planBgp` says still differs between them by where endpoints are (externalTrafficPolicy Local).
 */
export function alikeNodes({ model, speakers }: World): readonly (readonly string[])[] {
  const sets = [...[...model.bgpByPool.values()].flat(), ...model.peers].map(({ nodes }) => nodes)
  const groups = new Map<string, string[]>()
  for (const name of speakers) {
    const { networkUnavailable = false, excluded = false } = model.nodes.get(name) ?? {}
    const signature = [networkUnavailable, excluded, ...sets.map((nodes) => nodes.has(name))].map(Number).join('')
    const group = groups.get(signature)
    if (group) group.push(name)
    else groups.set(signature, [name])
  }
  return [...groups.values()]
}
