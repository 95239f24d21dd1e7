// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { test } from 'node:test'
import { runTestsInNamespace } from '../lab/wire-namespace.ts'

test('sockets to and from peers on Linux (tcp-peers-kernel.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'tcp-peers-kernel.ts')))
