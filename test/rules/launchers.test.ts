// SPDX-License-Identifier: Apache-2.0
/** A daemon in an image gets the flags and settings that it was measured with in a checkout. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { read } from './tree.ts'

const SHELL = read('bin/metallb')
const C = read('deploy/image/launcher.c')

test('both launchers give a daemon the same flags of Node', () => {
  const [, flags = ''] = /^ {2}\*\) flags='([^']+)' ;;$/m.exec(SHELL) ?? []
  const given = [...C.matchAll(/"(--[a-z0-9=-]+)"/g)].map(([, flag]) => flag)
  assert.ok(given.length > 0)
  assert.deepEqual(given, flags.split(' '))
})

test('and the same settings of glibc', () => {
  const exported = [...SHELL.matchAll(/(MALLOC_\w+)="\$\{\1:-(\d+)\}"/g)].map(([, name, value]) => [name, value])
  const set = [...C.matchAll(/setenv\("(MALLOC_\w+)", "(\d+)", 0\)/g)].map(([, name, value]) => [name, value])
  assert.ok(set.length > 0)
  assert.deepEqual(set, exported)
})
