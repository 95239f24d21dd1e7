// SPDX-License-Identifier: Apache-2.0
/** Sessions of our speaker with one kind of router, which is the argument. Run by bgp-sessions.test.ts. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Kind, Router, SeenRoute } from '../../lab/routers/router.ts'
import { advertisement, node, peer, pool, secret, service } from './bgp-objects.ts'
import { BgpScene, eventually } from './bgp-scene.ts'
import { type Ends, type Expected, ROWS, type Row, SECRET } from './bgp-session-rows.ts'

const KINDS: readonly Kind[] = ['frr', 'bird', 'gobgp', 'exabgp']
const kind = KINDS.find((name) => name === process.argv[2])
assert(kind, `the argument is one of ${KINDS.join(', ')}`)
/** A dial that nobody answers takes 7 s. */
const REFUSED_MS = 20_000
/** Our node has two addresses of IPv4. */
const SECOND = '192.168.1.211'

const rows = ROWS.filter(({ except = [] }) => !except.includes(kind))
const scene = await BgpScene.build(['node', ...rows.map(({ name }) => name)])

await scene.host('node').run(['ip', 'address', 'add', `${SECOND}/24`, 'dev', 'eth0'])

function endsOf({ name }: Row): Ends {
  const [ours4, ours6, theirs4, theirs6] = [scene.ipv4('node'), scene.ipv6('node'), scene.ipv4(name), scene.ipv6(name)]
  return { ours4, second4: SECOND, ours6, theirs4, theirs6 }
}

/** BIRD gives a route from outside the preference that it would have by default. */
function asShown(expected: Expected): Expected {
  return kind === 'bird' && expected.localPref === null ? { ...expected, localPref: 100 } : expected
}

async function startRouter(row: Row): Promise<[string, Router]> {
  const ends = endsOf(row)
  // Without zebra bgpd knows no interfaces, and refuses link-local next hops.
  const router = scene.router(kind ?? 'frr', row.name, ['zebra'])
  const { ours4: address, theirs4: localAddress } = ends
  const neighbor = { address, localAddress, families: ['ipv4' as const], ...row.neighbor(ends) }
  await router.start({ asn: row.asn, routerId: localAddress, neighbors: [neighbor] })
  return [row.name, router]
}

/** The neighbour's address that the router knows us by. */
function usOf(row: Row): string {
  const ends = endsOf(row)
  return row.neighbor(ends).address ?? ends.ours4
}

/** A route as it is expected, if it is: with our next hop in place of all. */
function comparable(route: SeenRoute, nextHop: string): Expected {
  const { prefix, asPath, origin, med, localPref, communities, largeCommunities, nextHops, stale } = route
  assert.equal(stale, false, `${prefix} is stale`)
  const hop = nextHops.includes(nextHop) ? nextHop : nextHops.join(' ')
  return { prefix, asPath, origin, med, localPref, communities, largeCommunities, nextHop: hop }
}

async function showsRoutes(router: Router, expected: readonly Expected[]): Promise<void> {
  let shown: readonly SeenRoute[] = []
  await eventually(
    async () => {
      shown = await router.routes()
      return shown.length === expected.length ? true : undefined
    },
    () => `it shows ${JSON.stringify(shown)}. ${router.describe()}`,
  )
  const inOrder = shown.toSorted((a, b) => (a.prefix < b.prefix ? -1 : 1))
  const seen = inOrder.map((route, at) => comparable(route, expected[at]?.nextHop ?? ''))
  assert.deepEqual(seen, expected.map(asShown))
}

scene.write('base', [
  node('node', scene.ipv4('node')),
  pool(),
  secret('router-secret', SECRET),
  ...service('both', ['198.51.100.7', 'fd11::7']),
  ...rows.map((row) => peer(row.name, row.peer(endsOf(row)))),
  ...rows.map((row) => advertisement(row.name, { peers: [row.name], ...row.advertisement })),
])
const routers = new Map(await Promise.all(rows.map(startRouter)))
const speaker = await scene.speaker('node', { flags: ['--bgp-listen', ':179'] })

await suite(`sessions with ${kind}`, { concurrency: 4 }, () => {
  for (const row of rows) {
    const router = routers.get(row.name)
    assert(router)
    if ('routes' in row) {
      const expected = row.routes(endsOf(row))
      test(row.title, async () => {
        const isUp = async () => ((await router.session(usOf(row))).isUp ? true : undefined)
        await eventually(isUp, () => `no session with ${row.name}. ${router.describe()} ${tail(row.name)}`)
        await showsRoutes(router, expected)
      })
    } else {
      test(row.title, async () => {
        const said = () => tail(row.name)
        await eventually(async () => (said().includes('session not up') ? true : undefined), said, REFUSED_MS)
        assert.match(said(), row.refused)
        assert.equal((await router.session(usOf(row))).isUp, false)
      })
    }
  }
})

/** What our speaker says of this peer. */
function tail(name: string): string {
  const lines = scene.logOf(speaker).split('\n')
  return lines.filter((line) => line.includes(`"name":"${name}"`)).join('\n')
}
