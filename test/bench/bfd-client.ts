// SPDX-License-Identifier: Apache-2.0
/**
 * Asks for a page again and again, each time on a new connection, and prints of each request when it began, in
 * milliseconds since 1970, and whether there was an answer. Its arguments are the URL and the interval in milliseconds.
 */
import http from 'node:http'

const PATIENCE_MS = 400
const [, , url = '', intervalMs = '10'] = process.argv

function ask(): void {
  const atMs = Date.now()
  const tell = (isAnswered: boolean): void => void process.stdout.write(`${atMs} ${isAnswered}\n`)
  const request = http.get(url, { agent: false }, (response) => {
    response.resume().on('end', () => finish(response.statusCode === 200))
  })
  const timer = setTimeout(() => request.destroy(new Error('no answer')), PATIENCE_MS)
  const finish = (isAnswered: boolean): void => {
    clearTimeout(timer)
    tell(isAnswered)
  }
  request.on('error', () => finish(false))
}

setInterval(ask, Number(intervalMs))
process.stdout.write('asking\n')
