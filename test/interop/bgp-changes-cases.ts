// SPDX-License-Identifier: Apache-2.0
/**
 * What routers of others see of a session that lives: routes that come, change and go without a new session, routes that
 * are asked for once more, the end of it, and what becomes of it when one side falls silent or begins anew.
 * Run by bgp-changes.test.ts.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Program } from '../../lab/program.ts'
import type { Kind, Router, SeenRoute, SeenSession } from '../../lab/routers/router.ts'
import { advertisement, node, peer, pool, service } from './bgp-objects.ts'
import { BgpScene, eventually } from './bgp-scene.ts'

const KINDS: readonly Kind[] = ['frr', 'bird', 'gobgp', 'exabgp']
/** Short, and yet long enough for a machine that is busy. */
const HOLD_S = 6
/** On a machine that is busy, programs take seconds to start. */
const PATIENCE_MS = 30_000
/** Long enough to be seen. */
const DRAIN_S = 5
const [OURS, THEIRS] = [64_500, 64_501]

/** Routers by their kind on hosts of the same name; a node for each, since speakers are stopped and killed. */
const scene = await BgpScene.build([...KINDS, ...KINDS.map(nodeOf)])

function nodeOf(kind: Kind): string {
  return `by-${kind}`
}

/** What the kind's router and its speaker have together. */
class Pair {
  readonly kind: Kind
  readonly router: Router
  readonly us: string
  speaker: Program | null = null
  readonly #manifests: string

  constructor(kind: Kind) {
    this.kind = kind
    this.router = scene.router(kind, kind, ['zebra'])
    this.us = scene.ipv4(nodeOf(kind))
    this.#manifests = scene.manifests(`manifests-${kind}`)
    this.write('base', [node(nodeOf(kind), this.us), pool()])
    this.restartsGracefully(true)
    this.write('kept', service('kept', ['198.51.100.1', 'fd11::1']))
    this.advertise({ communities: ['64500:1'] })
  }

  /** The BGPPeer: whether the router is to keep our routes while we restart. */
  restartsGracefully(enabled: boolean): void {
    const session = { myASN: OURS, peerASN: THEIRS, peerAddress: scene.ipv4(this.kind), dualStackAddressFamily: true }
    this.write('peer', [peer('router', { ...session, gracefulRestart: { enabled, restartTime: '30s' } })])
  }

