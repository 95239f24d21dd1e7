// SPDX-License-Identifier: Apache-2.0
export type Counts = Readonly<{ passed: number; failed: number }>
export type Outcome = Readonly<{ counts: Counts; complaints: readonly string[] }>

/** How a stage counts what it did: by node's closing lines, by the bench's, or as a single check by its exit code. */
export type Counting = 'tests' | 'figures' | 'one'

/**
 * What came of a stage that printed `output` and exited with `code`. It failed if `failed` is not 0: a stage whose
 * numbers are missing, that ran nothing, left something out, or exited with an error that no number shows has failed.
 */
export function outcomeOf(counting: Counting, output: string, code: number): Outcome {
  switch (counting) {
    case 'one':
      return judge({ passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 }, code, [])
    case 'figures':
      return judge(figureCounts(output), code, [])
    case 'tests':
      return judge(testCounts(output), code, leftOut(output))
  }
}

function judge(counts: Counts | undefined, code: number, leftOuts: readonly string[]): Outcome {
  const complaints = [...leftOuts]
  if (counts === undefined) complaints.push('it ended without its closing lines')
  else if (counts.passed + counts.failed === 0) complaints.push('it ran nothing')
  else if (code !== 0 && counts.failed === 0) complaints.push(`it exited with status ${code}`)
  const { passed, failed } = counts ?? { passed: 0, failed: 0 }
  return { counts: { passed, failed: failed + complaints.length }, complaints }
}

function testCounts(output: string): Counts | undefined {
  const [tests, passed] = [closing(output, 'tests'), closing(output, 'pass')]
  const left = (closing(output, 'skipped') ?? 0) + (closing(output, 'todo') ?? 0)
  return tests === undefined || passed === undefined ? undefined : { passed, failed: tests - passed - left }
}

/** A test that does not run proves nothing; on this project none may be skipped, here or in CI. */
function leftOut(output: string): string[] {
  return ['skipped', 'todo'].flatMap((name) => {
    const count = closing(output, name) ?? 0
    return count === 0 ? [] : [`${count} marked ${name}: every test has to run`]
  })
}

function figureCounts(output: string): Counts | undefined {
  const line = /^(\d+) within bounds, (\d+) beyond$/m.exec(output)
  return line ? { passed: Number(line[1]), failed: Number(line[2]) } : undefined
}

/** The number of node's last `ℹ name N` line; a test may print such a line itself, the last word is node's. */
function closing(output: string, name: string): number | undefined {
  const last = [...output.matchAll(new RegExp(`^ℹ ${name} (\\d+)$`, 'gm'))].at(-1)
  return last ? Number(last[1]) : undefined
}

/** Node's own closing lines, as it prints them after the last test. */
export function closingLines(output: string): string {
  const start = output.lastIndexOf('\nℹ tests ')
  const lines = output.slice(start + 1).split('\n')
  const end = lines.findIndex((line) => !line.startsWith('ℹ '))
  return start < 0 ? '' : lines.slice(0, end < 0 ? lines.length : end).join('\n')
}

/** What of a test run's output explains a failure: everything but the tests that passed. */
export function withoutPassed(output: string): string {
  return output
    .split('\n')
    .filter((line) => !/^\s*[✔▶]/u.test(line))
    .join('\n')
}
