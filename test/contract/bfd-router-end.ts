// SPDX-License-Identifier: Apache-2.0
/**
 * A BFD reflex in a process of its own, for bfd-router-kernel.ts: does what it reads, a JSON line each of a method and
 * its arguments, and prints what it answers. `strange` sends datagrams that no reflex would. Ends with its input.
 */
import { createSocket } from 'node:dgram'
import { createInterface } from 'node:readline'
import type { BfdArrival } from '../../src/lib/bfd-reflex.ts'
import { openBfdReflex } from '../../src/os/bfd-reflex.ts'

const reflex = openBfdReflex({ lateMs: 0 })
const told: BfdArrival[] = []
reflex.listen({
  onPacket: (arrival) => told.push(arrival),
  onSilence: () => undefined,
  onPaused: () => undefined,
})

type Strange = Readonly<{ to: string; port: number; from: string; ttl: number; bytes: Uint8Array; times: number }>

async function strange({ to, port, from, ttl, bytes, times }: Strange): Promise<void> {
  const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4')
  await new Promise<void>((resolve) => socket.bind({ address: from }, resolve))
  socket.setTTL(ttl)
  const sent = Array.from(
    { length: times },
    () => new Promise<void>((resolve) => socket.send(bytes, port, to, () => resolve())),
  )
  await Promise.all(sent)
  socket.close()
}

const extra: Record<string, (...args: never[]) => unknown> = { strange, told: () => told }

for await (const line of createInterface({ input: process.stdin })) {
  const [method, ...args] = JSON.parse(line, (_, value) =>
    value?.hex === undefined ? value : Buffer.from(value.hex, 'hex'),
  )
  const call = extra[method] ?? Reflect.get(reflex, method).bind(reflex)
  const answer = (await call(...args)) ?? null
  const text = JSON.stringify(answer, (_, value) =>
    value?.type === 'Buffer' ? { hex: Buffer.from(value.data).toString('hex') } : value,
  )
  process.stdout.write(`${text}\n`)
}
reflex.close()
