// SPDX-License-Identifier: Apache-2.0
/**
 * What a packet tells about the process that sent it, while our session with it is Up. BFD only knows that the session
 * ends then; a watch wants to know whether the other speaker has lost what it knew.
 *
 * A packet that repeats our discriminator was made for this session. One that does not (the sender has not heard us) may
 * be an old one that somebody sends again, so its bad news needs proof: the next packet with our discriminator says by
 * its own whether the process is the same; and where none comes in time, it is silence.
 */
import type { ControlPacket } from './codec.ts'
import type { Session } from './fsm.ts'

/** `alive`: the same process, whatever the session's state; `doubt`: wait for proof. */
export type Verdict = 'alive' | 'restarted' | 'doubt'

/** Judges a packet that comes to a session which is Up. */
export function judge({ localId, remoteId }: Session, packet: ControlPacket): Verdict {
  const isSame = packet.myId === remoteId
  if (packet.yourId !== localId) {
    // Who does not hear us forgets our discriminator (RFC 5880 §6.8.1), and says why.
    return isSame && packet.diag === 'timeExpired' ? 'alive' : 'doubt'
  }
  if (packet.state === 'AdminDown') return 'alive' // it takes its leave, which is said elsewhere
  if (!isSame) return 'restarted'
  // A process that goes Down gives a reason; one that only just began has none.
  return packet.state === 'Down' && packet.diag === 'none' ? 'restarted' : 'alive'
}

/** Settles a doubt: `remoteId` is the discriminator of the process that was there before. */
export function settle(remoteId: number, { localId }: Session, packet: ControlPacket): Verdict {
  if (packet.yourId !== localId) return 'doubt'
  return packet.myId === remoteId ? 'alive' : 'restarted'
}
