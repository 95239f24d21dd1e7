// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { test } from 'node:test'
import { runTestsInNamespace } from '../lab/wire-namespace.ts'

test('routers on our links are found, and find us (routers-kernel.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'routers-kernel.ts')))

test('FRR finds us and we find FRR on a link without addresses (routers-frr-kernel.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'routers-frr-kernel.ts')))
