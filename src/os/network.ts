// SPDX-License-Identifier: Apache-2.0
import type { Network } from '../lib/sockets.ts'

/**
 * The sockets of Linux. What a family is comes from the address: `::` hears IPv6 only, so both wildcards can be bound to
 * the same port. Link-local addresses carry their interface (`fe80::1%eth0`), where they come from and where they go to.
 * Each part is loaded when it is first used.
 */
export function openNetwork(): Network {
  return {
    bindDatagrams: async (binding) => (await import('./udp.ts')).bindDatagrams(binding),
    listenStreams: async (binding) => (await import('./tcp.ts')).listenStreams(binding),
    connectStream: async (to, options) => (await import('./tcp.ts')).connectStream(to, options),
  }
}
