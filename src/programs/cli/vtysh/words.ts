// SPDX-License-Identifier: Apache-2.0
/** The few of vtysh's commands that there are here. */

/** What is asked for. `family` null: both; `neighbour` null: all of them. */
export type Request =
  | Readonly<{ what: 'summary' | 'routes'; family: 'ipv4' | 'ipv6' | null; json: boolean }>
  | Readonly<{ what: 'neighbours' | 'advertised'; neighbour: string | null; json: boolean }>
  | Readonly<{ what: 'bfd'; json: boolean }>
  | Readonly<{ what: 'debug'; neighbour: string; on: boolean }>

/** For people who have asked for something else. */
export const KNOWN_WORDS = [
  'show bgp summary',
  'show ip bgp',
  'show bgp neighbors [NEIGHBOR]',
  'show bgp neighbors NEIGHBOR advertised-routes',
  'show bfd peers',
  'debug bgp neighbor NEIGHBOR',
  'no debug bgp neighbor NEIGHBOR',
] as const

/** Null: it is none of these. Words may have any case; `ipv4 unicast` and `ipv6 unicast` may stand after `bgp`. */
export function parseWords(text: string): Request | null {
  const words = text.trim().split(/\s+/)
  const [first = '', ...rest] = words
  switch (first.toLowerCase()) {
    case 'show':
      return shown(rest)
    case 'debug':
      return debugged(rest, true)
    case 'no':
      return rest[0]?.toLowerCase() === 'debug' ? debugged(rest.slice(1), false) : null
    default:
      return null
  }
}

function debugged([first = '', second = '', neighbour, ...more]: readonly string[], on: boolean): Request | null {
  if (first.toLowerCase() !== 'bgp' || second.toLowerCase() !== 'neighbor') return null
  return neighbour !== undefined && more.length === 0 ? { what: 'debug', neighbour, on } : null
}

function shown(words: readonly string[]): Request | null {
  const json = words.at(-1)?.toLowerCase() === 'json'
  const plain = json ? words.slice(0, -1) : words
  const [first = '', second = ''] = plain.map((word) => word.toLowerCase())
  if (first === 'bfd') return second === 'peers' && plain.length === 2 ? { what: 'bfd', json } : null
  if (first === 'ip' && second === 'bgp') return bgp(plain.slice(2), { json, family: 'ipv4' })
  return first === 'bgp' ? bgp(plain.slice(1), { json, family: null }) : null
}

type Manner = Readonly<{ json: boolean; family: 'ipv4' | 'ipv6' | null }>

function bgp(words: readonly string[], { json, family }: Manner): Request | null {
  const [first = '', second = '', third = ''] = words.map((word) => word.toLowerCase())
  if (first === 'ipv4' || first === 'ipv6')
    return bgp(words.slice(second === 'unicast' ? 2 : 1), { json, family: first })
  if (words.length === 0) return { what: 'routes', family, json }
  if (first === 'summary' && words.length === 1) return { what: 'summary', family, json }
  if (first !== 'neighbors' && first !== 'neighbor') return null
  const neighbour = words[1] ?? null
  if (words.length <= 2) return { what: 'neighbours', neighbour, json }
  return third === 'advertised-routes' && words.length === 3 ? { what: 'advertised', neighbour, json } : null
}
