// SPDX-License-Identifier: Apache-2.0
/**
 * The condition `metallb.io/Announced` of Services: False when a Service has had an address for ten seconds that no node
 * announces, with the reason; True when that ends. A Service that was announced all along has no such condition, and
 * costs no write. Only the controller that leads writes it, from what the speakers write about themselves.
 */
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { KubeObject, ObjectEvent } from '../../lib/object.ts'
import { WorkQueue } from '../../lib/workqueue.ts'
import type { Unannounced } from '../../plan/unannounced.ts'
import type { Condition } from './holding.ts'

/** Long enough for a failover and for a Service whose endpoints are just coming up. */
export const SILENCE_MS = 10_000
/**
 * Speakers write what they announce after the fact, a few dozen a second: after a change of many Services theirs is
 * minutes behind. So while such news comes in, that a speaker is silent is believed only after this long.
 */
export const LAG_MS = 300_000

/** What is known of a Service that holds an address. */
export type Silent = Readonly<{
  announced: boolean
  /** How long nobody has announced it; null while somebody does. */
  silentMs: number | null
  /** What the condition says; null where there is none. */
  said: boolean | null
}>

/** What the condition is to say now, and when to look again; nulls: nothing, never. Pure. */
export function decideAnnounced({
  announced,
  silentMs,
  said,
}: Silent): Readonly<{ say: boolean | null; afterMs: number | null }> {
  if (announced) return { say: said === false ? true : null, afterMs: null }
  if (said === false || silentMs === null) return { say: null, afterMs: null }
  return silentMs >= SILENCE_MS ? { say: false, afterMs: null } : { say: null, afterMs: SILENCE_MS - silentMs }
}

export type AnnouncedOptions = Readonly<{
  clock: Clock
  log: Log
  /** Why no node announces it, asked for a few at a time. Throws Fault where that cannot be found out now. */
  diagnose(service: string): Promise<Unannounced>
  /** Hands the condition to whoever writes the status of Services. */
  write(service: string, condition: Condition): void
}>

type Watched = { said: boolean | null; silentSinceMs: number | null; askAtMs: number }

/** So many silent Services at once are not each asked about while speakers still have something to say. */
const MANY_SILENT = 16

/** Questions under way at once. */
const WORKERS = 4

export class AnnouncedConditions {
  readonly #options: AnnouncedOptions
  /** Services that hold an address. */
  readonly #services = new Map<string, Watched>()
  /** Name of a ServiceL2Status or ServiceBGPStatus → its Service. */
  readonly #serviceOf = new Map<string, string>()
  /** How many of those a Service has. */
  readonly #announcers = new Map<string, number>()
  readonly #asking: WorkQueue
  #leading = false
  readonly #silentOnes = new Set<string>()
  /** When a speaker last said anything. */
  #heardMs = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #timerAtMs = Number.POSITIVE_INFINITY

