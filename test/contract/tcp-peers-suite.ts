// SPDX-License-Identifier: Apache-2.0
/** What src/lib/peer-sockets.ts promises, tried on an implementation at two addresses of each family. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PeerAccess, PeerDial, PeerListener, PeerSockets, PeerStream } from '../../src/lib/peer-sockets.ts'
import { FAR, FAR6, Listening, NEAR, NEAR6, noFault } from './sockets-bench.ts'

export type PeerBench = Readonly<{
  near: PeerSockets
  far: PeerSockets
  /** Time passes until the promise settles. */
  settled<Value>(promise: Promise<Value>): Promise<Value>
  /** Time passes until it holds; fails with `what` otherwise. */
  until(condition: () => boolean, what: string): Promise<void>
}>

type House = Readonly<{ listener: PeerListener; visitors: PeerStream[] }>
type Caller = Readonly<{ bench: PeerBench; house: House }>

const LONG_MS = 5000
/** For what is dropped: no answer comes, however long one waits. */
const SHORT_MS = 250
const SECRET = 'correct horse'

async function open(bench: PeerBench, peers: Readonly<Record<string, PeerAccess>>, address = FAR): Promise<House> {
  const visitors: PeerStream[] = []
  const listener = await bench.settled(
    bench.far.listen({
      local: { address, port: 0 },
      peers: new Map(Object.entries(peers)),
      onStream: (stream) => visitors.push(stream),
      onFault: noFault,
    }),
  )
  return { listener, visitors }
}

/** Dials FAR from NEAR, unless told otherwise. */
function dial({ bench, house }: Caller, options: Partial<PeerDial> & { address?: string } = {}): Promise<PeerStream> {
  const { address = FAR, ...rest } = options
  const to = { address, port: house.listener.local.port }
  return bench.settled(bench.near.dial({ to, from: NEAR, timeoutMs: LONG_MS, ...rest }))
}

function ends({ local, remote }: PeerStream) {
  return [local?.address, remote.address]
}

/** Bytes go both ways; both ends know each other. */
async function talks(caller: Caller, options: Parameters<typeof dial>[1] = {}): Promise<void> {
  const { visitors } = caller.house
  const before = visitors.length
  const stream = await dial(caller, options)
  await caller.bench.until(() => visitors.length > before, 'the visitor')
  const visitor = visitors.at(-1)
  assert.ok(visitor)
  const { from = NEAR, address = FAR } = options
  assert.deepEqual(
    [ends(stream), ends(visitor)],
    [
      [from, address],
      [address, from],
    ],
  )
  const [near, far] = [new Listening(stream), new Listening(visitor)]
  near.stream.write(Buffer.from('ping'))
  far.stream.write(Buffer.from('pong'))
  await caller.bench.until(() => near.text === 'pong' && far.text === 'ping', 'bytes both ways')
  near.stream.destroy()
  await caller.bench.until(() => far.closed, 'the end of it')
}

async function fails(promise: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(promise, (thrown: { name: string; kind: { code: string }; message: string }) => {
    assert.deepEqual([thrown.name, thrown.kind.code], ['Fault', code], thrown.message)
    return true
  })
}

/** No visitor comes of it, whether the dial fails or is ended a moment later. */
async function isReset(caller: Caller): Promise<void> {
  const before = caller.house.visitors.length
  const stream = await dial(caller).catch(() => null)
  if (stream) {
    const near = new Listening(stream)
    await caller.bench.until(() => near.closed, 'the end of it')
    assert.ok(near.fault)
  }
  assert.equal(caller.house.visitors.length, before)
}

/** Holds an implementation to it; each test has a bench of its own. */
export function peerSocketsContract(name: string, openBench: () => Promise<PeerBench>): void {
  const on = (title: string, body: (bench: PeerBench) => Promise<void>): void => {
    void test(`${name}: ${title}`, async () => body(await openBench()))
  }
  const withHouse = (
    title: string,
    peers: Readonly<Record<string, PeerAccess>>,
    body: (caller: Caller) => Promise<void>,
  ) =>
    on(title, async (bench) => {
      const house = await open(bench, peers)
      await body({ bench, house })
      house.listener.close()
    })

  withHouse('a peer that is known talks', { [NEAR]: {} }, (caller) => talks(caller))
  withHouse('a stranger is reset', { '192.0.2.1': {} }, isReset)
  withHouse('nobody is known: all are reset', {}, isReset)
  withHouse('the same password: they talk', { [NEAR]: { md5: SECRET } }, (caller) => talks(caller, { md5: SECRET }))
  withHouse('GTSM on both sides: they talk', { [NEAR]: { minTtl: 255 } }, (caller) => talks(caller, { minTtl: 255 }))
  withHouse('another password: no answer', { [NEAR]: { md5: SECRET } }, (caller) =>
    fails(dial(caller, { md5: 'wrong', timeoutMs: SHORT_MS }), 'timeout'),
  )
  withHouse('no password where one is wanted: no answer', { [NEAR]: { md5: SECRET } }, (caller) =>
    fails(dial(caller, { timeoutMs: SHORT_MS }), 'timeout'),
  )
  withHouse('a password where none is wanted: no answer', { [NEAR]: {} }, (caller) =>
    fails(dial(caller, { md5: SECRET, timeoutMs: SHORT_MS }), 'timeout'),
  )

  withHouse('other conditions hold from now on, and connections stay', { [NEAR]: {} }, async (caller) => {
    const { bench, house } = caller
    const first = new Listening(await dial(caller))
    await bench.until(() => house.visitors.length === 1, 'the first')
    house.listener.setPeers(new Map([[NEAR, { md5: SECRET }]]))
    await fails(dial(caller, { timeoutMs: SHORT_MS }), 'timeout')
    await talks(caller, { md5: SECRET })
    house.listener.setPeers(new Map())
    await isReset(caller)
    house.visitors[0]?.write(Buffer.from('still here'))
    await bench.until(() => first.text === 'still here', 'the first to go on')
    first.stream.destroy()
  })

  on('after close nobody listens, and connections stay', async (bench) => {
    const house = await open(bench, { [NEAR]: {} })
    const caller = { bench, house }
    const first = new Listening(await dial(caller))
    await bench.until(() => house.visitors.length === 1, 'the first')
    const { port } = house.listener.local
    house.listener.close()
    house.listener.close()
    house.listener.setPeers(new Map())
    const to = { address: FAR, port }
    await fails(bench.settled(bench.near.dial({ to, from: NEAR, timeoutMs: LONG_MS })), 'refused')
    house.visitors[0]?.write(Buffer.from('still here'))
    await bench.until(() => first.text === 'still here', 'the first to go on')
    first.stream.destroy()
  })

  on('IPv6 and IPv4 at a socket of both', async (bench) => {
    const house = await open(bench, { [NEAR]: {}, [NEAR6]: { md5: SECRET } }, '::')
    const caller = { bench, house }
    await talks(caller)
    await talks(caller, { address: FAR6, from: NEAR6, md5: SECRET })
    house.listener.close()
  })

  withHouse('an address that this machine lacks', { [NEAR]: {} }, (caller) =>
    fails(dial(caller, { from: '192.0.2.77' }), 'noAddress'),
  )
  withHouse('a port that is taken', { [NEAR]: {} }, ({ bench, house }) =>
    fails(
      bench.settled(
        bench.far.listen({
          local: house.listener.local,
          peers: new Map(),
          onStream: () => undefined,
          onFault: noFault,
        }),
      ),
      'addressInUse',
    ),
  )
}
