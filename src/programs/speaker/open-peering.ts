// SPDX-License-Identifier: Apache-2.0
/** Sessions with routers on this machine's network. */
import { randomInt } from 'node:crypto'
import { systemClock } from '../../lib/clock.ts'
import { formatIp } from '../../lib/ip.ts'
import type { SocketAddress } from '../../lib/sockets.ts'
import { openBfdReflex } from '../../os/bfd-reflex.ts'
import { openPeerSockets } from '../../os/peer-sockets.ts'
import { openRouters } from '../../os/routers.ts'
import type { SpeakerFlags } from '../flags/daemon-flags.ts'
import { Peering, type PeeringOptions } from './peering.ts'

/** What flags say of BGP. */
export type PeeringFlags = Pick<PeeringOptions, 'listen' | 'drainMs' | 'ignoreExcludeLabel'>

type Surroundings = 'sockets' | 'openRouters' | 'openReflex' | 'clock' | 'random'

/** Opens nothing before the first peer is there, but for --bgp-listen. Rejects with a Fault where that cannot be. */
export async function openPeering(options: Omit<PeeringOptions, Surroundings>): Promise<Peering> {
  const { links, log } = options
  const peering = new Peering({
    ...options,
    sockets: openPeerSockets(),
    openRouters: () =>
      openRouters({
        links,
        clock: systemClock,
        random: Math.random,
        onOthers: (link, routers) =>
          log.warn(`several routers are on interface ${link}; the first one that was heard is the BGP peer`, {
            routers,
          }),
        onFault: (fault) => log.warn(fault.message, { event: 'routersNotHeard' }),
      }),
    openReflex: () => openBfdReflex(),
    clock: systemClock,
    random: unguessable,
  })
  await peering.start()
  return peering
}

export function peeringFlags(flags: SpeakerFlags): PeeringFlags {
  const listen = flags['bgp-listen']
  const place: SocketAddress | null = listen && {
    address: listen.address ? formatIp(listen.address) : '::',
    port: listen.port,
  }
  return { listen: place, drainMs: flags['bgp-drain-time'], ignoreExcludeLabel: flags['ignore-exclude-lb'] }
}

/** In [0, 1). Discriminators of BFD tell old packets from new ones, so nobody is to guess them. */
function unguessable(): number {
  return randomInt(2 ** 47) / 2 ** 47
}
