// SPDX-License-Identifier: Apache-2.0
/** What the listeners answer, sent in slices: the text of 10,000 series must not keep the loop from turning. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { supervise } from '../../lib/supervise.ts'

export type Answer = Readonly<{ status: number; type: string; pieces: Iterable<string> }>
export type Respond = (request: IncomingMessage, path: string) => Answer | Promise<Answer>
/** Does what another method than GET and HEAD asks for; null: it asks for nothing that there is. */
export type Obey = (method: string, path: string) => Answer | null

/** Text that is made before the loop gets its turn, in characters: some milliseconds' work. */
const SLICE_LENGTH = 65_536

/** A short plain text. */
export function plain(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', pieces: [`${text}\n`] }
}

/** Handles GET and HEAD requests by their path; others, unless `obey` takes them, end the way HTTP has for it. */
export function requestListener(name: string, respond: Respond, obey: Obey = nothingDone): RequestListener {
  return (request, response) => supervise(name, handle(request, response, { respond, obey }))
}

function nothingDone(): null {
  return null
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  { respond, obey }: Readonly<{ respond: Respond; obey: Obey }>,
): Promise<void> {
  request.resume() // nobody's body is of interest
  const { method = '', url = '/' } = request
  const readable = method === 'GET' || method === 'HEAD'
  const path = url.replace(/\?.*$/s, '')
  const answer = readable
    ? await respond(request, path)
    : (obey(method, path) ?? plain(405, 'this is read-only: GET or HEAD'))
  response.writeHead(answer.status, { 'Content-Type': answer.type, 'X-Content-Type-Options': 'nosniff' })
  if (method !== 'HEAD') await sendPieces(response, answer.pieces)
  response.end()
}

async function sendPieces(response: ServerResponse, pieces: Iterable<string>): Promise<void> {
  let slice = ''
  for (const piece of pieces) {
    slice += piece
    if (slice.length < SLICE_LENGTH) continue
    const room = response.write(slice)
    slice = ''
    if (!room) await roomIn(response)
    if (response.destroyed) return
    await nextTurn()
  }
  response.write(slice)
}

/** Until the reader has taken what was sent, or is gone. */
async function roomIn(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  response.once('drain', resolve).once('close', resolve)
  await promise
  response.off('drain', resolve).off('close', resolve)
}
