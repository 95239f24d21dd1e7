// SPDX-License-Identifier: Apache-2.0
/**
 * What routers of others see of a session that lives: routes that come, change and go without a new session, routes that
 * are asked for once more, the end of it, and what becomes of it when one side falls silent or begins anew.
 * Run by bgp-changes.test.ts.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Kind, SeenRoute } from '../../lab/routers/router.ts'
import { service } from './bgp-objects.ts'
import { hostsOf, Pair, THEIRS } from './bgp-pair.ts'
import { BgpScene, eventually } from './bgp-scene.ts'

const KINDS: readonly Kind[] = ['frr', 'bird', 'gobgp', 'exabgp']

const KEPT = ['198.51.100.1/32', 'fd11::1/128']
const NEW = ['198.51.100.2/32', 'fd11::2/128']
const prefixesOf = (routes: readonly SeenRoute[]): string[] =>
  [...new Set(routes.map(({ prefix }) => prefix))].toSorted()
const isAllStale = (routes: readonly SeenRoute[]): boolean => routes.every(({ stale }) => stale)
const are = (prefixes: readonly string[]) => (routes: readonly SeenRoute[]) =>
  prefixesOf(routes).join(' ') === prefixes.toSorted().join(' ')

async function changes(pair: Pair): Promise<void> {
  const { upSince } = await pair.complete()
  await pair.routesThat(are(KEPT))

  pair.write('new', service('new', ['198.51.100.2', 'fd11::2']))
  await pair.routesThat(are([...KEPT, ...NEW]))

  pair.advertise({ communities: ['64500:2', 'large:64500:3:4'], med: 77 })
  const changed = await pair.routesThat((routes) => routes.every(({ med }) => med === 77))
  assert.deepEqual(prefixesOf(changed), [...KEPT, ...NEW].toSorted(), 'none was lost on the way')
  for (const { communities, largeCommunities } of changed) {
    assert.deepEqual([communities, largeCommunities], [['64500:2'], ['64500:3:4']])
  }

  pair.remove('new')
  await pair.routesThat(are(KEPT))
  assert.equal((await pair.router.session(pair.us)).upSince, upSince, 'all of it in one session')
}

/** GoBGP has no command for it. */
async function refreshes(pair: Pair): Promise<void> {
  const { upSince, updates } = await pair.complete()
  await pair.router.refresh(pair.us)
  const after = await pair.sessionThat((session) => session.updates > updates)
  await pair.routesThat(are(KEPT))
  assert.equal(after.upSince, upSince)
}

/** RFC 4724: the router keeps our routes while our process is dead, and forgets none when we are back. */
async function isKilled(pair: Pair): Promise<void> {
  const { upSince } = await pair.complete()
  await pair.stopSpeaker('SIGKILL')
  await pair.sessionThat(({ isUp }) => !isUp)
  const kept = await pair.router.routes()
  if (pair.kind !== 'exabgp') {
    assert.deepEqual(prefixesOf(kept), KEPT.toSorted(), 'all are kept')
    if (pair.kind !== 'bird') assert.ok(isAllStale(kept), 'and shown to be old')
  }
  await pair.startSpeaker()
  await pair.complete(upSince)
  const fresh = await pair.routesThat((routes) => routes.length > 0 && routes.every(({ stale }) => !stale))
  assert.deepEqual(prefixesOf(fresh), KEPT.toSorted())
}

async function routerIsKilled(pair: Pair): Promise<void> {
  await pair.complete()
  await pair.says('session down', () => pair.router.stop('SIGKILL'))
  await pair.startRouter()
  await pair.complete()
  await pair.routesThat(are(KEPT))
}

/** Both sides enforce the hold time: who hears nothing for so long says so, and closes. */
async function fallsSilent(pair: Pair): Promise<void> {
  const { upSince } = await pair.complete()
  await pair.says('hold time expired', () => pair.router.signal('SIGSTOP'))
  pair.router.signal('SIGCONT')
  await pair.complete(upSince)
  await pair.routesThat(are(KEPT))
}

async function weFallSilent(pair: Pair): Promise<void> {
  const { upSince } = await pair.complete()
  pair.signalSpeaker('SIGSTOP')
  await pair.sessionThat(({ isUp }) => !isUp)
  pair.signalSpeaker('SIGCONT')
  await pair.complete(upSince)
  await pair.routesThat(are(KEPT))
}

/** How an operator ends the session with us for a reason, and lets it begin again. */
const ENDED_BY: Readonly<Record<'frr' | 'bird' | 'gobgp', (us: string) => readonly [string, string]>> = {
  frr: (us) => {
    const into = `configure terminal\nrouter bgp ${THEIRS}`
    return [`${into}\nneighbor ${us} shutdown message maintenance`, `${into}\nno neighbor ${us} shutdown`]
  },
  bird: () => ['disable n0 "maintenance"', 'enable n0'],
  // It begins again by itself.
  gobgp: (us) => [`neighbor ${us} shutdown --reason maintenance`, `neighbor ${us}`],
}

