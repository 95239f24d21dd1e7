// SPDX-License-Identifier: Apache-2.0
/** What can be read from a daemon, and by whom: /metrics and the documents, openly or by a token that may. */
import type { IncomingMessage } from 'node:http'
import { Fault } from '../../lib/fault.ts'
import type { Log } from '../../lib/log.ts'
import { METRICS_TYPE, type Metrics } from '../../lib/metrics.ts'
import { type Answer, plain, type Respond } from './answer.ts'
import { DOCUMENTS, type Documents, documentAnswer, documentAt, documentPath, fieldsAsked } from './documents.ts'
import type { Decision, Gatekeeper } from './gatekeeper.ts'

export type Readable = Readonly<{
  metrics: Metrics
  /** Null while the daemon has nothing to tell yet: it listens before it knows anything. */
  documents(): Documents | null
}>

const STARTING = plain(503, 'this is still starting: /readyz?verbose on the health port says what it waits for')

/** The plain listener: metrics for everybody who reaches it, and nothing else. */
export function openly({ metrics }: Readable): Respond {
  return (_request, path) => {
    if (path === '/metrics') return metricsAnswer(metrics)
    if (documentAt(path) === null) return plain(404, 'there is /metrics here')
    return plain(404, 'documents are served by HTTPS (--metrics-secure=true, or --port=9120) and on the local socket')
  }
}

/** The local socket: whoever reaches it may read everything. */
export function locally({ metrics, documents }: Readable): Respond {
  return ({ url = '' }, path) => {
    const name = documentAt(path)
    const known = name === null ? null : documents()
    if (name !== null) return known === null ? STARTING : documentAnswer(known, name, fieldsAsked(url))
    return path === '/metrics' ? metricsAnswer(metrics) : nothingAt(path)
  }
}

/** The secure listener: everything, to those of whom the API server says that they may; null: it is not known yet. */
export function guarded(readable: Readable, gatekeeperOf: () => Gatekeeper | null, log: Log): Respond {
  const answer = locally(readable)
  return async (request, path) => {
    const gatekeeper = gatekeeperOf()
    if (!gatekeeper) return STARTING
    try {
      const decision = await gatekeeper.admit(request.headers.authorization, path)
      return decision === 'allowed' ? await answer(request, path) : refusal(decision, path)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      log.warn(`cannot tell who may read ${path}: ${error.message}`, { remote: remoteOf(request) })
      return plain(503, 'the API server does not say who you are: see the log')
    }
  }
}

function metricsAnswer(metrics: Metrics): Answer {
  return { status: 200, type: METRICS_TYPE, pieces: metrics.lines() }
}

function nothingAt(path: string): Answer {
  return plain(
    404,
    `there is nothing at ${JSON.stringify(path)}; there are /metrics, ${DOCUMENTS.map((name) => documentPath(name)).join(', ')}`,
  )
}

function refusal(decision: Exclude<Decision, 'allowed'>, path: string): Answer {
  switch (decision) {
    case 'unauthorized':
      return plain(401, 'Unauthorized: send a bearer token of this cluster')
    case 'forbidden':
      return plain(403, `Forbidden: this needs the right to get the nonResourceURLs /metrics and ${path}`)
    case 'busy':
      return plain(503, 'too many tokens are being reviewed: try again')
  }
}

function remoteOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? ''
}
