// SPDX-License-Identifier: Apache-2.0
/** What a health check asks: `node health-responder.ts ADDRESS PORT` answers 200 to `GET /`, and says `ready`. */
import { createServer } from 'node:http'

const [host = '', port = ''] = process.argv.slice(2)
const server = createServer(({ url }, response) => response.writeHead(url === '/' ? 200 : 404).end('well\n'))
server.listen(Number(port), host, () => process.stdout.write('ready\n'))
