// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { test } from 'node:test'
import { runTestsInNamespace } from './wire-namespace.ts'

test('the real programs on a wire (speaker-cases.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'speaker-cases.ts')))
