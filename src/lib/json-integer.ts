// SPDX-License-Identifier: Apache-2.0

declare global {
  interface JSON {
    /** In Node 24, and not yet in TypeScript's library: text that JSON.stringify takes over as it is. */
    rawJSON(text: string): unknown
  }
}

/** An int64 for JSON.stringify, which prints all its digits: counters of IPv6 pools are beyond what a double holds. */
export function jsonInteger(value: bigint): unknown {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : JSON.rawJSON(String(value))
}
