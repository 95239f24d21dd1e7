// SPDX-License-Identifier: Apache-2.0
/** In a network namespace of their own: the speaker answers ARP on its interfaces. */
import { join } from 'node:path'
import { test } from 'node:test'
import { runTestsInNamespace } from '../lab/wire-namespace.ts'

test('the speaker with a real API server and a real wire (speaker-cases.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'speaker-cases.ts')))
