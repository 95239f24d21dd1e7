// SPDX-License-Identifier: Apache-2.0
/** The connections of one session: those in use, by number, and those whose end is waited for. */
import type { Message } from './codec/message.ts'
import type { Call, Event } from './fsm.ts'
import type { Negotiated } from './negotiate.ts'
import { Connection, type Heard, type Surroundings } from './session-connection.ts'
import type { PeerStream } from './session-options.ts'

/** Two in use, and a few that wait for their peer to hang up: a peer that dials without end gets no more sockets of us. */
const MOST_PRESENT = 8

const NOTHING_HEARD: Heard = { message() {}, malformed() {}, closed() {} }

export class Connections {
  readonly #around: Surroundings
  readonly #feed: (event: Event) => void
  readonly #inUse = new Map<number, Connection>()
  readonly #present = new Set<Connection>()

  constructor(around: Surroundings, feed: (event: Event) => void) {
    this.#around = around
    this.#feed = feed
  }

  /** There are as many as one peer can have. */
  get isFull(): boolean {
    return this.#present.size >= MOST_PRESENT
  }

  add(id: number, stream: PeerStream | undefined): void {
    if (stream === undefined) return
    const connection = this.#open(stream, {
      message: (message) => this.#feed({ type: 'message', id, message }),
      malformed: (malformed) => this.#feed({ type: 'malformed', id, malformed }),
      closed: (why) => {
        this.#inUse.delete(id)
        this.#feed({ type: 'closed', id, why })
      },
    })
    this.#inUse.set(id, connection)
  }

  /** A last word, and no more. */
  refuse(stream: PeerStream | undefined, message: Message): void {
    if (stream === undefined) return
    const connection = this.#open(stream, NOTHING_HEARD)
    connection.send(message)
    connection.close(false)
  }

  /** From now on as was negotiated. */
  speak(call: Call | null, negotiated: Negotiated | null): void {
    const connection = this.at(call)
    if (connection !== undefined && negotiated !== null) connection.dialect = negotiated.dialect
  }

  at(call: Call | null): Connection | undefined {
    return call === null ? undefined : this.#inUse.get(call.id)
  }

  send(id: number, message: Message): void {
    this.#inUse.get(id)?.send(message)
  }

  close(id: number, abort: boolean): void {
    this.#inUse.get(id)?.close(abort)
    this.#inUse.delete(id)
  }

  async gone(): Promise<void> {
    await Promise.all([...this.#present].map(({ gone }) => gone))
  }

  #open(stream: PeerStream, heard: Heard): Connection {
    const connection = new Connection(stream, this.#around, heard)
    this.#present.add(connection)
    void connection.gone.then(() => this.#present.delete(connection))
    return connection
  }
}
