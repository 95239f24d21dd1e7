// SPDX-License-Identifier: Apache-2.0
import { withoutComments } from './text.ts'

const FILE = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*\.(?:ts|c|h)$/
const FOLDER = /^\.?[a-z0-9]+(?:-[a-z0-9]+)*$/
/** Names that say nothing about what is inside, alone or as a part of one. */
const EMPTY_WORDS = new Set(['utils', 'util', 'helpers', 'helper', 'misc', 'manager'])
/** Those that say something only beside another word, as in `pool-index`. */
const EMPTY_NAMES = new Set(['common', 'types', 'index'])

/** Rule for the path of a source file. */
export function pathProblems(path: string): string[] {
  const parts = path.split('/')
  const file = parts.pop() ?? ''
  const names = [...parts, file.replace(/\..*/, '')]
  const empty = names.filter((name) => EMPTY_NAMES.has(name) || name.split('-').some((word) => EMPTY_WORDS.has(word)))
  return [
    ...empty.map((name) => `'${name}' says nothing: name the thing, or what it decides`),
    ...(FILE.test(file) ? [] : ['files are named in kebab-case']),
    ...parts.filter((part) => !FOLDER.test(part)).map((part) => `folder '${part}' is not in kebab-case`),
  ]
}

/** What TypeScript code here does not contain, and what it has instead. */
const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/^export default\b/m, 'a default export: give it a name'],
  [/^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?enum\s+\w/m, 'an enum: a union of strings'],
  [/(?:[:<|&]\s*|\bas\s+|,\s*(?=any\s*>)|\btype \w+ = )any\b/, 'any: unknown, and look at it'],
  [/\binterface\s+I[A-Z][a-z]/, 'an I before an interface: the bare noun'],
  [/\bthis\._\w|^\s*(?:private|protected)\s/m, 'a member private by custom: #name'],
  [/@ts-(?:ignore|nocheck|expect-error)\b/, 'a silenced type error: mend the type'],
]
const LEFTOVER = /\b(?:TODO|FIXME|XXX|HACK)\b/

/** Rule for the text of a TypeScript source. */
export function wordProblems(path: string, source: string): string[] {
  const code = withoutComments(source)
  const found = FORBIDDEN.filter(([pattern]) => pattern.test(code) || pattern.test(commentDirectives(source)))
  return [...found.map(([, words]) => `has ${words}`), ...leftoverProblems(path, source)]
}

/** Rule for any text: what is left to do stands in an issue, not on main. */
export function leftoverProblems(_path: string, source: string): string[] {
  const word = LEFTOVER.exec(source)
  return word ? [`says ${word[0]}: do it, or open an issue`] : []
}

function commentDirectives(source: string): string {
  return [...source.matchAll(/@ts-[a-z-]+/g)].join('\n')
}
