// SPDX-License-Identifier: Apache-2.0
/** What BIRD's birdc prints, as far as the lab looks at it. */
import { DOWN, type SeenRoute, type SeenSession } from './router.ts'

type Attributes = ReadonlyMap<string, string>

/** A line of a table: the prefix is left out where it is that of the line before. */
const ROUTE = /^(\S*)\s+\w+ \[(\w+) [^\]]*\](.*)$/

/** Reads `show route all`; `peers` has the neighbour's address of each protocol. */
export function birdRoutes(text: string, peers: ReadonlyMap<string, string>): SeenRoute[] {
  const routes: SeenRoute[] = []
  let prefix = ''
  for (const block of blocks(text)) {
    const [, own = '', protocol = '', flags = ''] = ROUTE.exec(block[0] ?? '') ?? []
    if (own !== '') prefix = own
    const attributes = new Map(block.flatMap(attributeOf))
    const peer = peers.get(protocol)
    if (peer !== undefined) routes.push(seenRoute({ prefix, peer, stale: /\(\d+s\b/.test(flags) }, attributes))
  }
  return routes
}

/** A route's line and those of its attributes. */
function blocks(text: string): string[][] {
  const found: string[][] = []
  for (const line of text.split('\n')) {
    if (ROUTE.test(line)) found.push([line])
    else if (line.startsWith('\t')) found.at(-1)?.push(line)
  }
  return found
}

function attributeOf(line: string): [string, string][] {
  const [, name, value = ''] = /^\tBGP\.(\w+): ?(.*)$/.exec(line) ?? []
  return name === undefined ? [] : [[name, value.trim()]]
}

function seenRoute(head: Pick<SeenRoute, 'prefix' | 'peer' | 'stale'>, attributes: Attributes): SeenRoute {
  const number = (name: string): number | null => (attributes.has(name) ? Number(attributes.get(name)) : null)
  const words = (name: string): string[] => (attributes.get(name) ?? '').split(' ').filter((word) => word !== '')
  return {
    ...head,
    nextHops: words('next_hop'),
    asPath: words('as_path').map(Number),
    origin: (attributes.get('origin') ?? '').toLowerCase(),
    med: number('med'),
    localPref: number('local_pref'),
    communities: tuples(attributes.get('community')),
    largeCommunities: tuples(attributes.get('large_community')),
  }
}

/** `(1, 2, 3) (4, 5, 6)` as `1:2:3` and `4:5:6`. */
function tuples(text = ''): string[] {
  return [...text.matchAll(/\(([^)]*)\)/g)].map(([, inner = '']) =>
    inner
      .split(',')
      .map((part) => part.trim())
      .join(':'),
  )
}

/** Reads `show protocols all NAME`; End-of-RIB is told in the log alone, which leaves out UPDATEs where there are many. */
export function birdSession(text: string, endOfRib: SeenSession['endOfRib']): SeenSession {
  const [, state] = /^ {2}BGP state: +(.*)$/m.exec(text) ?? []
  if (state === undefined) return DOWN
  const isUp = state === 'Established'
  const [, since = ''] = /^\w+ +BGP +\S+ +\w+ +(\S+)/m.exec(text) ?? []
  const imports = [...text.matchAll(/Import (?:updates|withdraws): +(\d+)/g)].map(([, received]) => Number(received))
  const updates = imports.reduce((sum, count) => sum + count, 0)
  return { isUp, state, upSince: isUp ? since : '', endOfRib: isUp ? endOfRib : [], updates }
}

/** What BIRD has logged of this protocol since its session is up, each line without its beginning. */
export function birdSaid(log: string, protocol: string): readonly string[] {
  const mark = ` ${protocol}: `
  const lines = log
    .split('\n')
    .flatMap((line) => (line.includes(mark) ? [line.slice(line.indexOf(mark) + mark.length)] : []))
  return lines.slice(lines.lastIndexOf('BGP session established') + 1)
}
