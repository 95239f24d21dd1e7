// SPDX-License-Identifier: Apache-2.0
/** Names of what a NOTIFICATION can say, after IANA's registry of BGP error codes. */
import type { Notification } from './message.ts'
import { CEASE, CEASE_SUBCODES, hardResetCause } from './notification.ts'

type Names = Readonly<{ name: string; subcodes: readonly (string | undefined)[] }>

/** By code; subcodes by number from 0 on. */
const CODES: readonly (Names | undefined)[] = [
  undefined,
  {
    name: 'message header error',
    subcodes: [undefined, 'connection not synchronized', 'bad message length', 'bad message type'],
  },
  {
    name: 'OPEN message error',
    subcodes: [
      undefined,
      'unsupported version number',
      'bad peer AS',
      'bad BGP identifier',
      'unsupported optional parameter',
      'authentication failure',
      'unacceptable hold time',
      'unsupported capability',
      undefined,
      undefined,
      undefined,
      'role mismatch',
    ],
  },
  {
    name: 'UPDATE message error',
    subcodes: [
      undefined,
      'malformed attribute list',
      'unrecognized well-known attribute',
      'missing well-known attribute',
      'attribute flags error',
      'attribute length error',
      'invalid ORIGIN attribute',
      'AS routing loop',
      'invalid NEXT_HOP attribute',
      'optional attribute error',
      'invalid network field',
      'malformed AS_PATH',
    ],
  },
  { name: 'hold timer expired', subcodes: [] },
  {
    name: 'finite state machine error',
    subcodes: [
      undefined,
      'unexpected message in OpenSent',
      'unexpected message in OpenConfirm',
      'unexpected message in Established',
    ],
  },
  {
    name: 'Cease',
    subcodes: [
      undefined,
      'maximum number of prefixes reached',
      'administrative shutdown',
      'peer de-configured',
      'administrative reset',
      'connection rejected',
      'other configuration change',
      'connection collision resolution',
      'out of resources',
      'hard reset',
      'BFD down',
    ],
  },
  { name: 'ROUTE-REFRESH message error', subcodes: [undefined, 'invalid message length'] },
  { name: 'send hold timer expired', subcodes: [] },
]

/**
 * What a NOTIFICATION says, for people: `Cease: administrative shutdown ("moved to rack 4")`. A hard reset names its
 * cause (RFC 8538).
 */
export function notificationWords({ code, subcode, data, reason }: Omit<Notification, 'type'>): string {
  const cause = code === CEASE && subcode === CEASE_SUBCODES.hardReset ? hardResetCause(data) : null
  const because = cause === null ? '' : `, ${wordsOf(cause.code, cause.subcode)}`
  return `${wordsOf(code, subcode)}${because}${reason === '' ? '' : ` ("${reason}")`}`
}

function wordsOf(code: number, subcode: number): string {
  const names = CODES[code]
  if (names === undefined) return `error ${code}, subcode ${subcode}`
  const name = names.subcodes[subcode]
  if (name !== undefined) return `${names.name}: ${name}`
  return subcode === 0 ? names.name : `${names.name}, subcode ${subcode}`
}
