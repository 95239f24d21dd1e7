// SPDX-License-Identifier: Apache-2.0
/**
 * Routers on our links, by the advertisements that they send (RFC 4861 §6): for BGP peers that are named by an interface
 * and not by an address. Where it watches, it advertises this node in turn, so that they find us.
 */
export interface Routers {
  /** On these interfaces from now on, and on no others. */
  watch(links: readonly string[]): void
  /** Link-local address of the router on an interface, canonical text; null: none was heard. */
  neighbour(link: string): string | null
  /** Calls back after each change of an answer of `neighbour`. Listeners stay until `close`. */
  onChange(listener: () => void): void
  close(): void
}
