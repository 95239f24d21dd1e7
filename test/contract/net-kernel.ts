// SPDX-License-Identifier: Apache-2.0
/** The contract on Linux; net.test.ts runs this file in a network namespace of its own. */
import assert from 'node:assert/strict'
import { openLinks } from '../../src/os/links.ts'
import { openNeighborReflex } from '../../src/os/neighbor-reflex.ts'
import { enableIpv6, ip, makeWire, Tap, until } from '../lab/wire-namespace.ts'
import { ndpContract } from './net-ndp-suite.ts'
import { netContract, type Wire } from './net-suite.ts'

async function openWire(prepare: () => void): Promise<Wire> {
  makeWire('near', 'far')
  makeWire('other', 'beyond')
  prepare()
  const tap = new Tap('far')
  await tap.ready
  const links = openLinks()
  const reflex = openNeighborReflex({ pauseMs: 0 })
  const byName = (name: string) => {
    const found = links.list().find((link) => link.name === name)
    assert.ok(found, `no link ${name}`)
    return found
  }
  return {
    reflex,
    links,
    near: () => byName('near'),
    other: () => byName('other'),
    inject: (frame) => tap.send(frame),
    received: () => tap.settle(),
    setUp: async (up) => {
      ip('link', 'set', 'near', up ? 'up' : 'down')
      await until(() => byName('near').up === up, `near ${up ? 'up' : 'down'}`)
    },
    address: async (action, cidr) => {
      const before = JSON.stringify(byName('near').addresses)
      ip('address', action, cidr, 'dev', 'near')
      await until(() => JSON.stringify(byName('near').addresses) !== before, `${action} ${cidr}`)
    },
    bridge: async (isMember) => {
      if (isMember) {
        ip('link', 'add', 'bridge', 'type', 'bridge')
        ip('link', 'set', 'near', 'master', 'bridge')
      } else ip('link', 'del', 'bridge')
      await until(() => byName('near').hasMaster === isMember, `${isMember ? '' : 'no '}member of a bridge`)
      return isMember ? byName('bridge').index : null
    },
    close: async () => {
      reflex.close()
      links.close()
      await tap.close()
      ip('link', 'del', 'near')
      ip('link', 'del', 'other')
    },
  }
}

netContract('kernel', () => openWire(() => undefined))
ndpContract('kernel', async () => {
  const wire = await openWire(() => enableIpv6('near'))
  await until(() => wire.near().linkLocal !== null, 'a link-local address')
  return wire
})