  write(name: string, objects: Parameters<BgpScene['write']>[1]): void {
    scene.write(name, objects, this.#manifests)
  }

  remove(name: string): void {
    scene.remove(name, this.#manifests)
  }

  advertise(spec: object): void {
    this.write('advertisement', [advertisement('all', spec)])
  }

  async startRouter(): Promise<void> {
    const plan = { address: this.us, localAddress: scene.ipv4(this.kind), remoteAs: OURS, holdS: HOLD_S }
    const neighbors = [{ ...plan, families: ['ipv4' as const, 'ipv6' as const] }]
    await this.router.start({ asn: THEIRS, routerId: scene.ipv4(this.kind), neighbors })
  }

  async startSpeaker(): Promise<void> {
    this.speaker = await scene.speaker(nodeOf(this.kind), {
      manifests: this.#manifests,
      flags: ['--bgp-drain-time', `${DRAIN_S}s`],
    })
  }

  /** The session once it is up, and End-of-RIB has come for both families. */
  async complete(): Promise<SeenSession> {
    return await this.sessionThat((session) => session.isUp && session.endOfRib.length === 2)
  }

  async sessionThat(isSo: (session: SeenSession) => boolean, patienceMs = PATIENCE_MS): Promise<SeenSession> {
    let seen: SeenSession | undefined
    const probe = async () => {
      seen = await this.router.session(this.us)
      return isSo(seen) ? seen : undefined
    }
    return await eventually(probe, () => `${JSON.stringify(seen)} of ${this.describe()}`, patienceMs)
  }

  async routesThat(isSo: (routes: readonly SeenRoute[]) => boolean): Promise<readonly SeenRoute[]> {
    let seen: readonly SeenRoute[] = []
    const probe = async () => {
      seen = await this.router.routes()
      return isSo(seen) ? seen : undefined
    }
    return await eventually(probe, () => `${JSON.stringify(seen)} of ${this.describe()}`)
  }

  async stopSpeaker(): Promise<void> {
    this.speaker?.signal('SIGTERM')
    await this.speaker?.ended()
  }

  /** Does something, and waits for our log to hold one more line with a word. */
  async says(word: string, act: () => void | Promise<void>): Promise<void> {
    const before = this.said(word).length
    await act()
    const isSaid = async () => (this.said(word).length > before ? true : undefined)
    await eventually(isSaid, () => `we do not say ${word}. ${this.describe()}`, PATIENCE_MS)
  }

  /** Lines of our log that hold a word. */
  said(word: string): readonly string[] {
    if (!this.speaker) return []
    return scene
      .logOf(this.speaker)
      .split('\n')
      .filter((line) => line.includes(word))
  }

  describe(): string {
    return `${this.router.describe()} ${this.said('"protocol":"bgp"').slice(-5).join('\n')}`
  }
}

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
  pair.speaker?.signal('SIGKILL')
  await pair.speaker?.ended()
  await pair.sessionThat(({ isUp }) => !isUp)
  const kept = await pair.router.routes()
  if (pair.kind !== 'exabgp') {
    assert.deepEqual(prefixesOf(kept), KEPT.toSorted(), 'all are kept')
    if (pair.kind !== 'bird') assert.ok(isAllStale(kept), 'and shown to be old')
  }
  await pair.startSpeaker()
  const after = await pair.complete()
  assert.notEqual(after.upSince, upSince)
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
  await pair.complete()
  await pair.says('hold time expired', () => pair.router.signal('SIGSTOP'))
  pair.router.signal('SIGCONT')
  await pair.complete()
  await pair.routesThat(are(KEPT))
}

async function weFallSilent(pair: Pair): Promise<void> {
  const { upSince } = await pair.complete()
  pair.speaker?.signal('SIGSTOP')
  await pair.sessionThat(({ isUp }) => !isUp, PATIENCE_MS)
  pair.speaker?.signal('SIGCONT')
  const after = await pair.complete()
  assert.notEqual(after.upSince, upSince)
  await pair.routesThat(are(KEPT))
}

/** Asked to stop, where the router would keep our routes: nothing is withdrawn, and the next process goes on. */
async function handsOver(pair: Pair): Promise<void> {
  await pair.complete()
  await pair.stopSpeaker()
  await pair.sessionThat(({ isUp }) => !isUp)
  if (pair.kind !== 'exabgp') assert.deepEqual(prefixesOf(await pair.router.routes()), KEPT.toSorted())
  await pair.startSpeaker()
  await pair.complete()
}

/** Asked to stop otherwise: routes are announced as ones to turn away from (RFC 8326), and then the reason is told. */
async function takesLeave(pair: Pair): Promise<void> {
  await pair.says('session down', () => pair.restartsGracefully(false))
  await pair.complete()
  const stopping = pair.stopSpeaker()
  await pair.routesThat(
    (routes) => are(KEPT)(routes) && routes.every(({ communities }) => communities.includes('65535:0')),
  )
  await stopping
  await pair.sessionThat(({ isUp }) => !isUp)
  assert.deepEqual(await pair.router.routes(), [])
  const isTold = async () => (pair.router.log().includes('metallb: the speaker stops') ? true : undefined)
  await eventually(isTold, () => `it does not log our words. ${pair.router.log().slice(-2000)}`)
}

await suite('a session that lives', { concurrency: KINDS.length }, () => {
  for (const kind of KINDS) {
    test(`with ${kind}`, async (context) => {
      const pair = new Pair(kind)
      await pair.startRouter()
      await pair.startSpeaker()
      const steps: readonly (readonly [string, (pair: Pair) => Promise<void>])[] = [
        ['routes come, change in place and go', changes],
        ...(kind === 'gobgp' ? [] : [['routes are sent once more when they are asked for', refreshes] as const]),
        ['the speaker is killed and started again', isKilled],
        ['the router is killed and started again', routerIsKilled],
        ['the router falls silent', fallsSilent],
        ['the speaker falls silent', weFallSilent],
        ['the speaker stops, and the next one goes on', handsOver],
        // ExaBGP cannot read the NOTIFICATION that ends a session, and then takes no other connection.
        ...(kind === 'exabgp' ? [] : [['the speaker stops for good', takesLeave] as const]),
      ]
      let isLost = false
      for (const [title, step] of steps) {
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
