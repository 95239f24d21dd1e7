// SPDX-License-Identifier: Apache-2.0
/** One member of a ring, ours, as a process of its own: it does what it is told by IPC. Started by gossip-member.ts. */
import { type Gossip, type GossipCounters, type MemberView, openGossip } from '../../src/gossip/session.ts'
import type { GossipOptions } from '../../src/gossip/session-options.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createLog } from '../../src/lib/log.ts'
import type { SocketAddress } from '../../src/lib/sockets.ts'
import { supervise } from '../../src/lib/supervise.ts'
import { openNetwork } from '../../src/os/network.ts'

export type MemberPlan = Pick<
  GossipOptions,
  'name' | 'bind' | 'config' | 'key' | 'label' | 'meta' | 'known' | 'versions'
>
export type Order =
  | Readonly<{ type: 'open'; plan: MemberPlan }>
  | Readonly<{ type: 'join'; peers: readonly SocketAddress[] }>
  | Readonly<{ type: 'members' | 'counters' | 'close' | 'leave' }>
  | Readonly<{ type: 'setMeta'; meta: Uint8Array }>
  | Readonly<{ type: 'declareDead'; name: string }>
export type Question = Order & Readonly<{ id: number }>
export type Answers = Readonly<{ joined?: number; members?: readonly MemberView[]; counters?: GossipCounters }>
/** Of an order, or news of another member. */
export type Told =
  | Readonly<{ type: 'answer'; id: number; answers: Answers }>
  | Readonly<{ type: 'change'; member: MemberView }>

/** Long enough for its last words on a lossless wire. */
const LEAVE_MS = 1000

let gossip: Gossip | undefined

async function obey(order: Order): Promise<Answers> {
  if (order.type === 'open') {
    gossip = await openGossip(optionsOf(order.plan))
    return {}
  }
  if (!gossip) throw new Error(`${order.type} before open`)
  switch (order.type) {
    case 'join':
      return { joined: await gossip.join(order.peers) }
    case 'members':
      return { members: gossip.members() }
    case 'counters':
      return { counters: gossip.counters() }
    case 'setMeta':
      gossip.setMeta(order.meta)
      return {}
    case 'declareDead':
      gossip.declareDead(order.name)
      return {}
    case 'leave':
      await gossip.leave(LEAVE_MS)
      return {}
    case 'close':
      gossip.close()
      return {}
  }
}

function optionsOf(plan: MemberPlan): GossipOptions {
  return {
    ...plan,
    network: openNetwork(),
    clock: systemClock,
    random: Math.random,
    log: createLog('info'),
    onChange: (member) => tell({ type: 'change', member }),
    hasProofOfLife: () => false,
  }
}

function tell(told: Told): void {
  process.send?.(told)
}

async function answer({ id, ...order }: Question): Promise<void> {
  tell({ type: 'answer', id, answers: await obey(order) })
}

process.on('message', (question: Question) => supervise('order', answer(question)))
process.on('disconnect', () => process.exit(0))
