// SPDX-License-Identifier: Apache-2.0
/** NOTIFICATIONs of the state machine: their numbers, and which one is due. */
import type { Message, Notification } from './codec/message.ts'
import { notification, type Session, type State, type StopReason } from './fsm-state.ts'

/** RFC 4271 §4.5. */
export const OPEN_ERROR = { code: 2, optionalParameter: 4, capability: 7 } as const
export const HOLD_EXPIRED = 4
const FSM_ERROR = 5
/** RFC 4486, RFC 8538, RFC 9384. */
export const CEASE = {
  code: 6,
  shutdown: 2,
  deconfigured: 3,
  rejected: 5,
  otherChange: 6,
  collision: 7,
  hardReset: 9,
  bfdDown: 10,
} as const

/** RFC 6608 §3: the subcode names the state; states before OpenSent receive nothing. */
const UNEXPECTED_IN: Readonly<Record<State, number>> = {
  Idle: 0,
  Connect: 0,
  Active: 0,
  OpenSent: 1,
  OpenConfirm: 2,
  Established: 3,
}
const TYPES: Readonly<Record<Message['type'], number>> = {
  open: 1,
  update: 2,
  notification: 3,
  keepalive: 4,
  routeRefresh: 5,
}
export const MESSAGE_NAMES: Readonly<Record<Message['type'], string>> = {
  open: 'OPEN',
  update: 'UPDATE',
  notification: 'NOTIFICATION',
  keepalive: 'KEEPALIVE',
  routeRefresh: 'ROUTE-REFRESH',
}
/** RFC 9003 §2. */
const MOST_TEXT_BYTES = 255

/** RFC 6608: its data is the type of the message. */
export function unexpected(state: State, type: Message['type']): Notification {
  return notification(FSM_ERROR, UNEXPECTED_IN[state], Uint8Array.of(TYPES[type]))
}

/** What is said to a peer whose session we end; null: nothing. */
export function ceaseFor(session: Session, { kind, text }: StopReason): Notification | null {
  switch (kind) {
    case 'handover':
      return null
    case 'reconfigured': // it comes back soon, and ends gracefully
      return notification(CEASE.code, CEASE.otherChange)
    case 'removed':
      return lasting(session, CEASE.deconfigured)
    case 'drain':
      return lasting(session, CEASE.shutdown, text)
  }
}

/** RFC 9384, inside a Hard Reset where there are some: a way that is broken is not to be kept in use. */
export function ceaseByBfd(session: Session): Notification {
  return lasting(session, CEASE.bfdDown)
}

/** RFC 8538 §3.1: who does not want its routes kept says that it is meant. */
function lasting({ negotiated, state }: Session, subcode: number, text = ''): Notification {
  if (state !== 'Established' || negotiated?.notificationRestart !== true) {
    return { ...notification(CEASE.code, subcode), reason: text }
  }
  const inner = text === '' ? [] : textBytes(text)
  return notification(CEASE.code, CEASE.hardReset, Uint8Array.of(CEASE.code, subcode, ...inner))
}

/** RFC 8538: the peer means it, and keeps no routes. */
export function isHardReset({ code, subcode }: Notification): boolean {
  return code === CEASE.code && subcode === CEASE.hardReset
}

/** Length and text, cut between characters. */
function textBytes(text: string): number[] {
  const bytes = new Uint8Array(MOST_TEXT_BYTES)
  const { written } = new TextEncoder().encodeInto(text, bytes)
  return [written, ...bytes.subarray(0, written)]
}
