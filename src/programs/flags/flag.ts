// SPDX-License-Identifier: Apache-2.0
/** What a daemon can be told: one entry per flag, with the environment variable that may stand for it. */
import { type Ip, parseIp } from '../../lib/ip.ts'
import { parseDuration } from '../../model/duration.ts'

export type Flag<T> = Readonly<{
  /** For --help; starts in lower case, no full stop. */
  help: string
  initial: T
  /** `initial` as one would write it, where that is not how it is kept. */
  shown?: string
  /** Variable that is read where the flag is not given. */
  env?: string
  /** What the text says; undefined where it is not understood. */
  parse(text: string): T | undefined
  /** What `parse` understands, for the sentence when it does not: `a port from 0 to 65535`. */
  expected: string
  /** A switch may stand alone: `--webhook-http2` is `--webhook-http2=true`. */
  isSwitch: boolean
  /** Why giving it changes nothing; said in the log when it is given. */
  idle?: string
}>

type About<T> = Readonly<{ help: string; initial: T; env?: string; idle?: string }>

export function text(about: About<string>): Flag<string> {
  return { ...about, parse: itself, expected: 'a text', isSwitch: false }
}

function itself(value: string): string {
  return value
}

export function integer(about: About<number> & Readonly<{ least: number; most: number }>): Flag<number> {
  const { least, most, ...rest } = about
  const parse = (value: string) => {
    const number = /^-?\d{1,10}$/.test(value) ? Number(value) : Number.NaN
    return number >= least && number <= most ? number : undefined
  }
  return { ...rest, parse, expected: `a whole number from ${least} to ${most}`, isSwitch: false }
}

/** A time with Go's units (`100ms`), kept in milliseconds; 0 turns off what would take it. Bounds and default as text. */
export function duration(
  about: Readonly<{ help: string; initial: string; least: string; most: string; env?: string }>,
): Flag<number> {
  const { help, initial, least, most, env } = about
  const [initialMs = 0, leastMs = 0, mostMs = 0] = [initial, least, most].map(parseDuration)
  const parse = (value: string) => {
    const ms = parseDuration(value)
    return ms === undefined || (ms !== 0 && (ms < leastMs || ms > mostMs)) ? undefined : ms
  }
  const expected = `0 or a duration from ${least} to ${most}, such as ${initial}`
  return {
    help,
    initial: initialMs,
    shown: initial,
    parse,
    expected,
    isSwitch: false,
    ...(env !== undefined && { env }),
  }
}

/** A TCP or UDP port at which something has to listen. */
export function listeningPort(about: About<number>): Flag<number> {
  return integer({ ...about, least: 1, most: 65_535 })
}

/** A TCP or UDP port; 0 turns off what would listen there. */
function port(about: About<number>): Flag<number> {
  return integer({ ...about, least: 0, most: 65_535 })
}

/** A port whose default depends on something else; null where it is not given. */
export function optionalPort(about: Readonly<{ help: string; env?: string }>): Flag<number | null> {
  const { parse, expected, isSwitch } = port({ ...about, initial: 0 })
  return { ...about, initial: null, parse, expected, isSwitch }
}

/** Where something listens; null: nowhere. Without an address: on all of the machine. */
export type ListeningPlace = Readonly<{ address: Ip | null; port: number }> | null

/** A TCP port, behind an IP address and a colon where it is for that one only; empty, the default, is nowhere. */
export function listeningPlace(about: Readonly<{ help: string; env?: string }>): Flag<ListeningPlace> {
  const expected = 'a port, or an IP address and a port, such as :179, 192.0.2.1:179 or [2001:db8::1]:179'
  return { ...about, initial: null, parse: placeOf, expected, isSwitch: false }
}

function placeOf(value: string): ListeningPlace | undefined {
  if (value === '') return null
  const [, inner, plain = '', digits = ''] = /^(?:\[([^\]]+)\]:|([^:[\]]*):)?(\d{1,5})$/.exec(value) ?? []
  const number = Number(digits)
  if (number < 1 || number > 65_535) return undefined
  if (inner === undefined && plain === '') return { address: null, port: number }
  const address = parseIp(inner ?? plain)
  const isBracketed = inner !== undefined
  return address && isBracketed === (address.family === 'ipv6') ? { address, port: number } : undefined
}

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False'])

/** The words that Go's flag package takes for booleans, since existing manifests use them. */
function truth(value: string): boolean | undefined {
  if (TRUE.has(value)) return true
  return FALSE.has(value) ? false : undefined
}

export function toggle(about: About<boolean>): Flag<boolean> {
  return { ...about, parse: truth, expected: 'true or false', isSwitch: true }
}

/** A switch whose default depends on something else; null where it is not given. */
export function optionalToggle(about: Readonly<{ help: string; env?: string }>): Flag<boolean | null> {
  return { ...about, initial: null, parse: truth, expected: 'true or false', isSwitch: true }
}

export function choice<T extends string>(about: About<T> & Readonly<{ words: readonly T[] }>): Flag<T> {
  const { words, ...rest } = about
  const parse = (value: string) => words.find((word) => word === value)
  return { ...rest, parse, expected: `one of ${words.join(', ')}`, isSwitch: false }
}

/** Words separated by commas; spaces around them do not count. */
export function wordList(about: About<readonly string[]>): Flag<readonly string[]> {
  return { ...about, parse: byCommas, expected: 'words separated by commas', isSwitch: false }
}

function byCommas(value: string): readonly string[] {
  return value
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}
