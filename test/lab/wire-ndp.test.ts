// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { test } from 'node:test'
import { runTestsInNamespace } from './wire-namespace.ts'

test('neighbour discovery on a real wire (wire-ndp-cases.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'wire-ndp-cases.ts')))

test('the groups of IPv6 addresses (wire-groups-cases.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'wire-groups-cases.ts')))
