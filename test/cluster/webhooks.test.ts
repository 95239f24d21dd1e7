// SPDX-License-Identifier: Apache-2.0
/**
 * In a network namespace of their own: the API server calls webhooks by the endpoints of a Service, which cannot be
 * loopback addresses.
 */
import { join } from 'node:path'
import { test } from 'node:test'
import { runTestsInNamespace } from '../lab/wire-namespace.ts'

test('webhooks that a real API server calls (webhooks-cases.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'webhooks-cases.ts')))
