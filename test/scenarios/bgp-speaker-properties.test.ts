// SPDX-License-Identifier: Apache-2.0
/** Whatever happens to a speaker in whatever order: in the end every router has what it should have. Seeded. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PeerSetup } from '../../src/bgp/peer-setup.ts'
import type { PeerRoute } from '../../src/bgp/rib-offers.ts'
import { formatCidr } from '../../src/lib/prefix.ts'
import {
  hostPrefix,
  NodeUnderTest,
  Router,
  type RouterSession,
  routesTo,
  SpeakerWorld,
  setupOf,
  withheldOf,
} from './bgp-speaker-world.ts'

const NODE = '10.0.0.1'
const NAMES = ['tor0', 'tor1', 'tor2'] as const
const SERVICES = 30
const PREFIXES = 20
const OPERATIONS = 1000

/** A node, its routers, and all that was asked of it. */
class Scene {
  readonly world: SpeakerWorld
  readonly node: NodeUnderTest
  readonly told: RouterSession[] = []
  readonly plan = new Map<string, readonly PeerRoute[]>()
  readonly done = new Set<string>()
  setups: PeerSetup[] = NAMES.map((name, at) => setupOf(name, `10.0.1.${at + 1}`))

  constructor(seed: number) {
    this.world = new SpeakerWorld(seed)
    this.node = new NodeUnderTest(this.world, NODE)
  }

  async begin(): Promise<void> {
    for (const { reach } of this.setups) {
      const router = await Router.at(this.world, reach.dial?.to.address ?? '', [NODE])
      this.told.push(router.of(NODE))
    }
    this.node.speaker.configure(this.setups)
  }

  below(limit: number): number {
    return Math.floor(this.world.random() * limit)
  }

  /** One of many things that can happen. */
  act(): void {
    const { speaker } = this.node
    const at = this.below(NAMES.length)
    const [name, told] = [NAMES[at] ?? 'tor0', this.told[at]]
    const acts: readonly (readonly [name: string, times: number, act: () => void])[] = [
      ['set', 12, () => this.#set(`s${this.below(SERVICES)}`, this.#routes())],
      ['withdraw', 4, () => this.#set(`s${this.below(SERVICES)}`, [])],
      ['refresh', 2, () => told?.session.view().state === 'Established' && told.say(REFRESH)],
      ['BFD down', 1, () => speaker.peerDown(name, 'BFD')],
      ['BFD up', 1, () => speaker.peerUp(name)],
      ['router restarts', 1, () => [told?.session.stop({ kind: 'drain', text: '' }), told?.session.start()]],
      ['renewed', 1, () => this.#configure(at, setupOf(name, `10.0.1.${at + 1}`, { hostname: `h${this.below(9)}` }))],
      ['intervals', 1, () => this.#configure(at, setupOf(name, `10.0.1.${at + 1}`, { connectMs: 1000 }))],
      ['withheld', 1, () => this.#configure(at, withheldOf(setupOf(name, `10.0.1.${at + 1}`)))],
      ['removed', 1, () => speaker.configure(this.setups.filter((setup) => setup.name !== name))],
      ['configured', 2, () => speaker.configure(this.setups)],
      ['drain', 1, () => speaker.drain(true)],
      ['no drain', 1, () => speaker.drain(false)],
      ['planned', 1, () => speaker.planned()],
      ['addresses', 1, () => speaker.addressesChanged()],
    ]
    const all = acts.flatMap((one) => Array.from({ length: one[1] }, () => one))
    const chosen = all[this.below(all.length)]
    assert.ok(chosen)
    chosen[2]()
    this.done.add(chosen[0])
  }

  /** All is as it should be from now on. */
  async end(): Promise<void> {
    const { speaker } = this.node
    speaker.drain(false)
    speaker.planned()
    speaker.configure(NAMES.map((name, at) => setupOf(name, `10.0.1.${at + 1}`)))
    const isUp = () => NAMES.every((name) => this.node.isUp(name))
    await this.world.until(isUp, 300_000, 'all are up')
    await this.world.clock.advance(1000)
    await speaker.settled()
    await this.world.clock.advance(1000)
  }

  /** What this peer has to be told, as text. */
  expected(peer: string): string[] {
    const all = new Map<string, Set<number>>()
    for (const { peer: to, route } of [...this.plan.values()].flat()) {
      if (to !== peer) continue
      const key = formatCidr(route.prefix)
      all.set(key, new Set([...(all.get(key) ?? []), ...route.communities]))
    }
    return textOf([...all].map(([prefix, communities]) => [prefix, [...communities].toSorted((a, b) => a - b)]))
  }

  #set(service: string, routes: readonly PeerRoute[]): void {
    this.plan.set(service, routes)
    this.node.speaker.set(service, routes)
  }

  #routes(): PeerRoute[] {
    const peers = NAMES.filter(() => this.world.random() < 0.6)
    const communities = [1, 2, 3].filter(() => this.world.random() < 0.3)
    const first = this.below(PREFIXES)
    const prefixes = Array.from({ length: 1 + this.below(3) }, (_, at) => hostPrefix((first + at) % PREFIXES))
    return prefixes.flatMap((prefix) => routesTo(peers, prefix, { communities }))
  }

  #configure(at: number, setup: PeerSetup): void {
    this.setups = this.setups.with(at, setup)
    this.node.speaker.configure(this.setups)
  }
}

const REFRESH = { type: 'routeRefresh', afi: 1, safi: 1, family: 'ipv4', subtype: 0 } as const

function textOf(routes: readonly (readonly [string, readonly number[]])[]): string[] {
  return routes.map(([prefix, communities]) => `${prefix} ${communities.join(' ')}`).toSorted()
}

for (const seed of [1, 2, 3]) {
  test(`${OPERATIONS} things that happen: every router has the plan in the end (seed ${seed})`, async () => {
    const scene = new Scene(seed)
    await scene.begin()
    for (let count = 0; count < OPERATIONS; count++) {
      scene.act()
      if (scene.world.random() < 0.5) await scene.world.clock.advance(scene.below(20))
    }
    await scene.end()
    assert.equal(scene.done.size, 15)
    for (const [at, name] of NAMES.entries()) {
      const { routes = new Map(), endsOfRib } = scene.told[at] ?? {}
      const told = [...routes].map(([prefix, { attributes }]) => [prefix, attributes.communities ?? []] as const)
      assert.deepEqual(textOf(told), scene.expected(name), name)
      assert.deepEqual(endsOfRib, ['ipv4'], `${name}: End-of-RIB once in a session`)
      assert.equal(scene.node.view(name).routes.sent, routes.size)
    }
  })
}
