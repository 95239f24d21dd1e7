// SPDX-License-Identifier: Apache-2.0
/**
 * Health gates of Services: which ports this node has to probe, what it tells the ring about them, and the warning that
 * a port never answered anywhere. The prober is loaded with the first Service that asks for it.
 */
import type { Gates, GatesOptions } from '../../health/gates.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { EventWrite } from '../../lib/object.ts'
import { supervise } from '../../lib/supervise.ts'
import { type Gate, type GateKey, gateKey } from '../../plan/gate.ts'
import type { GateStates } from './ring-metadata.ts'
import { gateStates } from './ring-view.ts'
import type { Planned } from './speaker.ts'

export type HealthGatesOptions = Readonly<{
  clock: Clock
  log: Log
  /** The node's own address, as its Node says; null: not known yet. */
  address(): string | null
  /** What others should know of us. */
  onStates(states: GateStates): void
  event(event: EventWrite): void
  /** Unset: probes are made by HTTP. */
  openProbe?(at: Pick<HealthGatesOptions, 'address'>): GatesOptions['probe']
}>

type Wish = Readonly<{ gate: Gate; announces: boolean; uid: string }>

export class HealthGates {
  readonly #options: HealthGatesOptions
  /** Service → what it asks for. */
  readonly #wishes = new Map<string, Wish>()
  /** Gates with how many Services ask for each. */
  readonly #wanted = new Map<GateKey, { gate: Gate; services: number }>()
  /** Gates that some node has passed since we look. */
  readonly #everPassed = new Set<GateKey>()
  /** Services that were warned about. */
  readonly #warned = new Set<string>()
  #isPassed: (gate: GateKey) => boolean = () => false
  #gates: Gates | null = null
  #loading = false
  #stale = false
  #closed = false

  constructor(options: HealthGatesOptions) {
    this.#options = options
  }

  /** A Service was planned. */
  planned({ key, uid, gate, l2 }: Planned): void {
    const before = this.#wishes.get(key)
    if (!gate && !before) return
    if (gate) this.#wishes.set(key, { gate, announces: l2?.announce ?? false, uid })
    else this.#wishes.delete(key)
    const isSame = gate && before && gateKey(gate) === gateKey(before.gate)
    if (!isSame) {
      if (before) this.#count(before.gate, -1)
      if (gate) this.#count(gate, 1)
      if (before) this.#warned.delete(key)
      this.#probeSoon()
    }
    this.#warn(key)
  }

  /** What the ring says of gates: whether some member passes one. */
  heard(isPassed: (gate: GateKey) => boolean): void {
    this.#isPassed = isPassed
    for (const gate of this.#wanted.keys()) if (isPassed(gate)) this.#everPassed.add(gate)
  }

  close(): void {
    this.#closed = true
    this.#gates?.close()
  }

  #count(gate: Gate, by: 1 | -1): void {
    const key = gateKey(gate)
    const services = (this.#wanted.get(key)?.services ?? 0) + by
    if (services > 0) {
      this.#wanted.set(key, { gate, services })
      if (this.#isPassed(key)) this.#everPassed.add(key)
    } else {
      this.#wanted.delete(key)
      this.#everPassed.delete(key)
    }
  }

  /** Once for all Services of this turn. */
  #probeSoon(): void {
    if (this.#stale) return
    this.#stale = true
    queueMicrotask(() => {
      this.#stale = false
      if (!this.#closed) this.#probe()
    })
  }

  #probe(): void {
    if (!this.#gates) {
      if (!this.#loading) supervise('loading the prober', this.#load())
      return
    }
    this.#gates.set([...this.#wanted.values()].map(({ gate }) => gate))
    this.#tell()
  }

  async #load(): Promise<void> {
    this.#loading = true
    const [{ Gates }, { openHttpProbe }] = await Promise.all([
      import('../../health/gates.ts'),
      import('../../health/probe.ts'),
    ])
    if (this.#closed) return
    const { clock, log, address, openProbe = openHttpProbe } = this.#options
    this.#gates = new Gates({
      probe: openProbe({ address }),
      clock,
      onChange: (gate, state, why) => {
        const { port, path } = gate
        if (state === 'failing') log.warn(`the health check on port ${port} fails here: ${why}`, { port, path })
        else log.info(`the health check on port ${port} is ${state}`, { port, path })
        this.#tell()
        for (const service of this.#wishes.keys()) this.#warn(service)
      },
    })
    this.#probe()
  }

  #tell(): void {
    const gates = this.#gates
    if (!gates) return
    const states = [...this.#wanted].map(([key, { gate }]) => ({
      gate: key,
      passing: gates.stateOf(gate) === 'passing',
    }))
    for (const { gate, passing } of states) if (passing) this.#everPassed.add(gate)
    this.#options.onStates(gateStates(states))
  }

  /** Said once for a Service, by the node that announces it regardless. */
  #warn(service: string): void {
    const wish = this.#wishes.get(service)
    if (!wish?.announces || this.#warned.has(service) || this.#everPassed.has(gateKey(wish.gate))) return
    const { gate, uid } = wish
    if (this.#gates?.stateOf(gate) !== 'failing') return
    this.#warned.add(service)
    const [namespace = '', name = ''] = service.split('/')
    const message =
      `port ${gate.port} (annotation healthCheckNodePort) has answered 200 on no node, so it is ignored; ` +
      `let something answer GET http://<node>:${gate.port}${gate.path}, or remove the annotation`
    const about = { type: 'Warning', reason: 'healthCheckNeverPassed', message } as const
    this.#options.event({ object: { kind: 'Service', namespace, name }, ...about, ...(uid === '' ? {} : { uid }) })
  }
}
