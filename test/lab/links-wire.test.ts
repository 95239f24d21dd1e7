// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { test } from 'node:test'
import { runTestsInNamespace } from './wire-namespace.ts'

test('links that change under the responder (links-cases.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'links-cases.ts')))

test('strangers that claim our addresses (links-conflict-cases.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'links-conflict-cases.ts')))
