// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pauseMs } from './backoff.ts'

const PAUSES: [string, number, number | null, number, number][] = [
  ['the first failure costs nothing', 1, null, 0.5, 0],
  ['the second half a second, less up to a half', 2, null, 0, 250],
  ['and at most all of it', 2, null, 1, 500],
  ['then it doubles', 4, null, 1, 2000],
  ['up to half a minute', 8, null, 1, 30_000],
  ['and no further, however long it takes', 5000, null, 1, 30_000],
  ['what the server asks for counts from the first time', 1, 3000, 0, 3000],
  ['not all come back in the same moment', 1, 3000, 1, 3750],
  ['a longer pause of our own stays', 6, 1000, 1, 8000],
  ['a server cannot send us away for an hour', 1, 3_600_000, 0, 120_000],
]
for (const [name, failures, retryAfterMs, random, expected] of PAUSES) {
  test(name, () => assert.equal(pauseMs(failures, retryAfterMs, random), expected))
}