/** RFC 8203: what the other side's operator has to say is in our log. */
async function operatorEnds(pair: Pair): Promise<void> {
  const { kind } = pair
  assert(kind !== 'exabgp')
  const [end, begin] = ENDED_BY[kind](pair.us)
  const { upSince } = await pair.complete()
  await pair.says('maintenance', async () => void (await pair.router.command(end)))
  await pair.router.command(begin)
  await pair.complete(upSince)
  await pair.routesThat(are(KEPT))
}

/** Asked to stop, where the router would keep our routes: nothing is withdrawn, and the next process goes on. */
async function handsOver(pair: Pair): Promise<void> {
  await pair.complete()
  await pair.stopSpeaker('SIGTERM')
  await pair.sessionThat(({ isUp }) => !isUp)
  if (pair.kind !== 'exabgp') assert.deepEqual(prefixesOf(await pair.router.routes()), KEPT.toSorted())
  await pair.startSpeaker()
  await pair.complete()
}

/** Routes are announced as ones to turn away from, withdrawn, and then the reason is told; all is back when that goes. */
async function nodeLeaves(pair: Pair): Promise<void> {
  await pair.complete()
  pair.excluded(true)
  await pair.routesThat((routes) => are(KEPT)(routes) && routes.every(isToAvoid))
  await pair.sessionThat(({ isUp }) => !isUp)
  assert.deepEqual(await pair.router.routes(), [])
  await hears(pair, 'is excluded from external load balancers')
  pair.excluded(false)
  await pair.complete()
  await pair.routesThat((routes) => are(KEPT)(routes) && !routes.some(isToAvoid))
}

/** Asked to stop otherwise: routes are announced as ones to turn away from (RFC 8326), and then the reason is told. */
async function takesLeave(pair: Pair): Promise<void> {
  await pair.says('session down', () => pair.restartsGracefully(false))
  await pair.complete()
  const stopping = pair.stopSpeaker('SIGTERM')
  await pair.routesThat((routes) => are(KEPT)(routes) && routes.every(isToAvoid))
  await stopping
  await pair.sessionThat(({ isUp }) => !isUp)
  assert.deepEqual(await pair.router.routes(), [])
  await hears(pair, 'metallb: the speaker stops')
}

function isToAvoid({ communities }: SeenRoute): boolean {
  return communities.includes('65535:0')
}

async function hears(pair: Pair, words: string): Promise<void> {
  const isTold = async () => (pair.router.log().includes(words) ? true : undefined)
  await eventually(isTold, () => `it does not log our words. ${pair.router.log().slice(-2000)}`)
}

type Step = readonly [title: string, step: (pair: Pair) => Promise<void>, except?: Kind]

/** Those of a list follow each other; both lists go on at the same time, as most of it is waiting. */
const STEPS: Readonly<Record<string, readonly Step[]>> = {
  a: [
    ['routes come, change in place and go', changes],
    ['routes are sent once more when they are asked for', refreshes, 'gobgp'],
    ['the speaker is killed and started again', isKilled],
    ['the router is killed and started again', routerIsKilled],
    ["the router's operator ends it for a reason", operatorEnds, 'exabgp'],
    ['the speaker falls silent', weFallSilent],
  ],
  b: [
    ['the router falls silent', fallsSilent],
    ['the speaker stops, and the next one goes on', handsOver],
    // ExaBGP cannot read the NOTIFICATION that ends a session, and then takes no other connection.
    ['the node is to leave, and stays', nodeLeaves, 'exabgp'],
    ['the speaker stops for good', takesLeave, 'exabgp'],
  ],
}
const PAIRS = KINDS.flatMap((kind) =>
  Object.entries(STEPS).map(([part, steps]) => ({ kind, name: `${kind}-${part}`, steps })),
)
const scene = await BgpScene.build(PAIRS.flatMap(({ name }) => hostsOf(name)))

await suite('a session that lives', { concurrency: PAIRS.length }, () => {
  for (const { kind, name, steps } of PAIRS) {
    test(`with ${name}`, async (context) => {
      const pair = new Pair(scene, kind, name)
      await pair.startRouter()
      await pair.startSpeaker()
      let isLost = false
      for (const [title, step, except] of steps) {
        if (except === kind) continue
        await context.test(title, async () => {
          assert.equal(isLost, false, 'the step before has failed')
          isLost = true
          await step(pair)
          isLost = false
        })
      }
    })
  }
})
