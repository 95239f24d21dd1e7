// SPDX-License-Identifier: Apache-2.0
/** Passwords and hop limits, with each family at sockets of one and of both. */
import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDescriptor, setHops } from '../../src/os/tcp-options.ts'
import { until } from '../lab/wire-namespace.ts'
import { closeHouse, isDropped, isReset, LONG_MS, openHouse, SECRET, talks } from './tcp-scene.ts'

/** Where it listens, where it is dialled, and from where. */
const FAMILIES = [
  ['IPv4', '127.0.0.1', '127.0.0.1', '127.0.0.9', '127.0.0.0/16', '127.9.0.1'],
  ['IPv6', 'fd00::1', 'fd00::1', 'fd00::2', 'fd00::/64', 'fd00:1::1'],
  ['IPv4 at a socket of IPv6', '::', '127.0.0.1', '127.0.0.9', '127.0.0.0/16', '127.9.0.1'],
  ['IPv6 at a socket of both', '::', 'fd00::1', 'fd00::2', 'fd00::/64', 'fd00:1::1'],
] as const

const KEYS: readonly (readonly [string, string | undefined, string | undefined, 'talks' | 'dropped'])[] = [
  ['both have the password', SECRET, SECRET, 'talks'],
  ['neither has one', undefined, undefined, 'talks'],
  ['who listens has one', SECRET, undefined, 'dropped'],
  ['who dials has one', undefined, SECRET, 'dropped'],
  ['they differ', SECRET, `${SECRET}!`, 'dropped'],
  ['of 80 bytes', 'ü'.repeat(40), 'ü'.repeat(40), 'talks'],
]
const withKey = (md5: string | undefined) => (md5 === undefined ? {} : { md5 })

/** Keys for addresses and prefixes: who is refused, who is let in, and what a change does. */
export function passwords(): void {
  for (const [family, at, address, from, prefix, elsewhere] of FAMILIES) {
    for (const [name, theirs, ours, outcome] of KEYS) {
      for (const peer of [from, prefix]) {
        test(`${family}, ${peer}: ${name}: ${outcome}`, async () => {
          const house = await openHouse({ peers: new Map([[peer, withKey(theirs)]]) }, at)
          const calling = { address, from, ...withKey(ours) }
          if (outcome === 'talks') await talks(house, calling)
          else await isDropped(house, calling)
          closeHouse(house)
        })
      }
    }

    test(`${family}: the narrowest prefix has the key; others need none; strangers are reset`, async () => {
      const peers = new Map([
        [prefix, { md5: 'wide' }],
        [from, { md5: 'narrow' }],
        [elsewhere, {}],
      ])
      const house = await openHouse({ peers }, at)
      await talks(house, { address, from, md5: 'narrow' })
      await isDropped(house, { address, from, md5: 'wide' })
      const neighbor = address // of the prefix, too
      await talks(house, { address, from: neighbor, md5: 'wide' })
      await isDropped(house, { address, from: neighbor, md5: 'narrow' })
      await isDropped(house, { address, from: neighbor })
      await talks(house, { address, from: elsewhere })
      await isReset(house, { address, from: elsewhere.replace(/1$/, '2') })
      closeHouse(house)
    })

    test(`${family}: keys change while it listens, and connections stay`, async () => {
      const house = await openHouse({ peers: new Map([[from, { md5: 'old' }]]) }, at)
      const earlier = await talks(house, { address, from, md5: 'old' })
      house.listener.setPeers(new Map([[from, { md5: 'new' }]]))
      await isDropped(house, { address, from, md5: 'old' })
      await talks(house, { address, from, md5: 'new' })
      house.listener.setPeers(new Map([[from, {}]]))
      await isDropped(house, { address, from, md5: 'new' })
      await talks(house, { address, from })
      house.listener.setPeers(new Map([[prefix, { md5: 'all' }]]))
      await isDropped(house, { address, from })
      await talks(house, { address, from, md5: 'all' })
      house.listener.setPeers(new Map())
      await isReset(house, { address, from })
      earlier.near.stream.write(Buffer.from(' again'))
      await until(() => earlier.far.text === 'ping again', 'the first connection to go on', LONG_MS)
      closeHouse(house)
    })

    test(`${family}: who came in just before there was a password is not taken in`, async () => {
      const house = await openHouse({ peers: new Map([[from, {}]]) }, at)
      await isReset(house, { address, from }, async () => {
        // Node dials on the next tick, and the kernel shakes hands within the call; we hear of it a phase of the loop later.
        await new Promise<void>((resolve) => {
          process.nextTick(() => process.nextTick(resolve))
        })
        house.listener.setPeers(new Map([[from, { md5: SECRET }]]))
      })
      await talks(house, { address, from, md5: SECRET })
      closeHouse(house)
    })
  }
}

/** Low hop limits are dropped, for all peers or for one. */
export function hopLimits(): void {
  for (const [family, at, address, from, , elsewhere] of FAMILIES) {
    test(`${family}: GTSM of the listener, of one peer, and of who dials`, async () => {
      const all = await openHouse({ peers: new Map([[from, {}]]), minTtl: 255 }, at)
      await isDropped(all, { address, from, ttl: 254 })
      await talks(all, { address, from })
      closeHouse(all)
      const peers = new Map([
        [from, { minTtl: 254 }],
        [elsewhere, {}],
      ])
      const one = await openHouse({ peers }, at)
      await isReset(one, { address, from, ttl: 253 })
      await talks(one, { address, from, ttl: 254 })
      await talks(one, { address, from: elsewhere, ttl: 1 })
      closeHouse(one)
      const far = await openHouse({ peers: new Map([[from, {}]]), ttl: 254 }, at)
      await isDropped(far, { address, from, minTtl: 255 })
      await talks(far, { address, from, minTtl: 254 })
      closeHouse(far)
    })

    test(`${family}: GTSM holds for what comes later, too`, async () => {
      const house = await openHouse({ peers: new Map([[address, { minTtl: 255 }]]) }, at)
      const fd = openDescriptor(address.includes(':') ? 'ipv6' : 'ipv4', 'test')
      setHops(fd, { ttl: 255, minTtl: 0 })
      const options = { fd, manualStart: true }
      const socket = new Socket(options)
      socket.connect({ host: address, port: house.listener.local.port })
      await until(() => house.visitors.length === 1, 'the visitor', LONG_MS)
      let heard = ''
      house.visitors[0]?.listen({
        onData: (bytes) => (heard += Buffer.from(bytes)),
        onEnd: () => undefined,
        onClose: () => undefined,
      })
      setHops(fd, { ttl: 254, minTtl: 0 })
      socket.write('from afar')
      await sleep(100)
      assert.equal(heard, '')
      setHops(fd, { ttl: 255, minTtl: 0 })
      await until(() => heard === 'from afar', 'what is sent again', LONG_MS)
      socket.destroy()
      closeHouse(house)
    })
  }
}
