// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { test } from 'node:test'
import { runTestsInNamespace } from '../lab/wire-namespace.ts'

test('TCP for BGP keeps passwords, hop limits, devices and sources (tcp-kernel.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'tcp-kernel.ts')))

test('peers of the same address in two networks are told apart by the device (tcp-device-kernel.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'tcp-device-kernel.ts')))
