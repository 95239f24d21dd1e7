// SPDX-License-Identifier: Apache-2.0
import { answer } from '../../src/programs/cli/simulate/main.ts'

export type Answer = Readonly<{ text: string; status: number }>

/** What `metallb simulate` prints as JSON, and its exit status; paths are relative to the working directory. */
export async function simulated(line: string): Promise<Answer> {
  const { pieces, status } = await answer([...line.split(' ').filter((word) => word !== ''), '-o', 'json'])
  return { text: [...pieces].join(''), status }
}

/** JSON as a value in which integers beyond a double's reach are their digits. */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, function (this: unknown, _key: string, value: unknown, ...rest: readonly unknown[]): unknown {
    return typeof value === 'number' && !Number.isSafeInteger(value) ? JSON.stringify(rest[0]) : value
  })
}
