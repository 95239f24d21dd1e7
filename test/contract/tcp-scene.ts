// SPDX-License-Identifier: Apache-2.0
/** What the tests of TCP for BGP have in common: a listener that notes who comes, and how dialling it ends. */
import assert from 'node:assert/strict'
import { reasonOf } from '../../src/lib/fault.ts'
import { openTcp, type TcpDial } from '../../src/os/bgp-tcp.ts'
import type { BgpStream } from '../../src/os/bgp-tcp-connected.ts'
import { listenTcp, type TcpListen, type TcpListener } from '../../src/os/bgp-tcp-listen.ts'
import { until } from '../lab/wire-namespace.ts'
import { Listening, noFault } from './sockets-bench.ts'

export const SECRET = 'correct horse'

/** For what has to arrive, on a machine that does other things, too. */
export const LONG_MS = 10_000
/** For what must not; the first SYN decides, so that no more of it makes it more certain. */
const SHORT_MS = 250

export type House = Readonly<{ listener: TcpListener; visitors: BgpStream[]; faults: Error[] }>

/** Listens on a free port. */
export async function openHouse(
  listen: Omit<TcpListen, 'local' | 'onStream' | 'onFault'>,
  address: string,
): Promise<House> {
  const visitors: BgpStream[] = []
  const faults: Error[] = []
  const onStream = (stream: BgpStream) => void visitors.push(stream)
  const onFault = (fault: Error) => void faults.push(fault)
  const listener = await listenTcp({ ...listen, local: { address, port: 0 }, onStream, onFault })
  return { listener, visitors, faults }
}

export type Call = Omit<TcpDial, 'to' | 'timeoutMs'> & Readonly<{ address: string }>

export function call(house: House, { address, ...rest }: Call, timeoutMs = LONG_MS): Promise<BgpStream> {
  return openTcp({ ...rest, to: { address, port: house.listener.local.port }, timeoutMs })
}

/** It connects and bytes go both ways; answers both ends, which know each other. */
export async function talks(house: House, calling: Call): Promise<Readonly<{ near: Listening; far: Listening }>> {
  const before = house.visitors.length
  const stream = await call(house, calling)
  await until(() => house.visitors.length > before, 'the visitor', LONG_MS)
  const visitor = house.visitors.at(-1)
  assert.ok(visitor)
  const [near, far] = [new Listening(stream), new Listening(visitor)]
  near.stream.write(Buffer.from('ping'))
  far.stream.write(Buffer.from('pong'))
  await until(() => near.text === 'pong' && far.text === 'ping', 'bytes both ways', LONG_MS)
  assert.deepEqual([visitor.remote.port, visitor.local.port], [stream.local.port, stream.remote.port])
  return { near, far }
}

/** The kernel lets nothing of it through. */
export async function isDropped(house: House, calling: Call): Promise<void> {
  const before = house.visitors.length
  await failsWith(call(house, calling, SHORT_MS), 'timeout', /no answer within \d+ ms/)
  assert.equal(house.visitors.length, before)
}

/** The kernel has taken it in, and it is ended before anybody is told; one that the kernel drops would be a `timeout`. */
export async function isReset(house: House, calling: Call, meanwhile?: () => Promise<void>): Promise<void> {
  const before = house.visitors.length
  const dialled = call(house, calling).then((stream) => new Listening(stream), reasonOf)
  await meanwhile?.()
  const outcome = await dialled
  if (typeof outcome === 'string') assert.match(outcome, /broke the connection/)
  else {
    await until(() => outcome.closed, 'the end of it', LONG_MS)
    assert.match(outcome.fault?.message ?? '', /broke the connection/)
  }
  assert.equal(house.visitors.length, before)
}

export async function failsWith(promise: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  await assert.rejects(promise, (thrown: { name: string; kind: { code: string }; message: string }) => {
    assert.deepEqual([thrown.name, thrown.kind.code], ['Fault', code], thrown.message)
    assert.match(thrown.message, message)
    return true
  })
}

/** Ends all that came, and checks that nothing went wrong on the way. */
export function closeHouse({ listener, visitors, faults }: House): void {
  listener.close()
  for (const visitor of visitors) visitor.destroy()
  faults.forEach(noFault)
}
