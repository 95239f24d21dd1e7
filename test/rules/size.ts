// SPDX-License-Identifier: Apache-2.0
const LIMIT = 400
const LIB_LIMIT = 150

/** Rule for hand-written code; the tables of tests and generated files may be as long as they are. */
export function sizeProblems(path: string, source: string): string[] {
  const limit = path.startsWith('src/lib/') ? LIB_LIMIT : LIMIT
  const lines = source.split('\n').length - (source.endsWith('\n') ? 1 : 0)
  return lines <= limit ? [] : [`has ${lines} lines, the limit here is ${limit}: look for the second idea in it`]
}
