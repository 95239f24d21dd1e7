// SPDX-License-Identifier: Apache-2.0
/** etcd's JSON gateway, for what the API server does not offer. */
import { once } from 'node:events'
import { request } from 'node:http'

/** Drops all history before this moment, as the API server has it done every five minutes. */
export async function compact(url: string): Promise<void> {
  const { header } = await call(`${url}/v3/kv/range`, { key: 'AA==', limit: 1, keys_only: true })
  await call(`${url}/v3/kv/compaction`, { revision: header.revision, physical: true })
}

async function call(url: string, body: object): Promise<{ header: { revision: string } }> {
  const sent = request(url, { method: 'POST', headers: { 'Content-Type': 'application/json' } })
  sent.end(JSON.stringify(body))
  const [response] = await once(sent, 'response')
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  if (response.statusCode !== 200) throw new Error(`${url}: ${response.statusCode} ${text}`)
  return JSON.parse(text)
}
