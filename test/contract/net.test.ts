// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Link } from '../../src/lib/net.ts'
import { runTestsInNamespace } from '../lab/wire-namespace.ts'
import { SimReflex } from '../sim/neighbor-reflex.ts'
import { SimLinks } from '../sim/wire.ts'
import { ndpContract } from './net-ndp-suite.ts'
import { netContract, type Wire } from './net-suite.ts'

const link = (index: number, up = true, linkLocal: string | null = null): Link => ({
  index,
  name: `near${index}`,
  mac: `02:00:00:00:00:0${index}`,
  up,
  carrier: up,
  broadcast: true,
  noArp: false,
  multicast: true,
  hasMaster: false,
  master: null,
  linkLocal,
  addresses: [],
})
const BRIDGE = 9

async function open(linkLocal: string | null): Promise<Wire> {
  const links = new SimLinks([link(1, true, linkLocal), link(2)])
  const reflex = new SimReflex()
  const byIndex = (index: number) => {
    const found = links.list().find((one) => one.index === index)
    assert.ok(found)
    return found
  }
  const change = (fields: Partial<Link>) => links.replace([{ ...byIndex(1), ...fields }, link(2)])
  return {
    reflex,
    links,
    near: () => byIndex(1),
    other: () => byIndex(2),
    inject: (frame) => reflex.receive(1, frame),
    received: async () => reflex.sent.splice(0).map(({ frame }) => frame),
    setUp: async (up) => change({ up, carrier: up }),
    address: async (action, cidr) => {
      const [address = '', bits] = cidr.split('/')
      const others = byIndex(1).addresses.filter((one) => one.address !== address)
      change({ addresses: action === 'del' ? others : [...others, { address, prefixBits: Number(bits) }] })
    },
    bridge: async (isMember) => {
      const master = isMember ? BRIDGE : null
      change({ hasMaster: isMember, master })
      return master
    },
    close: async () => links.close(),
  }
}

netContract('simulated', () => open(null))
ndpContract('simulated', () => open('fe80::1'))

test('the kernel keeps the same contract (net-kernel.ts, in a network namespace)', () =>
  runTestsInNamespace(join(import.meta.dirname, 'net-kernel.ts')))
