// SPDX-License-Identifier: Apache-2.0
/** A conversation with BIRD by its control socket: an answer takes a fraction of what starting birdc does. */
import { createConnection, type Socket } from 'node:net'

/** The last line of an answer has a space behind its number. */
const ANSWERED = /^\d{4} .*\n/m

export class BirdControl {
  readonly #socket: Socket
  #text = ''
  #onAnswer: ((text: string) => void) | null = null

  /** `open` makes one. */
  constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('utf8').on('data', (text: string) => this.#take(text))
  }

  /** Rejects where nobody listens at the path yet. */
  static async open(path: string): Promise<BirdControl> {
    const socket = createConnection(path)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    const control = new BirdControl(socket)
    await control.#answer()
    return control
  }

  /** What BIRD answers; one question at a time. */
  async ask(question: string): Promise<string> {
    const answer = this.#answer()
    this.#socket.write(`${question}\n`)
    return await answer
  }

  close(): void {
    this.#socket.destroy()
  }

  #answer(): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>()
    this.#onAnswer = resolve
    this.#take('')
    return promise
  }

  #take(text: string): void {
    this.#text += text
    if (!this.#onAnswer || !ANSWERED.test(this.#text)) return
    const [answer, resolve] = [this.#text, this.#onAnswer]
    this.#text = ''
    this.#onAnswer = null
    resolve(answer)
  }
}
