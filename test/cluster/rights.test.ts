// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { test } from 'node:test'
import { runTestsInNamespace } from '../lab/wire-namespace.ts'

test('rights as small as they can be (rights-cases.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'rights-cases.ts')))
