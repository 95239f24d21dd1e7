// SPDX-License-Identifier: Apache-2.0
/** The interfaces that Layer 2 leaves alone: MetalLB's file /etc/metallb/excludel2.yaml, read once at the start. */
import { readFileSync, statSync } from 'node:fs'
import type { NamePattern } from '../../l2/scan.ts'
import { Fault, reasonOf } from '../../lib/fault.ts'
import { parseNamePattern } from './name-pattern.ts'

export type ExcludeFault = Readonly<{ code: 'badExcludeFile' }>

export const EXCLUDE_FILE = '/etc/metallb/excludel2.yaml'
const KEY = 'announcedInterfacesToExclude'
const MOST_BYTES = 1024 * 1024
const MOST_PATTERNS = 1000

/** The patterns of the file; none where there is no such file. Throws Fault for one that cannot be used, as MetalLB ends. */
export async function readExcludedInterfaces(path = EXCLUDE_FILE): Promise<readonly NamePattern[]> {
  const text = readText(path)
  if (text === null) return []
  const patterns = listedPlainly(text) ?? (await listedInYaml(text, path))
  if (patterns.length > MOST_PATTERNS) throw bad(path, `${KEY} has more than ${MOST_PATTERNS} entries`)
  return patterns.map((source) => {
    const parsed = parseNamePattern(source)
    if (parsed.ok) return parsed.pattern
    throw bad(path, `the regular expression ${JSON.stringify(source.slice(0, 100))} cannot be used: ${parsed.flaw}`)
  })
}

function readText(path: string): string | null {
  try {
    if (statSync(path).size > MOST_BYTES) throw new Error(`it is larger than ${MOST_BYTES} bytes`)
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    if (Reflect.get(Object(thrown), 'code') === 'ENOENT') return null
    throw bad(path, reasonOf(thrown), thrown)
  }
}

/** An entry that YAML reads as the text that stands there: nothing in it is an indicator where it stands. */
const PLAIN = /^ *- ([\w^$.(/][\w^$.*+?|()/-]*) *$/
const QUOTED = /^ *- (?:'([^'\n]*)'|"([^"\\\n]*)") *$/

/**
 * The list in its usual form, one pattern a line, read without the YAML library: that one costs 13 MB, on every node.
 * Null for any other form.
 */
function listedPlainly(text: string): string[] | null {
  const [head, ...lines] = text.split('\n').filter((line) => !/^\s*(?:#.*)?$/.test(line))
  if (head?.trimEnd() !== `${KEY}:` || lines.length === 0) return null
  const indents = new Set(lines.map((line) => line.indexOf('-')))
  const patterns = lines.flatMap((line) => {
    const [, single, double] = QUOTED.exec(line) ?? []
    return PLAIN.exec(line)?.[1] ?? single ?? double ?? []
  })
  // A plain scalar such as 1.5 or true is no text for YAML: the library decides about those.
  const plain = patterns.length === lines.length && indents.size === 1 && lines.every((line) => !isOtherThanText(line))
  return plain ? patterns : null
}

function isOtherThanText(line: string): boolean {
  return /^ *- (?:[\d.+-].*|~|null|true|false|yes|no|on|off|y|n) *$/i.test(line)
}

async function listedInYaml(text: string, path: string): Promise<readonly string[]> {
  const { readYaml } = await import('../../manifests/yaml.ts')
  const { values, flaws } = readYaml(text)
  const flaw = flaws.find(({ severity }) => severity === 'error')
  if (flaw) throw bad(path, flaw.message)
  const [first, ...more] = values
  if (!first) return []
  const isMap = typeof first.value === 'object' && first.value !== null && !Array.isArray(first.value)
  const items: unknown = (isMap ? Reflect.get(Object(first.value), KEY) : null) ?? []
  if (!isMap || more.length > 0 || !Array.isArray(items)) {
    throw bad(path, `expected one document with ${KEY}: a list of regular expressions`)
  }
  return items.map((item: unknown) => {
    if (typeof item === 'string') return item
    throw bad(path, `${KEY} has ${JSON.stringify(item)} in it; write a regular expression as text`)
  })
}

function bad(path: string, why: string, cause?: unknown): Fault<ExcludeFault> {
  return new Fault({ code: 'badExcludeFile' }, `${path}: ${why}`, cause)
}