  constructor(options: AnnouncedOptions) {
    const { clock, log } = options
    this.#options = options
    this.#asking = new WorkQueue({
      name: 'why nobody announces',
      workers: WORKERS,
      work: (key) => this.#ask(key),
      onFault: (service, fault) =>
        log.debug('cannot find out why nobody announces a Service', { service, error: fault.message }),
      clock,
      random: Math.random,
    })
  }

  /** True when the event is about a speaker's status object. */
  take({ type, object }: ObjectEvent): boolean {
    if (object.kind !== 'ServiceL2Status' && object.kind !== 'ServiceBGPStatus') return false
    const key = `${object.kind}/${object.metadata.name}`
    const before = this.#serviceOf.get(key)
    const after = type === 'applied' ? serviceOf(object) : undefined
    this.#heardMs = this.#options.clock.monotonicMs()
    if (before === after) return true
    if (before !== undefined) this.#count(before, -1)
    if (after !== undefined) this.#count(after, 1)
    if (after === undefined) this.#serviceOf.delete(key)
    else this.#serviceOf.set(key, after)
    for (const service of [before, after]) if (service !== undefined) this.#look(service)
    return true
  }

  /** A Service of ours (`namespace/name`) as it is now, and what its condition says. */
  service(key: string, { holds, condition }: Readonly<{ holds: boolean; condition: Condition | null }>): void {
    const said = condition === null ? null : condition.status === 'True'
    const watched = this.#services.get(key)
    if (!holds) this.forget(key)
    else if (watched) watched.said = said
    else this.#services.set(key, { said, silentSinceMs: null, askAtMs: 0 })
    this.#look(key)
  }

  /** The Service is gone or not ours. */
  forget(key: string): void {
    this.#services.delete(key)
    this.#silentOnes.delete(key)
  }

  /** This controller leads from now on: what was silent before counts from now. */
  lead(): void {
    this.#leading = true
    for (const [key, watched] of this.#services) {
      watched.silentSinceMs = null
      this.#look(key)
    }
  }

  /** It leads no longer, and says nothing. */
  rest(): void {
    this.#leading = false
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAtMs = Number.POSITIVE_INFINITY
  }

  #count(service: string, by: 1 | -1): void {
    const count = (this.#announcers.get(service) ?? 0) + by
    if (count > 0) this.#announcers.set(service, count)
    else this.#announcers.delete(service)
  }

  #look(key: string): void {
    const watched = this.#services.get(key)
    if (!watched || !this.#leading) return
    const nowMs = this.#options.clock.monotonicMs()
    const announced = this.#announcers.has(key)
    if (announced) this.#silentOnes.delete(key)
    else this.#silentOnes.add(key)
    if (announced) Object.assign(watched, { silentSinceMs: null, askAtMs: 0 })
    else watched.silentSinceMs ??= nowMs
    const silentMs = watched.silentSinceMs === null ? null : nowMs - watched.silentSinceMs
    const { say, afterMs } = decideAnnounced({ announced, silentMs, said: watched.said })
    if (say === true) this.#say(key, watched, { status: 'True', reason: 'Announced', message: '' })
    if (afterMs !== null) this.#wakeAt(nowMs + afterMs)
    if (say !== false) return
    const isPutOff = watched.askAtMs > nowMs || (this.#silentOnes.size > MANY_SILENT && this.#mayLag(watched))
    if (isPutOff) this.#wakeAt(watched.askAtMs)
    else this.#asking.add(key)
  }

  async #ask(key: string): Promise<void> {
    if (!this.#silent(key)) return
    const { reason, message } = await this.#options.diagnose(key)
    const watched = this.#silent(key)
    if (!watched) return
    if (reason === 'speakerSilent' && this.#mayLag(watched)) return this.#look(key)
    this.#say(key, watched, { status: 'False', reason, message })
  }

  /** Whether what the speaker has to say may still be on its way; then it is asked again after twice the time. */
  #mayLag(watched: Watched): boolean {
    const nowMs = this.#options.clock.monotonicMs()
    const silentMs = nowMs - (watched.silentSinceMs ?? nowMs)
    if (nowMs - this.#heardMs >= SILENCE_MS || silentMs >= LAG_MS) return false
    watched.askAtMs = nowMs + silentMs
    return true
  }

  /** The Service, if it is silent all the same, and ours to speak about. */
  #silent(key: string): Watched | null {
    const watched = this.#services.get(key)
    return this.#leading && watched?.said !== false && !this.#announcers.has(key) ? (watched ?? null) : null
  }

  #say(key: string, watched: Watched, condition: Condition): void {
    watched.said = condition.status === 'True'
    this.#options.write(key, condition)
  }

  /** One timer for all: the earliest. */
  #wakeAt(atMs: number): void {
    if (atMs >= this.#timerAtMs) return
    const { clock } = this.#options
    this.#timer?.cancel()
    this.#timerAtMs = atMs
    this.#timer = clock.after(Math.max(0, atMs - clock.monotonicMs()), () => {
      this.#timerAtMs = Number.POSITIVE_INFINITY
      for (const [key, { silentSinceMs }] of this.#services) if (silentSinceMs !== null) this.#look(key)
    })
  }
}

/** A ServiceBGPStatus without peers announces nothing. */
function serviceOf({ kind, metadata: { labels }, status }: KubeObject): string | undefined {
  const [name, namespace] = [labels['metallb.io/service-name'], labels['metallb.io/service-namespace']]
  if (!name || !namespace) return undefined
  const peers: unknown = Reflect.get(Object(status), 'peers')
  return kind === 'ServiceBGPStatus' && Array.isArray(peers) && peers.length === 0 ? undefined : `${namespace}/${name}`
}
