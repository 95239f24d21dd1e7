// SPDX-License-Identifier: Apache-2.0
/** A router of others and a node of ours with one session between them, of both families, whose life a test looks at. */
import type { Program } from '../../lab/program.ts'
import type { Kind, Router, SeenRoute, SeenSession } from '../../lab/routers/router.ts'
import { advertisement, node, peer, pool, service } from './bgp-objects.ts'
import { type BgpScene, eventually } from './bgp-scene.ts'

/** Short, and yet long enough for a machine that is busy. */
const HOLD_S = 6
/** On a machine that is busy, programs take seconds to start. */
const PATIENCE_MS = 30_000
/** Long enough to be seen. */
const DRAIN_S = 5
const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers'
/** Our AS, and the router's. */
export const [OURS, THEIRS] = [64_500, 64_501]

/** Where a pair's router runs, and where our speaker does. */
export function hostsOf(name: string): [string, string] {
  return [name, `by-${name}`]
}

/** What the kind's router and its speaker have together. */
export class Pair {
  readonly kind: Kind
  readonly router: Router
  /** Our address, and the router's. */
  readonly us: string
  readonly them: string
  #speaker: Program | null = null
  readonly #scene: BgpScene
  readonly #node: string
  readonly #manifests: string

  /** On the hosts of this name's, `hostsOf`; nothing runs yet. */
  constructor(scene: BgpScene, kind: Kind, name: string) {
    const [routerHost, nodeHost] = hostsOf(name)
    this.kind = kind
    this.#scene = scene
    this.#node = nodeHost
    // Without zebra bgpd refuses next hops on the link.
    this.router = scene.router(kind, routerHost, ['zebra'])
    this.us = scene.ipv4(nodeHost)
    this.them = scene.ipv4(routerHost)
    this.#manifests = scene.manifests(`manifests-${name}`)
    this.excluded(false)
    this.write('pool', [pool()])
    this.restartsGracefully(true)
    this.write('kept', service('kept', ['198.51.100.1', 'fd11::1']))
    this.advertise({ communities: ['64500:1'] })
  }

  /** The BGPPeer: whether the router is to keep our routes while we restart. */
  restartsGracefully(enabled: boolean): void {
    const session = { myASN: OURS, peerASN: THEIRS, peerAddress: this.them, dualStackAddressFamily: true }
    this.write('peer', [peer('router', { ...session, gracefulRestart: { enabled, restartTime: '30s' } })])
  }

  /** The Node: whether it carries the label by which it is to announce nothing. */
  excluded(isExcluded: boolean): void {
    this.write('node', [node(this.#node, this.us, isExcluded ? { [EXCLUDE_LABEL]: '' } : {})])
  }

  write(name: string, objects: Parameters<BgpScene['write']>[1]): void {
    this.#scene.write(name, objects, this.#manifests)
  }

  remove(name: string): void {
    this.#scene.remove(name, this.#manifests)
  }

  advertise(spec: object): void {
    this.write('advertisement', [advertisement('all', spec)])
  }

  async startRouter(): Promise<void> {
    const plan = { address: this.us, localAddress: this.them, remoteAs: OURS, holdS: HOLD_S }
    const neighbors = [{ ...plan, families: ['ipv4' as const, 'ipv6' as const] }]
    await this.router.start({ asn: THEIRS, routerId: this.them, neighbors })
  }

  async startSpeaker(): Promise<void> {
    this.#speaker = await this.#scene.speaker(this.#node, {
      manifests: this.#manifests,
      flags: ['--bgp-drain-time', `${DRAIN_S}s`],
    })
  }

  /** The session once it is up, another one than `before`, and End-of-RIB has come for both families. */
  async complete(before = ''): Promise<SeenSession> {
    return await this.sessionThat(({ isUp, endOfRib, upSince }) => isUp && endOfRib.length === 2 && upSince !== before)
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

  /** Resolves when it has ended. */
  async stopSpeaker(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#speaker?.signal(signal)
    await this.#speaker?.ended()
  }

  signalSpeaker(signal: NodeJS.Signals): void {
    this.#speaker?.signal(signal)
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
    if (!this.#speaker) return []
    return this.#scene
      .logOf(this.#speaker)
      .split('\n')
      .filter((line) => line.includes(word))
  }

  describe(): string {
    return `${this.router.describe()} ${this.said('"protocol":"bgp"').slice(-5).join('\n')}`
  }
}
