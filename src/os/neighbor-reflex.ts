// SPDX-License-Identifier: Apache-2.0
/** Answering ARP and neighbour discovery on Linux: the native thread, told what is claimed. */
import { formatMac } from '../lib/bytes.ts'
import {
  ARP_DROPS,
  type Attachment,
  NDP_DROPS,
  type NeighborCounters,
  type NeighborListener,
  type NeighborProtocol,
  type NeighborReflex,
  protocolOf,
  type Reach,
  type ReachChange,
  type SendResult,
} from '../lib/neighbors.ts'
import type { Link } from '../lib/net.ts'
import { systemFault } from './fault.ts'
import { type Handle, loadNative } from './native.ts'
import { NdpGroups } from './ndp-groups.ts'
import { keyOf, LinuxProtocol, textOf } from './neighbor-protocol.ts'

const ECANCELED = -125
/** enum reflex_event_kind of src/os/native/neighbor-reflex.h. */
const EVENT_SUSPENDED = 0
const EVENT_LINK_DOWN = 2

/**
 * Starts the reflex. A process stopped for longer than `pauseMs` stays silent until `confirm`; 0 switches that off.
 * Throws Fault `noCapability` or `noAddon`.
 */
export function openNeighborReflex({ pauseMs }: { pauseMs: number }): NeighborReflex {
  return new LinuxNeighborReflex(pauseMs)
}

class LinuxNeighborReflex implements NeighborReflex {
  readonly #native = loadNative()
  readonly #handle: Handle
  readonly #protocols: Readonly<Record<NeighborProtocol, LinuxProtocol>>
  readonly #groups = new NdpGroups(this.#native)
  #listener: NeighborListener | undefined

  constructor(pauseMs: number) {
    const opened = this.#native.neighborOpen(pauseMs, (kind, pausedMs, key, index, mac) => {
      if (kind === EVENT_SUSPENDED) this.#listener?.onSuspended(pausedMs)
      else if (kind === EVENT_LINK_DOWN) this.#groups.renew(index)
      else this.#listener?.onConflict({ ip: textOf(key), index, mac: formatMac(mac) })
    })
    if (typeof opened === 'number') throw systemFault(opened, 'open a packet socket')
    this.#handle = opened
    this.#protocols = {
      arp: new LinuxProtocol(this.#native, opened, 'arp'),
      ndp: new LinuxProtocol(this.#native, opened, 'ndp'),
    }
  }

  listen(listener: NeighborListener): void {
    this.#listener = listener
  }

  attach(protocol: NeighborProtocol, link: Link): void {
    this.#protocols[protocol].attach(link)
    if (protocol === 'arp') return
    try {
      this.#groups.attach(link, this.#protocols.ndp.table)
    } catch (error) {
      this.detach({ protocol, index: link.index })
      throw error
    }
  }

  detach({ protocol, index }: Attachment): void {
    this.#protocols[protocol].detach(index)
    if (protocol === 'ndp') this.#groups.detach(index)
  }

  update(changes: readonly ReachChange[]): void {
    const changed = new Set<LinuxProtocol>()
    const moves: (readonly [key: Uint8Array, before: Reach | null, after: Reach | null])[] = []
    for (const { ip, reach } of changes) {
      const name = protocolOf(ip)
      const protocol = this.#protocols[name]
      const key = keyOf(ip)
      if (name === 'ndp') moves.push([key, protocol.table.get(key), reach])
      protocol.set(key, reach)
      changed.add(protocol)
    }
    // First what is answered: thousands of groups take the kernel a tenth of a second.
    for (const protocol of changed) protocol.swap()
    for (const move of moves) this.#groups.change(...move)
    if (moves.length > 0) this.#groups.work()
  }

  send({ protocol, index }: Attachment, frame: Uint8Array): SendResult {
    const result = this.#protocols[protocol].send(index, frame)
    if (result === 0) return 'sent'
    return result === ECANCELED ? 'suspended' : 'lost'
  }

  confirm(): void {
    this.#native.neighborConfirm(this.#handle)
  }

  counters(): NeighborCounters {
    const arp = this.#protocols.arp.read()
    const ndp = this.#protocols.ndp.read()
    return {
      addresses: [...arp.addresses, ...ndp.addresses],
      drops: { arp: named(ARP_DROPS, arp.drops), ndp: named(NDP_DROPS, ndp.drops) },
    }
  }

  close(): void {
    this.#groups.close()
    this.#native.neighborClose(this.#handle)
  }
}

/** Drops by name. The native codes start at 1, in the order of the names. */
function named<Name extends string>(names: readonly Name[], drops: BigUint64Array): Record<Name, number> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the border: one entry for each name
  return Object.fromEntries(names.map((name, i) => [name, Number(drops[i + 1])])) as Record<Name, number>
}
