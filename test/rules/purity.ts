// SPDX-License-Identifier: Apache-2.0
/** The deciding parts take times and chances with their input, so that the same input always gives the same answer. */
import { importsOf } from './imports.ts'
import { withoutComments } from './text.ts'

const PURE_FOLDERS = ['src/model/', 'src/plan/', 'src/ipam/']
/** All of a protocol but its shells. */
const PURE_BUT_SHELLS = ['src/bfd/', 'src/bgp/', 'src/gossip/']
const SHELL = /\/(?:session[^/]*|exchange|crypto)\.ts$/
const PURE_FILES = ['codec.ts', 'fsm.ts', 'timing.ts', 'rib.ts', 'claims.ts', 'arp.ts', 'watch-peers.ts']
/** Functions of their arguments; a hash or a checksum is one, a random number is not. */
const PURE_MODULES = new Set(['node:assert/strict', 'node:crypto', 'node:util', 'node:zlib'])
const IMPURE =
  /\b(?:Date\.now|new Date\(\)|Math\.random|performance\.now|setTimeout|setInterval|setImmediate|queueMicrotask|process\.|random(?:Bytes|Int|UUID)\b)/g

/** True for what architecture keeps free of sockets, timers, clocks and randomness. */
export function isPure(path: string): boolean {
  if (!path.startsWith('src/') || path.endsWith('.test.ts')) return false
  if (PURE_BUT_SHELLS.some((folder) => path.startsWith(folder))) return !SHELL.test(path)
  return PURE_FOLDERS.some((folder) => path.startsWith(folder)) || PURE_FILES.some((name) => path.endsWith(`/${name}`))
}

/** Rule for files that `isPure` picks. */
export function purityProblems(_path: string, source: string): string[] {
  const packages = importsOf(source).filter(({ specifier }) => !specifier.startsWith('.'))
  const modules = packages.filter(({ specifier, typeOnly }) => !typeOnly && !PURE_MODULES.has(specifier))
  return [
    ...modules.map(({ specifier }) => `imports ${specifier}: this part decides and does nothing else`),
    ...[...withoutComments(source).matchAll(IMPURE)].map(([found]) => `uses ${found}: time and chance come as input`),
  ]
}
