// SPDX-License-Identifier: Apache-2.0
/** What BIRD's birdc prints, as far as the lab looks at it. */
import { DOWN, type Family, type SeenRoute, type SeenSession } from './router.ts'

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

/** What BIRD has logged of a protocol: how often its session came up, and all lines since then, without their beginning. */
export function birdSaid(log: string, protocol: string): Readonly<{ ups: number; lines: readonly string[] }> {
  const mark = ` ${protocol}: `
  const all = log.split('\n').flatMap((line) => {
    const at = line.indexOf(mark)
    return at < 0 ? [] : [line.slice(at + mark.length)]
  })
  const lines = all.slice(all.lastIndexOf(UP) + 1)
  return { ups: all.filter((line) => line === UP).length, lines }
}

const UP = 'BGP session established'

/** Reads `show protocols all NAME`; of End-of-RIB, and of other sessions before, only the log tells. */
export function birdSession(text: string, logged: Readonly<{ ups: number; endOfRib: readonly Family[] }>): SeenSession {
  const [, state] = /^ {2}BGP state: +(.*)$/m.exec(text) ?? []
  if (state === undefined) return DOWN
  const isUp = state === 'Established'
  const imports = [...text.matchAll(/Import (?:updates|withdraws): +(\d+)/g)].map(([, received]) => Number(received))
  const updates = imports.reduce((sum, count) => sum + count, 0)
  const upSince = isUp ? `session ${logged.ups}` : ''
  return { isUp, state, upSince, endOfRib: isUp ? logged.endOfRib : [], updates }
}
