// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration } from './duration.ts'

/** After the documentation of Go's time.ParseDuration. */
const CASES: readonly (readonly [string, number | undefined])[] = [
  ['0', 0],
  ['-0', 0],
  ['0s', 0],
  ['90s', 90_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['.5s', 500],
  ['1.s', 1000],
  ['+5s', 5000],
  ['-1.5s', -1500],
  ['300ms', 300],
  ['1us', 0.001],
  ['1µs', 0.001],
  ['1μs', 0.001],
  ['1ns', 0.000001],
  ['0.1s', 100],
  ['3h2m1s', 10_921_000],
  ['1s1s', 2000],
  ['', undefined],
  ['-', undefined],
  ['90', undefined],
  ['s', undefined],
  ['.s', undefined],
  ['1d', undefined],
  ['1 s', undefined],
  ['1s ', undefined],
  ['1S', undefined],
  ['--1s', undefined],
  ['1e3s', undefined],
  ['99999999999h', undefined],
]
for (const [text, expected] of CASES) {
  test(`${JSON.stringify(text)} is ${expected ?? 'no duration'}`, () => assert.equal(parseDuration(text), expected))
}
