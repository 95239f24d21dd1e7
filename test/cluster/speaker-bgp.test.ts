// SPDX-License-Identifier: Apache-2.0
/** In a network namespace of their own, where there is a router. */
import { join } from 'node:path'
import { test } from 'node:test'
import { runTestsInNamespace } from '../lab/wire-namespace.ts'

test('the speaker and its BGPPeers with a real API server (speaker-bgp-cases.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'speaker-bgp-cases.ts')))
