// SPDX-License-Identifier: Apache-2.0
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { isIP } from 'node:net'
import type { Gate, ProbeResult } from './gates.ts'

export type HttpProbeOptions = Readonly<{
  /** The node's own IP address; null: not known yet. */
  address(): string | null
}>

/** From dialling to the end of the answer. */
export const TIMEOUT_MS = 1000
/** Of an answer's body; what is longer is cut off. Its head is bounded by Node, at 16 KiB. */
export const MOST_BODY_BYTES = 64 * 1024

/**
 * Probes gates at the node's own address: one `GET http://<address>:<port><path>`, on a connection of its own that is
 * closed afterwards. Good is exactly an answer with status 200 whose head is there within TIMEOUT_MS; the body may be
 * anything, is read up to MOST_BODY_BYTES so that the server can finish, and does not count. Everything else has failed,
 * with a reason in words: another status (redirects are not followed, kube-proxy says 503 without local endpoints), no
 * answer, no HTTP, no connection. Never rejects, and never keeps the process alive.
 */
export function openHttpProbe({ address }: HttpProbeOptions): (gate: Gate) => Promise<ProbeResult> {
  return async (gate) => {
    const host = address()
    if (host === null) return failed('the address of this node is not known yet')
    // Nothing is asked of a name server: what a node is called is no address.
    if (isIP(host) === 0) return failed(`'${host}' is no IP address`)
    return probe(host, gate)
  }
}

function probe(host: string, { port, path }: Gate): Promise<ProbeResult> {
  const { promise, resolve } = Promise.withResolvers<ProbeResult>()
  // No agent: what the environment says of proxies is for the agent of all others.
  const sent = request({ host, port, path, agent: false, headers: { 'User-Agent': 'metallb', Connection: 'close' } })
  let result: ProbeResult | null = null
  const timer = setTimeout(() => {
    result ??= failed(`no answer within ${TIMEOUT_MS} ms`)
    sent.destroy()
  }, TIMEOUT_MS)
  timer.unref()
  sent.on('socket', (socket) => socket.unref())
  sent.on('response', (answer) => {
    result ??= verdictOn(answer)
    drain(answer, sent)
  })
  sent.on('error', (error) => {
    result ??= failed(reasonFor(error))
  })
  sent.on('close', () => {
    clearTimeout(timer)
    resolve(result ?? failed(CLOSED))
  })
  sent.end()
  return promise
}

function verdictOn({ statusCode = 0 }: IncomingMessage): ProbeResult {
  return statusCode === 200 ? { ok: true } : failed(`the answer has status ${statusCode}`)
}

/** Reads on for the server's sake; what goes wrong from here on says nothing about its health. */
function drain(answer: IncomingMessage, sent: ClientRequest): void {
  let bytes = 0
  answer.on('error', () => undefined)
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MOST_BODY_BYTES) sent.destroy()
  })
}

const CLOSED = 'the connection was closed without an answer'
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: CLOSED,
  EPIPE: CLOSED,
  HPE_HEADER_OVERFLOW: 'the head of the answer is too large',
}

function reasonFor(error: Error): string {
  const code: unknown = Reflect.get(error, 'code')
  if (typeof code !== 'string') return error.message
  return REASONS[code] ?? (code.startsWith('HPE_') ? 'the answer is not HTTP' : `the kernel says ${code}`)
}

function failed(reason: string): ProbeResult {
  return { ok: false, reason }
}
