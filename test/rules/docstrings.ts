// SPDX-License-Identifier: Apache-2.0
/** A function or class that another folder imports is public: it says what it does, with units and errors. */
import { posix } from 'node:path'

const DECLARATION = /^export (?:async )?(?:abstract )?(?:function\*?|class) (\w+)/
const NAMED_IMPORT = /^import\s+(?:type\s+)?\{([^}]*)\}\s*from\s*'([^']+)'/gm

type Sources = ReadonlyMap<string, string>

/** `file name` of everything public that has no docstring, neither above it nor, for a class, at the head of its file. */
export function undocumented(sources: Sources): string[] {
  const wanted = publicNames(sources)
  return [...sources].flatMap(([path, source]) =>
    bareExports(source)
      .filter((name) => wanted.has(`${path} ${name}`))
      .map((name) => `${path} ${name}`),
  )
}

/** `file name` of what is imported across folders. */
function publicNames(sources: Sources): Set<string> {
  const names = new Set<string>()
  for (const [path, source] of sources) {
    for (const [, list = '', specifier = ''] of source.matchAll(NAMED_IMPORT)) {
      const target = posix.join(posix.dirname(path), specifier)
      if (!specifier.startsWith('.') || posix.dirname(target) === posix.dirname(path)) continue
      for (const item of list.split(',')) names.add(`${target} ${/^\s*(?:type\s+)?(\w+)/.exec(item)?.[1] ?? ''}`)
    }
  }
  return names
}

function bareExports(source: string): string[] {
  const lines = source.split('\n')
  const headed = lines[1]?.startsWith('/**') ?? false
  return lines.flatMap((line, index) => {
    const name = DECLARATION.exec(line)?.[1]
    const spoken = lines[index - 1]?.trimEnd().endsWith('*/') || (headed && line.includes(' class '))
    return name === undefined || spoken ? [] : [name]
  })
}
