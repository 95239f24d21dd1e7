// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { test } from 'node:test'
import { runTestsInNamespace } from '../lab/wire-namespace.ts'

test('routers on our links are found, and find us (routers-kernel.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'routers-kernel.ts')))
