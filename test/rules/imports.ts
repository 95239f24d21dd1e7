// SPDX-License-Identifier: Apache-2.0
/** Which way imports point: the diagram of ARCHITECTURE.md as a table. */
import { posix } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }

export type Import = Readonly<{ specifier: string; typeOnly: boolean }>

const PROTOCOLS = ['l2', 'bgp', 'bfd', 'gossip', 'health']
const SHELLS = [...PROTOCOLS, 'kube', 'manifests', 'os']

/** Folder of src/ → the folders whose values and types it may import, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  model: ['lib'],
  plan: ['model', 'lib'],
  ipam: ['model', 'lib'],
  ...Object.fromEntries(SHELLS.map((shell) => [shell, ['lib']])),
  programs: ['plan', 'ipam', 'model', 'lib', ...SHELLS],
  'main.ts': ['programs', 'lib'],
}

/** Folder → those of which it may import types besides. */
const MAY_IMPORT_TYPES: Readonly<Record<string, readonly string[]>> = { model: PROTOCOLS, plan: PROTOCOLS }

/** The one file outside src/ that a source may import: where the version stands. */
const PACKAGE = 'package.json'

/** What an image carries; a development dependency is not there. */
const DEPENDENCIES: ReadonlySet<string> = new Set(Object.keys(manifest.dependencies))

const STATEMENT = /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s*from\s*)?['"]([^'"\n]+)['"]/gm
const DYNAMIC = /\bimport\(\s*(?:(['"])([^'"\n]+)\1)?/g
const NATIVE = /\bprocess\.dlopen\b|\bcreateRequire\b|\brequire\(/

/** Imports and re-exports, static and dynamic; the specifier of a computed one is ''. */
export function importsOf(source: string): Import[] {
  const statements = [...source.matchAll(STATEMENT)].map((match) => ({
    specifier: match[2] ?? '',
    typeOnly: match[1] !== undefined,
  }))
  const dynamic = [...source.matchAll(DYNAMIC)].map((match) => ({ specifier: match[2] ?? '', typeOnly: false }))
  return [...statements, ...dynamic]
}

/** Rule for sources and for what uses them; tests, which may import anything, are not asked. */
export function importProblems(path: string, source: string): string[] {
  const problems = importsOf(source).flatMap((found) => problemOf(path, found) ?? [])
  const inSource = path.startsWith('src/')
  if (inSource && folderOf(path) !== 'os' && NATIVE.test(source)) problems.push('only src/os/ loads native code')
  return problems
}

function problemOf(path: string, { specifier, typeOnly }: Import): string | undefined {
  const from = folderOf(path)
  if (specifier === '') return 'an import has to name its module in quotes, or no tool can see it'
  if (!specifier.startsWith('.')) return from === undefined ? undefined : packageProblem(specifier)
  const target = posix.join(posix.dirname(path), specifier)
  const to = folderOf(target)
  if (from === undefined) {
    return to === 'programs' ? `imports ${target}: nothing imports programs, they are started as processes` : undefined
  }
  if (to === undefined) {
    return target === PACKAGE && from === 'lib' ? undefined : `imports ${target}, which is outside src/`
  }
  const allowed = MAY_IMPORT[from]
  if (allowed === undefined) return `src/${from} is no folder of ARCHITECTURE.md`
  if (to === from || allowed.includes(to)) return undefined
  if (typeOnly && MAY_IMPORT_TYPES[from]?.includes(to)) return undefined
  const places = allowed.length === 0 ? 'nothing' : allowed.join(', ')
  return `imports ${target}, but src/${from} imports from ${places} only`
}

function packageProblem(specifier: string): string | undefined {
  if (specifier.startsWith('node:')) return undefined
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  return DEPENDENCIES.has(name) ? undefined : `imports ${name}, which is no entry of dependencies in package.json`
}

/** `src/plan/l2.ts` → `plan`; a file straight in src/ stands for itself; undefined outside src/. */
function folderOf(path: string): string | undefined {
  const [root, folder] = path.split('/')
  return root === 'src' ? folder : undefined
}
