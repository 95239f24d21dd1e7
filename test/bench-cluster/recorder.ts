// SPDX-License-Identifier: Apache-2.0
/** What of a running daemon may grow with time, sampled once a second: memory, file descriptors, turns of the loop. */
import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import type { ClusterProgram } from '../../lab/cluster/program.ts'
import type { Allowance, Sample } from '../bench/slope.ts'

const EVERY_MS = 1000

export type Measure = Readonly<{ name: string; unit: string; allowance: Allowance }>

/**
 * Allowed an hour is the least that an hour can tell from chance: a Pod that keeps 3 MB an hour outlives a day in its
 * 128 MiB. Waves are what was seen with nothing wrong: between two of V8's collections of old objects, one to two minutes
 * of churn apart, memory rises by 8 MB; ten connections come and go. With half of that to spare, half a minute only shows
 * what keeps some 40 kB of each Service.
 */
export const MEASURES = {
  rss: { name: 'RSS', unit: 'MB', allowance: { perHour: 3, wave: { height: 12, hours: 1 / 30 } } },
  files: { name: 'open files', unit: '', allowance: { perHour: 1, wave: { height: 12, hours: 1 / 30 } } },
  turn: { name: 'turn of the loop, mean', unit: 'ms', allowance: { perHour: 1, wave: { height: 5, hours: 1 / 30 } } },
} as const satisfies Record<string, Measure>

export class Recorder {
  readonly samples: Readonly<Record<keyof typeof MEASURES, Sample[]>> = { rss: [], files: [], turn: [] }
  readonly #program: ClusterProgram
  readonly #socketPath: string
  #turns: Turns
  #timer: NodeJS.Timeout | undefined

  /** Samples from now on. */
  static async start(program: ClusterProgram): Promise<Recorder> {
    const { socket } = await program.said('listening')
    const socketPath = String(socket).replace(/^@/, '\0')
    return new Recorder({ program, socketPath, turns: await turnsOf(socketPath) })
  }

  constructor({ program, socketPath, turns }: Parts) {
    this.#program = program
    this.#socketPath = socketPath
    this.#turns = turns
    this.#arm()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #arm(): void {
    this.#timer = setTimeout(() => {
      // One that does not answer has nothing to be sampled; the end of the run says what became of it.
      this.#sample().then(
        () => this.#timer && this.#arm(),
        () => this.#timer && this.#arm(),
      )
    }, EVERY_MS)
  }

  async #sample(): Promise<void> {
    const turns = await turnsOf(this.#socketPath)
    const atMs = performance.now()
    const files = readdirSync(`/proc/${this.#program.pid}/fd`).length
    const { count, seconds } = { count: turns.count - this.#turns.count, seconds: turns.seconds - this.#turns.seconds }
    this.samples.rss.push({ atMs, value: this.#program.rssMb() })
    this.samples.files.push({ atMs, value: files })
    if (count > 0) this.samples.turn.push({ atMs, value: (1000 * seconds) / count })
    this.#turns = turns
  }
}

type Turns = Readonly<{ count: number; seconds: number }>
type Parts = Readonly<{ program: ClusterProgram; socketPath: string; turns: Turns }>

/** How many turns there were since the start, and what they took together. */
async function turnsOf(socketPath: string): Promise<Turns> {
  const text = await metricsFrom(socketPath)
  const valueOf = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
  const name = 'metallb_event_loop_turn_seconds'
  return { count: valueOf(`${name}_count`), seconds: valueOf(`${name}_sum`) }
}

async function metricsFrom(socketPath: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/metrics' }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => resolve(text)).on('error', reject)
    })
    asked.on('error', reject).end()
  })
}
