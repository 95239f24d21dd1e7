// SPDX-License-Identifier: Apache-2.0
/**
 * The Pods of one node: HTTP servers on the Pods' addresses, in one process, each answering who it is and whom it
 * sees. Its argument is the JSON list of Backends. Prints a line when all of them listen.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Backend } from './manifests.ts'

/** What a Pod answers. `client` is the address that the request came from, as the Pod sees it. */
export type Page = Readonly<{ pod: string; node: string; port: number; client: string }>

async function serve({ pod, node, ip, port }: Backend): Promise<void> {
  const server = createServer((request, response) => {
    const page: Page = { pod, node, port, client: request.socket.remoteAddress ?? '' }
    response.setHeader('content-type', 'application/json').end(`${JSON.stringify(page)}\n`)
  })
  server.listen(port, ip)
  await once(server, 'listening')
}

const backends: Backend[] = JSON.parse(process.argv[2] ?? '[]')
await Promise.all(backends.map((backend) => serve(backend)))
process.stdout.write('ready\n')
