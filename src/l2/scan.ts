// SPDX-License-Identifier: Apache-2.0
/** Which links Layer 2 may use. */
import type { Link } from '../lib/net.ts'

/** A regular expression, or what stands for one: where in the name it is found, or -1. */
export type NamePattern = Readonly<{ [Symbol.search](name: string): number }>

/** Links by name that no exclude pattern finds, up or down: what an advertisement's `interfaces` may name. */
export function localLinks(links: readonly Link[], exclude: readonly NamePattern[]): Map<string, Link> {
  const local = links.filter(({ name }) => !exclude.some((pattern) => name.search(pattern) >= 0))
  return new Map(local.map((link) => [link.name, link]))
}

/**
 * Whether ARP is answered there: on every Ethernet link that is up, speaks ARP and talks for itself. It needs no
 * address of its own. A member of a bridge, bond or VRF leaves that to the interface above it.
 */
export function answersArp(link: Link): boolean {
  return link.up && link.broadcast && !link.noArp && !link.hasMaster && link.mac !== null
}

/**
 * Whether neighbour discovery is answered there: on every Ethernet link that is up, carries frames to groups and talks for
 * itself. What it sends comes from the link-local address, so it needs one that is in use.
 */
export function answersNdp(link: Link): boolean {
  return link.up && link.multicast && !link.noArp && !link.hasMaster && link.mac !== null && link.linkLocal !== null
}
