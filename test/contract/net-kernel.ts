// SPDX-License-Identifier: Apache-2.0
/** The contract on Linux; net.test.ts runs this file in a network namespace of its own. */
import assert from 'node:assert/strict'
import { openArpReflex } from '../../src/os/arp-reflex.ts'
import { openLinks } from '../../src/os/links.ts'
import { ip, makeWire, Tap, until } from '../lab/wire-namespace.ts'
import { netContract, type Wire } from './net-suite.ts'

async function openWire(): Promise<Wire> {
  makeWire('near', 'far')
  makeWire('other', 'beyond')
  const tap = new Tap('far')
  await tap.ready
  const links = openLinks()
  const reflex = openArpReflex({ pauseMs: 0 })
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
    close: async () => {
      reflex.close()
      links.close()
      await tap.close()
      ip('link', 'del', 'near')
      ip('link', 'del', 'other')
    },
  }
}

netContract('kernel', openWire)
