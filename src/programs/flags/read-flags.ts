// SPDX-License-Identifier: Apache-2.0
/**
 * Reads the arguments of a daemon as Go's flag package does (`-x`, `--x`, `--x=value`, `--x value`), since the
 * manifests that call us were written for programs that use it. A flag that is wrong stops the start, in one sentence;
 * a wrong environment variable is a warning and the default counts, since it may be set for a whole cluster.
 */
import { nearest } from '../../lib/nearest.ts'
import type { Flag } from './flag.ts'

// The one place where the kind of value does not matter.
type Flags = Readonly<Record<string, Flag<unknown>>>
export type Values<F extends Flags> = { readonly [Name in keyof F]: F[Name] extends Flag<infer T> ? T : never }
type Environment = Readonly<Record<string, string | undefined>>

export type Reading<F extends Flags> =
  | Readonly<{ kind: 'values'; values: Values<F>; warnings: readonly string[] }>
  | Readonly<{ kind: 'help' }>
  | Readonly<{ kind: 'unusable'; message: string }>

/** What `argv` (without the program's name) and `env` say; neither is changed. */
export function readFlags<F extends Flags>(flags: F, argv: readonly string[], env: Environment): Reading<F>
/** Every flag has its entry, of the type that its own `parse` and `initial` have; only the caller’s types know which. */
export function readFlags(flags: Flags, argv: readonly string[], env: Environment): Reading<Flags> {
  const given = new Map<string, unknown>()
  for (let at = 0; at < argv.length; at++) {
    const arg = argv[at] ?? ''
    const [, name = '', value] = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(arg) ?? []
    if (name === 'help' || name === 'h') return { kind: 'help' }
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
    if (!flag) return { kind: 'unusable', message: unknownFlag(flags, arg, name) }
    const text = value ?? (flag.isSwitch ? 'true' : argv[++at])
    if (text === undefined) return { kind: 'unusable', message: `--${name} needs a value: ${flag.expected}` }
    const parsed = flag.parse(text)
    if (parsed === undefined) return { kind: 'unusable', message: misread(`--${name}`, text, flag) }
    given.set(name, parsed)
  }
  const warnings = [...given.keys()].flatMap((name) => idleWarning(`--${name}`, flags[name]))
  const values = Object.entries(flags).map(([name, flag]): [string, unknown] => {
    return [name, given.has(name) ? given.get(name) : fromEnvironment(flag, env, warnings)]
  })
  return { kind: 'values', values: Object.fromEntries(values), warnings }
}

function fromEnvironment(flag: Flag<unknown>, env: Environment, warnings: string[]): unknown {
  const text = flag.env === undefined ? undefined : env[flag.env]
  if (flag.env === undefined || text === undefined || text === '') return flag.initial
  warnings.push(...idleWarning(flag.env, flag))
  const parsed = flag.parse(text)
  if (parsed !== undefined) return parsed
  warnings.push(`${misread(flag.env, text, flag)}; using ${flag.shown ?? JSON.stringify(flag.initial)}`)
  return flag.initial
}

function idleWarning(name: string, flag: Flag<unknown> | undefined): string[] {
  return flag?.idle === undefined ? [] : [`${name} is accepted and has no effect: ${flag.idle}`]
}

function misread(name: string, text: string, { expected }: Flag<unknown>): string {
  return `${name} is ${JSON.stringify(text)}, which is not ${expected}`
}

function unknownFlag(flags: Flags, arg: string, name: string): string {
  if (name === '') return `${JSON.stringify(arg)} is no flag; this program takes flags only`
  const meant = nearest(name, Object.keys(flags))
  return `there is no flag --${name}${meant === undefined ? '' : `; did you mean --${meant}?`}`
}

/** The text of --help. */
export function helpOf(program: string, about: string, flags: Flags): string {
  const entries = Object.entries(flags).map(
    ([name, flag]) => [`  --${name}${flag.isSwitch ? '' : ' VALUE'}`, flag] as const,
  )
  const width = Math.max(...entries.map(([left]) => left.length)) + 2
  const lines = entries.map(([left, flag]) => `${left.padEnd(width)}${describe(flag)}`)
  return `Usage: metallb ${program} [flags]\n\n${about}\n\n${lines.join('\n')}\n`
}

function describe({ help, initial, env, idle, shown }: Flag<unknown>): string {
  const isShown = (typeof initial === 'string' && initial !== '') || typeof initial === 'number'
  const notes = [
    ...(idle === undefined ? [] : ['no effect here']),
    ...(isShown ? [`default ${shown ?? initial}`] : []),
    ...(env === undefined ? [] : [`env ${env}`]),
  ]
  return notes.length === 0 ? help : `${help} (${notes.join(', ')})`
}
