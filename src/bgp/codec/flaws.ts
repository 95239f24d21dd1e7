// SPDX-License-Identifier: Apache-2.0
/** Flaws of one UPDATE, as they are found: the worst of them is what happens (RFC 7606 §3 h). */
import { SUBCODES, type Treatment } from './attribute-table.ts'
import { ERROR_CODES, malformed } from './header.ts'
import type { Malformed } from './message.ts'

/** `reset`: the session ends. Subcode and data are for the NOTIFICATION. */
export type Flaw = Readonly<{ treatment: Treatment | 'reset'; subcode: number; data: Uint8Array; why: string }>

const SEVERITY = { attributeDiscard: 1, treatAsWithdraw: 2, reset: 3 } as const

export class Flaws {
  #worst: Flaw | null = null

  /** Of equally bad ones the first is kept. */
  add(flaw: Flaw): void {
    if (this.#worst === null || SEVERITY[flaw.treatment] > SEVERITY[this.#worst.treatment]) this.#worst = flaw
  }

  get worst(): Flaw | null {
    return this.#worst
  }
}

/** The flaw of an attribute that is discarded. */
export function discarded(why: string): Flaw {
  return { treatment: 'attributeDiscard', subcode: SUBCODES.optional, data: new Uint8Array(0), why }
}

/** The flaw as the end of the session. */
export function asMalformed({ subcode, data, why }: Flaw): Malformed {
  return malformed({ code: ERROR_CODES.update, subcode, data }, why)
}
