// SPDX-License-Identifier: Apache-2.0
/** The knobs of the protocol, with the names, formulas and presets of hashicorp/memberlist v0.5. Times in milliseconds. */

export type GossipConfig = Readonly<{
  /** Of a TCP connection, and of everything done on it. */
  tcpTimeoutMs: number
  /** Members asked to ping another in our place. */
  indirectChecks: number
  /** A message goes out `retransmitMult × ⌈log10(members + 1)⌉` times. */
  retransmitMult: number
  /** A suspect has at least `suspicionMult × max(1, log10(members)) × probeIntervalMs` to say that it lives … */
  suspicionMult: number
  /** … and at most this many times that, while nobody else suspects it. */
  suspicionMaxTimeoutMult: number
  /** 0: off. Longer in rings of more than 32. */
  pushPullIntervalMs: number
  probeTimeoutMs: number
  probeIntervalMs: number
  disableTcpPings: boolean
  /** Bound of the health score by which a member that does badly itself is slower to suspect others. */
  awarenessMaxMultiplier: number
  /** 0: gossip only travels with pings. */
  gossipNodes: number
  gossipIntervalMs: number
  /** The dead hear gossip for so long, so that they can protest. */
  gossipToTheDeadTimeMs: number
  gossipVerifyIncoming: boolean
  gossipVerifyOutgoing: boolean
  enableCompression: boolean
  /** Messages that wait to be handled; what comes above it is dropped. */
  handoffQueueDepth: number
  udpBufferSize: number
  /** How often the queue of what is to be said is looked at for its length; it is a figure only. */
  queueCheckIntervalMs: number
}>

export const LAN: GossipConfig = {
  tcpTimeoutMs: 10_000,
  indirectChecks: 3,
  retransmitMult: 4,
  suspicionMult: 4,
  suspicionMaxTimeoutMult: 6,
  pushPullIntervalMs: 30_000,
  probeTimeoutMs: 500,
  probeIntervalMs: 1000,
  disableTcpPings: false,
  awarenessMaxMultiplier: 8,
  gossipNodes: 3,
  gossipIntervalMs: 200,
  gossipToTheDeadTimeMs: 30_000,
  gossipVerifyIncoming: true,
  gossipVerifyOutgoing: true,
  enableCompression: true,
  handoffQueueDepth: 1024,
  udpBufferSize: 1400,
  queueCheckIntervalMs: 30_000,
}

/** For members far from each other. */
export const WAN: GossipConfig = {
  ...LAN,
  tcpTimeoutMs: 30_000,
  suspicionMult: 6,
  pushPullIntervalMs: 60_000,
  probeTimeoutMs: 3000,
  probeIntervalMs: 5000,
  gossipNodes: 4,
  gossipIntervalMs: 500,
  gossipToTheDeadTimeMs: 60_000,
}
