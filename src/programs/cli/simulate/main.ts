// SPDX-License-Identifier: Apache-2.0
/** `metallb simulate`: what these manifests would do, said from files alone by the code that runs in the cluster. */
import { once } from 'node:events'
import { EXIT, judge } from '../exit.ts'
import { readPaths } from '../paths.ts'
import { parseArguments } from './arguments.ts'
import { jsonOf } from './json.ts'
import { type Result, type Step, simulate } from './simulation.ts'
import { tableOf } from './table.ts'

/** Output is handed on in pieces of about this size: a write for each Service would cost more than its planning. */
const PIECE_CHARS = 256 * 1024

/** `args` is what follows `simulate`. */
export async function main(args: readonly string[]): Promise<void> {
  await judge('simulate', async () => {
    const { pieces, status } = await answer(args)
    await print(pieces)
    return status
  })
}

/** What is to be printed, made piece by piece, and the exit status. Throws a Fault for status 2. */
export async function answer(args: readonly string[]): Promise<{ pieces: Iterable<string>; status: number }> {
  const { steps: given, output, ...settings } = parseArguments(args)
  const steps: Step[] = []
  for (const { paths, deletions } of given) steps.push({ objects: await readPaths(paths, settings), deletions })
  const result = simulate(steps, settings)
  const asTable = output === 'table' || (output === null && process.stdout.isTTY)
  return { pieces: asTable ? tableOf(result) : jsonOf(result), status: isRefused(result) ? EXIT.refused : EXIT.fine }
}

function isRefused({ problems, scene }: Result): boolean {
  if (problems.some(({ severity }) => severity === 'error')) return true
  return scene.services.values().some(({ refusal }) => refusal !== null)
}

async function print(pieces: Iterable<string>): Promise<void> {
  let waiting = ''
  const flush = async (): Promise<void> => {
    if (!process.stdout.write(waiting)) await once(process.stdout, 'drain')
    waiting = ''
  }
  for (const piece of pieces) {
    waiting += piece
    if (waiting.length > PIECE_CHARS) await flush()
  }
  await flush()
}
