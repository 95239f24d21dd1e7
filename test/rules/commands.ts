// SPDX-License-Identifier: Apache-2.0
/** Commands that a page tells its reader to type: each must be one that exists, with flags and files that exist. */

/** What there is, as the test found it. `help` is empty for a program that there is not. */
export type Known = Readonly<{
  targets: ReadonlySet<string>
  exists(path: string): boolean
  help(program: string): string
}>

const FENCE = /^[ \t]*```(\w*)[^\n]*\n([\s\S]*?)^[ \t]*```/gm
const SHELLS = new Set(['sh', 'bash', 'shell'])
const METALLB = new Set(['bin/metallb', './bin/metallb', 'dist/metallb', './dist/metallb', 'metallb'])
/** Programs of the system that pages may use; their arguments are theirs to judge. */
const SYSTEM = new Set(
  'apt-get cat cd cp curl echo git ip jq kill kubectl ls mkdir nft nsenter ping sleep sysctl tail tcpdump tee watch'.split(
    ' ',
  ),
)
const OWN_FILE = /^(?:\.\/)?(?:bin|deploy|docs|examples|lab|src|test|tools)\/[\w./-]+$/

/** Lines of `sh` blocks, and what follows `$ ` in `console` blocks, where all else is output. */
export function commandsOf(markdown: string): string[] {
  return [...markdown.matchAll(FENCE)].flatMap(([, language = '', body = '']) => {
    const lines = body
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .map((line) => line.trim())
    if (SHELLS.has(language)) return lines.filter((line) => line !== '' && !line.startsWith('#'))
    return language === 'console' ? lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2)) : []
  })
}

/** What is wrong with one command line; each part of a pipe or a list is looked at. */
export function commandProblems(line: string, known: Known): string[] {
  return line
    .replace(/\s+#\s.*$/, '')
    .split(/\s*(?:&&|\|\||[|;&])\s*/)
    .filter((part) => part !== '')
    .flatMap((part) => partProblems(part, known))
    .map((problem) => `'${line}': ${problem}`)
}

function partProblems(part: string, known: Known): string[] {
  const words = part.split(/\s+/).filter((word) => !/^[A-Z_]+=/.test(word))
  if (words[0] === 'sudo') words.shift()
  const [program = '', ...args] = words
  const files = args.filter((arg) => OWN_FILE.test(arg) && !known.exists(arg))
  return [...files.map((file) => `there is no ${file}`), ...programProblems(program, args, known)]
}

function programProblems(program: string, args: readonly string[], known: Known): string[] {
  if (program === 'make') {
    const missing = args.filter((arg) => !arg.startsWith('-') && !known.targets.has(arg))
    return missing.map((target) => `the Makefile has no target ${target}`)
  }
  if (METALLB.has(program)) return flagProblems(args, known)
  const ours = OWN_FILE.test(program)
  if (ours ? known.exists(program) : SYSTEM.has(program) || program === '') return []
  return [ours ? `there is no ${program}` : `${program} is no command that this rule knows`]
}

function flagProblems(args: readonly string[], known: Known): string[] {
  const [first = ''] = args
  const name = first.startsWith('-') ? '' : first
  const help = known.help(name)
  if (help === '') return [`metallb has no program ${name}`]
  const flags = args.flatMap((arg) => /^--[a-z-]+/.exec(arg) ?? [])
  return flags.filter((flag) => !help.includes(flag)).map((flag) => `metallb ${name} has no flag ${flag}`)
}

/** Relative links of a page, without their anchors. */
export function linksOf(markdown: string): string[] {
  const prose = markdown.replaceAll(FENCE, '')
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]?.split('#')[0] ?? '')
  return links.filter((link) => link !== '' && !/^[a-z]+:/.test(link))
}
