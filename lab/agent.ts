// SPDX-License-Identifier: Apache-2.0
/**
 * A host's own hands: a process inside its network namespace that asks over the network what the lab tells it to.
 * Started once per host, so that a question costs what the network costs and not the start of a program.
 */
import { createSocket } from 'node:dgram'
import http from 'node:http'

export type Answer = { ok: true; body: string } | { ok: false; reason: string }
export type Question =
  | { id: number; type: 'fetch'; url: string; timeoutMs: number }
  /** Sends one datagram that nobody expects: all it does is make the kernel ask who has this address. */
  | { id: number; type: 'poke'; ip: string }

const DISCARD_PORT = 9

function fetchOnce(url: string, timeoutMs: number): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>()
  const request = http.get(url, { agent: false, timeout: timeoutMs }, (response) => {
    let body = ''
    response.setEncoding('utf8').on('data', (text: string) => (body += text))
    response.on('end', () =>
      resolve(response.statusCode === 200 ? { ok: true, body } : { ok: false, reason: `HTTP ${response.statusCode}` }),
    )
  })
  request.on('timeout', () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)))
  request.on('error', (error) => resolve({ ok: false, reason: error.message }))
  return promise
}

function poke(ip: string): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>()
  const socket = createSocket('udp4')
  socket.send('', DISCARD_PORT, ip, (error) => {
    socket.close()
    resolve(error ? { ok: false, reason: error.message } : { ok: true, body: '' })
  })
  return promise
}

process.on('message', (question: Question) => {
  const answer = question.type === 'fetch' ? fetchOnce(question.url, question.timeoutMs) : poke(question.ip)
  void answer.then((found) => process.send?.({ id: question.id, ...found }))
})
process.on('disconnect', () => process.exit())
