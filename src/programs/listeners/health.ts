// SPDX-License-Identifier: Apache-2.0
/** What the kubelet asks: /healthz (is the loop turning) and /readyz (has every part of the daemon what it needs). */
import { type Answer, plain, requestListener } from './answer.ts'
import { closeServer, listen, plainServer } from './listen.ts'
import type { Readiness } from './readiness.ts'

/** An open server. */
export type Listener = Readonly<{ port: number; close(): Promise<void> }>

/** Listens on `host`, undefined for all interfaces. Throws Fault `taken`. */
export async function openHealth(
  readiness: Readiness,
  { port, host }: Readonly<{ port: number; host: string | undefined }>,
): Promise<Listener> {
  const server = plainServer(
    requestListener('the health listener', ({ url = '' }, path) =>
      answerFor(readiness, path, url.includes('?verbose')),
    ),
  )
  await listen(server, { port, ...(host !== undefined && { host }) }, `port ${port} for health probes`)
  return { port: portOf(server.address()), close: () => closeServer(server) }
}

function answerFor(readiness: Readiness, path: string, verbose: boolean): Answer {
  if (path === '/healthz') return plain(200, 'ok')
  if (path !== '/readyz') return plain(404, 'there are /healthz and /readyz here')
  const status = readiness.ready ? 200 : 503
  if (readiness.ready && !verbose) return plain(status, 'ok')
  return plain(status, `${readiness.describe()}readyz check ${readiness.ready ? 'passed' : 'failed'}`)
}

/** The port of a listening TCP server, of interest where the kernel chose it. */
export function portOf(address: Readonly<{ port: number }> | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0
}
