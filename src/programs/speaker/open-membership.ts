// SPDX-License-Identifier: Apache-2.0
/** The ring of a running speaker on this machine's network, and the health gates that it tells of. */
import { randomInt } from 'node:crypto'
import { Watches } from '../../bfd/watches.ts'
import { openGossip } from '../../gossip/session.ts'
import { localLinks, type NamePattern } from '../../l2/scan.ts'
import type { BfdReflex } from '../../lib/bfd-reflex.ts'
import { type Clock, systemClock } from '../../lib/clock.ts'
import { Fault } from '../../lib/fault.ts'
import { formatIp, parseIp } from '../../lib/ip.ts'
import type { Log } from '../../lib/log.ts'
import type { Links } from '../../lib/net.ts'
import type { EventWrite } from '../../lib/object.ts'
import type { Network } from '../../lib/sockets.ts'
import type { Model } from '../../model/model.ts'
import type { Node } from '../../model/node.ts'
import { openBfdReflex } from '../../os/bfd-reflex.ts'
import { openNetwork } from '../../os/network.ts'
import type { Discovery } from './discovery.ts'
import { HealthGates, type HealthGatesOptions } from './health-gates.ts'
import { type OwnState, Ring, type WatchHooks } from './ring.ts'
import { type RingConfig, ringSettings } from './ring-config.ts'
import type { Membership, Planned } from './speaker.ts'

export type MembershipOptions = Readonly<{
  config: RingConfig
  node: string
  discovery: Discovery
  links: Links
  excludeInterfaces: readonly NamePattern[]
  log: Log
  /** Those known now. */
  nodes(): ReadonlyMap<string, Node>
  event(event: EventWrite): void
  /** What decides announcements may be another one. */
  onChange(): void
  /** Others took this node for dead, and may have announced what is ours. */
  onRefuted(): void
  /** Unset: this machine. */
  surroundings?: Surroundings
}>

/** What a membership stands on. */
export type Surroundings = Readonly<{
  clock: Clock
  network: Network
  random(): number
  openReflex(): BfdReflex
  /** Unset: by HTTP. */
  openProbe?: HealthGatesOptions['openProbe']
}>

export type OpenMembership = Membership & Readonly<{ ring: Ring; planned(planned: Planned): void }>

/** Binds the sockets of the ring and of the watch. Throws a Fault where those of the ring cannot be bound. */
export async function openMembership(options: MembershipOptions): Promise<OpenMembership> {
  const { config, node, discovery, links, excludeInterfaces, log, nodes, event, onChange } = options
  const surroundings = options.surroundings ?? thisMachine()
  const { clock, network, random, openProbe } = surroundings
  const { gossip, bind, key } = config
  const ring: Ring = await Ring.open({
    node,
    watchPort: config.watch?.port ?? 0,
    openGossip: (hooks) =>
      openGossip({
        name: node,
        bind,
        config: gossip,
        key,
        label: '',
        network,
        clock,
        random,
        log,
        ...hooks,
      }),
    openWatches: (hooks) => openWatches(options, surroundings, hooks),
    discovery,
    clock,
    log,
    onChange,
    onRefuted: () => options.onRefuted(),
  })
  log.info('the ring of speakers is set up', { event: 'ringSettings', ...ringSettings(config) })
  const address = () => ownAddress(nodes().get(node), bind.address)
  const onStates: HealthGatesOptions['onStates'] = (states) => ring.sayGates(states)
  const gates = new HealthGates({ clock, log, address, event, onStates, ...(openProbe && { openProbe }) })
  let named: ReadonlySet<string> = new Set()
  let known: ReadonlySet<string> = new Set()
  const sayOwn = () => ring.say(ownState(localLinks(links.list(), excludeInterfaces), named))
  links.onChange(sayOwn)
  sayOwn()
  return {
    ring,
    planned: (planned) => gates.planned(planned),
    view() {
      const view = ring.view()
      if (view) gates.heard(view.isPassed)
      return view
    },
    join: () => ring.join(),
    announces: () => ring.announces(),
    configured(model) {
      named = interfacesNamedIn(model)
      sayOwn()
      if (known.size !== model.nodes.size || known.symmetricDifference(new Set(model.nodes.keys())).size > 0)
        ring.seek()
      known = new Set(model.nodes.keys())
    },
    resync: () => ring.resync(),
    leave: (services) => ring.leave(services),
    close() {
      gates.close()
      ring.close()
    },
  }
}

/**
 * A process that did not run for so long checks what it owns before it answers again: others, who have heard it last an
 * interval before it stopped, may take it for dead by then. Without a watch that takes them seconds.
 */
export function pauseLimitMs(config: RingConfig | null): number {
  const watch = config?.watch
  return watch ? Math.min(WITHOUT_WATCH_MS, watch.intervalMs * (watch.detectMult - 1)) : WITHOUT_WATCH_MS
}

/** Longer than a busy machine's scheduling gaps. */
const WITHOUT_WATCH_MS = 1000

/** That of the Node, as probes are to reach it; of the ring's family where it has both. */
function ownAddress(node: Node | undefined, ring: string): string {
  const family = parseIp(ring)?.family
  const found = node?.addresses.find((ip) => ip.family === family) ?? node?.addresses[0]
  return found ? formatIp(found) : ring
}

function thisMachine(): Surroundings {
  return { clock: systemClock, network: openNetwork(), random: unguessable, openReflex: openBfdReflex }
}

/** In [0, 1). By their discriminators watches tell old packets from new ones, so nobody is to guess them. */
function unguessable(): number {
  return randomInt(2 ** 47) / 2 ** 47
}

function openWatches(
  { config: { watch, bind, key }, log }: MembershipOptions,
  { openReflex, random }: Surroundings,
  hooks: WatchHooks,
): Watches | null {
  if (!watch) return null
  const reflex = openReflex()
  try {
    return new Watches({
      reflex,
      local: { address: bind.address, port: watch.port },
      intervalMs: watch.intervalMs,
      multiplier: watch.detectMult,
      key,
      random,
      log,
      ...hooks,
      onPaused: () => {}, // the reflex that answers for addresses notices as well, and falls silent
    })
  } catch (thrown) {
    reflex.close()
    if (!(thrown instanceof Fault)) throw thrown
    log.warn(`speakers are not watched, so that a dead one is noticed in seconds only: ${thrown.message}`)
    return null
  }
}

function ownState(local: ReturnType<typeof localLinks>, named: ReadonlySet<string>): OwnState {
  const macs = [...local.values()].flatMap(({ mac }) => mac ?? [])
  return { lacking: named.difference(local), macs: [...new Set(macs)].toSorted() }
}

function interfacesNamedIn({ l2ByPool }: Model): ReadonlySet<string> {
  const names = new Set<string>()
  for (const ads of l2ByPool.values()) for (const ad of ads) for (const name of ad.interfaces) names.add(name)
  return names
}
