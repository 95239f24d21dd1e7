// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimClock } from '../../test/sim/clock.ts'
import { Outlet } from './outlet.ts'
import { Rib } from './rib.ts'
import { EGRESS, routeTo } from './rib-sample.ts'

/** An outlet to a socket that holds as many messages as a test says. */
function scene(routes: number) {
  const clock = new SimClock()
  const rib = new Rib({ slicePrefixes: 2 })
  rib.establish('p', EGRESS)
  for (let at = 0; at < routes; at++) {
    rib.set(`s${at}`, [{ peer: 'p', route: routeTo(`203.0.113.${at}/32`, { communities: [at] }) }])
  }
  const socket = { sent: 0, room: Number.POSITIVE_INFINITY, waitingBytes: 0 }
  const looksMs: number[] = []
  let ready = 0
  const outlet = new Outlet({
    rib,
    peer: 'p',
    clock,
    send: () => ++socket.sent < socket.room,
    waitingBytes: () => {
      looksMs.push(clock.monotonicMs())
      return socket.waitingBytes
    },
    onReady: () => ready++,
  })
  const run = (): number => [...outlet.run()].length
  return { clock, rib, outlet, socket, looksMs, run, isReady: () => ready > 0 }
}

test('all is sent in one go, with pauses in between', () => {
  const { outlet, socket, run } = scene(10)
  assert.equal(outlet.isSettled, false)
  assert.equal(run(), 15)
  assert.deepEqual([socket.sent, outlet.isSettled, run()], [10, true, 0])
})

test('a socket that has enough is looked at more and more seldom, and given more when half of it is gone', async () => {
  const { clock, outlet, socket, looksMs, run, isReady } = scene(10)
  socket.room = 4
  socket.waitingBytes = 65_536
  run()
  run()
  assert.deepEqual([socket.sent, outlet.isSettled], [4, false])
  await clock.advance(230)
  assert.deepEqual(looksMs, [5, 15, 35, 75, 125, 175, 225])
  socket.waitingBytes = 32_768
  await clock.advance(50)
  assert.equal(isReady(), false)
  socket.waitingBytes = 32_767
  await clock.advance(50)
  assert.equal(isReady(), true)
  socket.room = Number.POSITIVE_INFINITY
  run()
  assert.deepEqual([socket.sent, outlet.isSettled], [10, true])
})

test('what changes while the socket has enough goes out afterwards, in the order of rounds', async () => {
  const { rib, outlet, socket, run, clock } = scene(3)
  socket.room = 1
  run()
  rib.set('s0', [])
  socket.room = Number.POSITIVE_INFINITY
  await clock.advance(5)
  run()
  assert.deepEqual([socket.sent, outlet.isSettled], [4, true])
})

test('whoever waits for it learns that all is sent, or that the session is over', async () => {
  for (const isOver of [false, true]) {
    const { outlet, socket, run, clock } = scene(3)
    socket.room = 1
    run()
    const settled = outlet.settled()
    if (isOver) outlet.close()
    else {
      socket.room = Number.POSITIVE_INFINITY
      await clock.advance(5)
      run()
    }
    await settled
    await outlet.settled()
    assert.deepEqual([socket.sent, clock.waiting, run()], [isOver ? 1 : 3, 0, 0])
  }
})

test('a session that ends while it is being sent to gets no more', () => {
  const { rib, outlet, socket, run } = scene(5)
  socket.room = 2
  const first = outlet.run()
  first.next()
  rib.close('p')
  outlet.close()
  outlet.close()
  assert.deepEqual([[...first].length, run(), socket.sent], [0, 0, 0])
})
