// SPDX-License-Identifier: Apache-2.0
/** One measured number, smaller is better. `bound` null: for information. Ratios have the unit ''. */
export type Figure = Readonly<{ name: string; value: number; unit: string; bound: number | null; note?: string }>

/** What every *.bench.ts exports. */
export type Bench = () => Promise<readonly Figure[]>

/** The middle of several measurements; 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
