// SPDX-License-Identifier: Apache-2.0
/**
 * One node of a simulated cluster: the speaker as it runs, with its ring, its watch of the others, its health gates and
 * its responder, on clocks and a network that jump. Whether it answers for an address is asked as a client asks: by ARP.
 */
import { Responder } from '../../src/l2/responder.ts'
import { createLog } from '../../src/lib/log.ts'
import type { Link } from '../../src/lib/net.ts'
import type { Network } from '../../src/lib/sockets.ts'
import { supervise } from '../../src/lib/supervise.ts'
import { nodeDiscovery } from '../../src/programs/speaker/discovery.ts'
import { type OpenMembership, openMembership, pauseLimitMs } from '../../src/programs/speaker/open-membership.ts'
import type { RingConfig } from '../../src/programs/speaker/ring-config.ts'
import { Speaker } from '../../src/programs/speaker/speaker.ts'
import { SimBfdReflex } from './bfd-reflex.ts'
import type { SimClock } from './clock.ts'
import { PausingClock } from './clock-pausing.ts'
import type { MemoryObjects } from './memory-objects.ts'
import { SimReflex } from './neighbor-reflex.ts'
import { requestFor } from './speaker-node-client.ts'
import { SleepingClock } from './speaker-node-clock.ts'
import { SimLinks } from './wire.ts'

export type SpeakerNodeOptions = Readonly<{
  name: string
  config: RingConfig
  links: readonly Link[]
  api: MemoryObjects
  clock: SimClock
  network: Network
  random: () => number
  /** It plans anew in the next turns of the loop. */
  onPlan(): void
}>

export type LogLine = Readonly<{ level: string; msg: string; event?: string }>

export class SpeakerNode {
  readonly name: string
  readonly address: string
  readonly speaker: Speaker
  readonly membership: OpenMembership
  readonly links: SimLinks
  /** Ports at which a health check is answered here. */
  readonly healthy = new Set<number>()
  /** What it says, from level `info` on. */
  readonly log: readonly LogLine[]
  /** Of the program (CLOCK_MONOTONIC), and of the threads that answer and watch (CLOCK_BOOTTIME). */
  readonly #clocks: Clocks
  readonly #reflex = new SimReflex()
  readonly #pauseLimitMs: number
  #state: 'running' | 'stopped' | 'dead' = 'running'
  #stoppedAtMs = 0

  constructor(options: SpeakerNodeOptions, clocks: Clocks, ring: OpenRing) {
    const { name, config, api } = options
    const { membership, links, log, lines } = ring
    this.name = name
    this.address = config.bind.address
    this.membership = membership
    this.links = links
    this.healthy = ring.healthy
    this.log = lines
    this.#clocks = clocks
    this.#pauseLimitMs = pauseLimitMs(config)
    const responder = new Responder({
      reflex: this.#reflex,
      links,
      clock: clocks.program,
      log,
      excludeInterfaces: [],
      onSuspended: () => supervise('planning after a pause', this.speaker.replan()),
      onConflict: () => {},
    })
    const meaning = { namespace: 'metallb-system', node: name, classes: [], ignoreExcludeLabel: false }
    const observer = { planned: membership.planned, problems: () => {} }
    const reads = { source: api.open(), responder, log, fillDefaults: true, membership, observer }
    this.speaker = new Speaker({ ...meaning, ...reads })
  }

  /** Its sockets are bound; it has not begun. */
  static async open(options: SpeakerNodeOptions): Promise<SpeakerNode> {
    const machine = new SleepingClock(options.clock)
    const clocks = { machine, program: new PausingClock(machine), threads: new PausingClock(options.clock) }
    const opened: { node?: SpeakerNode } = {}
    const ring = await openRing(options, clocks, () => opened.node?.speaker)
    opened.node = new SpeakerNode(options, clocks, ring)
    return opened.node
  }

  /** Whether it would answer a client that asks for this address now. */
  answers(ip: string): boolean {
    if (this.#state !== 'running') return false
    this.#reflex.sent.length = 0
    for (const { index } of this.links.list()) this.#reflex.receive(index, requestFor(ip))
    return this.#reflex.sent.length > 0
  }

  /** Gratuitous frames for an address since it was claimed here. */
  announced(ip: string): number {
    return this.speaker.view.counters().addresses.find((each) => each.ip === ip)?.gratuitous ?? 0
  }

  /** Of the machine, for what runs on it and the network under it. */
  halt(): void {
    this.#state = 'dead'
    this.#clocks.program.kill()
    this.#clocks.threads.kill()
  }

  /** SIGSTOP. */
  stop(nowMs: number): void {
    this.#pause(nowMs)
    this.#clocks.program.stop()
  }

  /** The machine sleeps: the program's clock stands still as well. */
  sleep(nowMs: number): void {
    this.#pause(nowMs)
    this.#clocks.machine.sleep()
  }

  /** SIGCONT, or the machine wakes up. The thread that answers notices before it has answered anything. */
  goOn(nowMs: number): void {
    this.#state = 'running'
    this.#clocks.machine.wake()
    this.#clocks.program.continue()
    this.#clocks.threads.continue()
    const pausedMs = nowMs - this.#stoppedAtMs
    if (pausedMs > this.#pauseLimitMs) this.#reflex.wakeAfter(pausedMs)
  }

  #pause(nowMs: number): void {
    this.#state = 'stopped'
    this.#stoppedAtMs = nowMs
    this.#clocks.threads.stop()
  }
}

type Clocks = Readonly<{ machine: SleepingClock; program: PausingClock; threads: PausingClock }>
type OpenRing = Readonly<{
  membership: OpenMembership
  links: SimLinks
  healthy: Set<number>
  log: ReturnType<typeof createLog>
  lines: readonly LogLine[]
}>

async function openRing(
  { name, config, network, random, onPlan, ...options }: SpeakerNodeOptions,
  { program, threads }: Clocks,
  speaker: () => Speaker | undefined,
): Promise<OpenRing> {
  const links = new SimLinks(options.links)
  const healthy = new Set<number>()
  const lines: LogLine[] = []
  const log = createLog('info', (line) => lines.push(JSON.parse(line)))
  const nodes = () => speaker()?.view.configuration.model?.nodes ?? new Map()
  const own = { node: name, address: config.bind.address }
  const membership = await openMembership({
    config,
    node: name,
    discovery: nodeDiscovery({ nodes: () => nodes().values(), port: config.bind.port, own }),
    links,
    excludeInterfaces: [],
    log,
    nodes,
    event: ({ reason, message }) => log.warn(message, { event: reason }),
    onChange: () => {
      speaker()?.memberChanged()
      onPlan()
    },
    onRefuted: () => speaker()?.announceAgain(),
    surroundings: {
      clock: program,
      network,
      random,
      openReflex: () => new SimBfdReflex({ clock: threads, network, random }),
      openProbe:
        () =>
        async ({ port }) =>
          healthy.has(port) ? { ok: true } : { ok: false, reason: 'refused' },
    },
  })
  return { membership, links, healthy, log, lines }
}
