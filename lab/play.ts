// SPDX-License-Identifier: Apache-2.0
/** A story is played step by step: each says what happens as it happens, and what was seen at its end. */
import { Fault } from '../src/lib/fault.ts'
import type { Row } from './table.ts'

/** Prints a line of the story with the time it happened at. */
export type Tell = (line: string) => void

/** Resolves to what was seen; throws NotObserved when it did not. */
export type Step<Scene> = Readonly<{ name: string; play(scene: Scene, tell: Tell): Promise<string> }>

/** Plays the steps in their order. After one that fails the rest is not tried: it would build on it. */
export async function play<Scene>(story: readonly Step<Scene>[], scene: Scene, tell: Tell): Promise<Row[]> {
  const rows: Row[] = []
  for (const step of story) {
    const failed = rows.some(({ outcome }) => outcome !== 'ok')
    rows.push(
      failed ? { name: step.name, observed: '', ms: 0, outcome: 'not tried' } : await playStep(step, scene, tell),
    )
  }
  return rows
}

async function playStep<Scene>({ name, play: playIt }: Step<Scene>, scene: Scene, tell: Tell): Promise<Row> {
  const startMs = performance.now()
  try {
    const observed = await playIt(scene, tell)
    return { name, observed, ms: performance.now() - startMs, outcome: 'ok' }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    tell(`FAILED: ${name}. ${error.message}`)
    return { name, observed: 'not that, see above', ms: performance.now() - startMs, outcome: 'FAILED' }
  }
}

export function teller(): Tell {
  const startMs = performance.now()
  return (line) => process.stdout.write(`${((performance.now() - startMs) / 1000).toFixed(3).padStart(7)} s  ${line}\n`)
}
