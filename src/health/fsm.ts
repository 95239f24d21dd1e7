// SPDX-License-Identifier: Apache-2.0
/** Whether a gate is passed, from one probe after another: two good ones in a row let it pass, three bad ones fail. */

/** Good probes in a row until a gate is passed: one alone may be a server that starts and falls. */
export const RISE = 2
/** Bad probes in a row until it is failed: at one every 2 s, what is ill is out after 6 s, and one that was lost costs nothing. */
export const FALL = 3

/** `unknown`: not enough probes yet to say either. */
export type GateState = 'unknown' | 'passing' | 'failing'

/** `inRow`: how many probes of the last one's kind came in a row, as far as it matters; bad ones below zero. */
export type GateSession = Readonly<{ state: GateState; inRow: number }>

export type GateEvent = Readonly<{ type: 'ok' }> | Readonly<{ type: 'failed'; reason: string }>

/** The state is another one from now on. */
export type GateAction = Readonly<{ type: 'report'; state: GateState; why: string }>

export const NEW_GATE: GateSession = { state: 'unknown', inRow: 0 }

/** What one probe changes. */
export function step({ state, inRow }: GateSession, event: GateEvent): [GateSession, GateAction[]] {
  const next = event.type === 'ok' ? Math.min(Math.max(inRow, 0) + 1, RISE) : Math.max(Math.min(inRow, 0) - 1, -FALL)
  if (next === RISE && state !== 'passing') return changed('passing', next, `${RISE} good answers in a row`)
  if (next === -FALL && state !== 'failing' && event.type === 'failed') return changed('failing', next, event.reason)
  return [{ state, inRow: next }, []]
}

function changed(state: GateState, inRow: number, why: string): [GateSession, GateAction[]] {
  return [{ state, inRow }, [{ type: 'report', state, why }]]
}
