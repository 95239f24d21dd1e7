// SPDX-License-Identifier: Apache-2.0
/** BFD with routers; the thread that it needs is started when the first peer asks for it, and stays. */
import { type BfdNeed, BfdSessions, type BfdSessionsOptions, type BfdView } from '../../bfd/sessions.ts'
import type { BfdReflex } from '../../lib/bfd-reflex.ts'
import { Fault } from '../../lib/fault.ts'
import type { Log } from '../../lib/log.ts'

type Hears = Pick<BfdSessionsOptions, 'onUp' | 'onDown'>
type Opening = Omit<BfdSessionsOptions, 'reflex' | 'onUp' | 'onDown'> & Readonly<{ openReflex(): BfdReflex }>

/** The number of a link or VRF device; null: there is none of that name. */
export type IndexOf = (device: string) => number | null

export class PeerBfd {
  readonly #options: Opening
  readonly #hears: Hears
  #sessions: BfdSessions | null = null
  #needs: readonly BfdNeed[] = []
  /** What devices were when sessions were opened on them: a socket stays with the one of that number. */
  readonly #indexes = new Map<string, number>()
  #failed = ''
  #isQuiet = false

  constructor(options: Opening, hears: Hears) {
    this.#options = options
    this.#hears = hears
  }

  /** These from now on and no others. */
  configure(needs: readonly BfdNeed[], indexOf: IndexOf): void {
    this.#needs = needs
    if (needs.length > 0) this.#sessions ??= this.#opened()
    const renewed = this.#renewed(indexOf)
    if (renewed.size > 0) this.#sessions?.configure(needs.filter((need) => !renewed.has(deviceOf(need))))
    this.#sessions?.configure(needs)
  }

  /** Null: there is no session for the peer. */
  isUp(name: string): boolean | null {
    return this.#sessions?.isUp(name) ?? null
  }

  /** What the peer asked for, while its session is Up, or is not taken for down yet. */
  live(name: string): BfdNeed | null {
    return this.#isLive(name) ? (this.#needs.find((need) => need.name === name) ?? null) : null
  }

  views(): Iterable<BfdView> {
    return this.#sessions?.views() ?? []
  }

  /** Packets that were not listened to, by reason. */
  drops(): Readonly<Record<string, number>> {
    return this.#sessions?.drops() ?? {}
  }

  /** Whoever takes leave of peers does not complain that they go. */
  hush(): void {
    this.#isQuiet = true
  }

  close(): void {
    this.#sessions?.close()
    this.#sessions = null
  }

  /**
   * Devices that were made anew under their name, and have no live session on the old one; those that are new, or gone,
   * count from now on as what they are.
   */
  #renewed(indexOf: IndexOf): ReadonlySet<string> {
    const devices = new Set(this.#needs.map(deviceOf))
    for (const device of this.#indexes.keys()) if (!devices.has(device)) this.#indexes.delete(device)
    const busy = new Set(this.#needs.filter(({ name }) => this.#isLive(name)).map(deviceOf))
    const renewed = new Set<string>()
    for (const device of devices) {
      const [before, now] = [this.#indexes.get(device), indexOf(device)]
      if (now === null || now === before || (before !== undefined && busy.has(device))) continue
      if (before !== undefined) renewed.add(device)
      this.#indexes.set(device, now)
    }
    return renewed
  }

  #isLive(name: string): boolean {
    return this.isUp(name) === true || this.#sessions?.isInDoubt(name) === true
  }

  #opened(): BfdSessions | null {
    const { openReflex, clock, random, log: loud } = this.#options
    const warn: Log['warn'] = (...line) => (this.#isQuiet ? undefined : loud.warn(...line))
    try {
      return new BfdSessions({ reflex: openReflex(), clock, random, log: { ...loud, warn }, ...this.#hears })
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      if (this.#failed !== thrown.message) loud.warn(`there is no BFD: ${thrown.message}`, { event: 'bfdNotOpened' })
      this.#failed = thrown.message
      return null
    }
  }
}

/** What its sockets are bound to; empty: nothing. */
function deviceOf({ link, device }: BfdNeed): string {
  return link ?? device ?? ''
}
