// SPDX-License-Identifier: Apache-2.0
/** Servers as all listeners here have them: bounded in time and number, opened and closed as one step each. */
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer, type Server as SecureServer, type ServerOptions } from 'node:https'
import type { ListenOptions } from 'node:net'
import { getSystemErrorName } from 'node:util'
import { Fault, reasonOf } from '../../lib/fault.ts'

export type ListenFault = Readonly<{ code: 'badCertificate' | 'badFlag' | 'taken' | 'system' }>

/** Whoever reads metrics needs one connection; whoever opens more is not to cost us memory. */
const MOST_CONNECTIONS = 64
/** Of a request's head, which is all there is to read. */
const HEAD_TIMEOUT_MS = 5000
const IDLE_TIMEOUT_MS = 60_000

const BOUNDS = { headersTimeout: HEAD_TIMEOUT_MS, requestTimeout: HEAD_TIMEOUT_MS, keepAliveTimeout: IDLE_TIMEOUT_MS }

export function plainServer(listener: RequestListener): Server {
  return bounded(createServer(BOUNDS, listener))
}

/** `options` has certificate, key and the settings of TLS. */
export function secureServer(options: ServerOptions, listener: RequestListener): SecureServer {
  const server = createSecureServer({ ...BOUNDS, ...options, handshakeTimeout: HEAD_TIMEOUT_MS }, listener)
  return bounded(server)
}

function bounded<S extends Server | SecureServer>(server: S): S {
  server.maxConnections = MOST_CONNECTIONS
  return server
}

/** Starts listening. `name` is for the sentence of the Fault: `taken` where somebody else listens there. */
export async function listen(server: Server | SecureServer, where: ListenOptions, name: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('listening', resolve).once('error', reject).listen(where)
  try {
    await promise
  } catch (error) {
    const taken = errorNameOf(error) === 'EADDRINUSE'
    const message = taken ? `${name}: another process listens there` : `${name}: ${reasonOf(error)}`
    throw new Fault<ListenFault>({ code: taken ? 'taken' : 'system' }, message, error)
  } finally {
    server.off('listening', resolve).off('error', reject)
  }
}

/** Ends idle connections at once, lets running answers end for a moment, and resolves when nobody is connected. */
export async function closeServer(server: Server | SecureServer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeIdleConnections()
  const hurry = setTimeout(() => server.closeAllConnections(), 500)
  await promise
  clearTimeout(hurry)
}

/** EADDRINUSE and the like; '' for what is no error of the system. */
export function errorNameOf(error: unknown): string {
  const number: unknown = error instanceof Error ? Reflect.get(error, 'errno') : undefined
  return typeof number === 'number' && number < 0 ? getSystemErrorName(number) : ''
}
