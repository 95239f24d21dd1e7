// SPDX-License-Identifier: Apache-2.0
/** What people are shown of a session with a BGP peer. */
import type { BfdSessionCounters } from '../lib/bfd-reflex.ts'
import type { Diag, State } from './codec.ts'
import type { BfdProfileTimers } from './need.ts'
import type { PeerSession } from './peer-session.ts'
import { detectUs, echoOf, intervalUs } from './timing.ts'

export type BfdView = Readonly<{
  /** Of the BGPPeers that share it. */
  names: readonly string[]
  address: string
  local: string
  link: string | null
  device: string | null
  profile: string
  state: State
  diag: Diag
  remoteState: State
  /** `none` while the peer is not heard. */
  remoteDiag: Diag
  /** Between our packets now, before jitter; 0: none are sent on their own. */
  intervalMs: number
  /** How long the peer may be silent now; 0: it was not heard. */
  detectMs: number
  localDiscriminator: number
  /** 0: not known. */
  remoteDiscriminator: number
  /** Of this state, in milliseconds since 1970. */
  sinceMs: number
  /** As configured. */
  timers: BfdProfileTimers
  /** What the peer says of itself; null: it is not heard. `echoMs` 0: it sends no echoes back. */
  remoteTimers: Readonly<{ transmitMs: number; receiveMs: number; detectMult: number; echoMs: number }> | null
  remoteControlPlaneIndependent: boolean
  /** It wants no packets beside its polls. */
  remoteDemand: boolean
  /** Our echoes; null: none are sent now. */
  echo: Readonly<{ intervalMs: number; detectMs: number }> | null
  /** How often it came Up, and how often that has ended, the peer's AdminDown included. */
  upEvents: number
  downEvents: number
  /** Of the last time that it was Up. */
  lastDown: Readonly<{ why: string; atMs: number }> | null
  /** Why it could not be opened yet. */
  fault: string | null
  counters: BfdSessionCounters
}>

/** The session as it is now. */
export function viewOf(peer: PeerSession): BfdView {
  const { need, names } = peer.shared
  const { address, local, link, device, profile, timers } = need
  const { session } = peer
  const { state, diag, remoteState, localId, remoteId, remote } = session
  const echo = echoOf(session)
  return {
    names,
    address,
    local,
    link,
    device,
    profile,
    timers,
    state,
    diag,
    remoteState,
    remoteDiag: remote?.diag ?? 'none',
    intervalMs: intervalUs(session) / 1000,
    detectMs: detectUs(session) / 1000,
    localDiscriminator: localId,
    remoteDiscriminator: remoteId,
    remoteTimers: remote && {
      transmitMs: remote.desiredMinTxUs / 1000,
      receiveMs: remote.requiredMinRxUs / 1000,
      detectMult: remote.detectMult,
      echoMs: remote.requiredMinEchoRxUs / 1000,
    },
    remoteControlPlaneIndependent: remote?.controlPlaneIndependent ?? false,
    remoteDemand: remote?.demand ?? false,
    echo: echo && { intervalMs: echo.intervalUs / 1000, detectMs: echo.detectUs / 1000 },
    ...peer.history,
    fault: peer.fault,
    counters: peer.counters,
  }
}
