// SPDX-License-Identifier: Apache-2.0
/**
 * The kernel's network as protocols see it. `os/` implements this on Linux, `test/sim/` in memory, and
 * `test/contract/` holds both to the same suite.
 */

/** A network interface. */
export type Link = Readonly<{
  /** The kernel's number for it: new each time an interface of that name is made. */
  index: number
  name: string
  /** Six bytes as `02:00:00:00:00:01`; null for links without an Ethernet address. */
  mac: string | null
  /** Switched on by the administrator. */
  up: boolean
  /** A cable is plugged in, or what stands for one. */
  carrier: boolean
  broadcast: boolean
  noArp: boolean
  /** Frames to a group reach its members. */
  multicast: boolean
  /** Member of a bridge, bond or VRF, whose own interface then does the talking. */
  hasMaster: boolean
  /** The index of that interface; null: not a member, or it is in another namespace. */
  master: number | null
  /** An IPv6 link-local address of it that is in use (none that is still being checked for duplicates); canonical text. */
  linkLocal: string | null
  /** Those in use but link-local IPv6 ones, as the kernel orders them, the first 64 of each family. */
  addresses: readonly LinkAddress[]
}>

/** An address of a link, in canonical text, and how many of its bits all stations there share; all: it stands alone. */
export type LinkAddress = Readonly<{ address: string; prefixBits: number }>

/** The links of this network namespace. */
export interface Links {
  /** All of them as of the last change. */
  list(): readonly Link[]
  /** Calls back after each change, once for changes that come together. Listeners stay until `close`. */
  onChange(listener: () => void): void
  close(): void
}
