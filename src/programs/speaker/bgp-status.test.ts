// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BgpPlan, type PeerRoute, planBgp } from '../../plan/bgp.ts'
import { bgpAd, labelled, node, peer, ready, service, world } from '../../plan/sample-world.ts'
import { bgpAnswerOf } from './bgp-status.ts'

const to = (name: string): PeerRoute => ({
  peer: name,
  route: {
    prefix: { family: 'ipv4', first: 0xc000_0201n, prefixBits: 32 },
    localPref: null,
    communities: [],
    largeCommunities: [],
    med: null,
    prepend: [],
  },
})
const plan = (...peers: readonly string[]): BgpPlan => ({ announce: true, routes: peers.map(to) })

const ROWS: [string, BgpPlan | null, readonly string[] | null][] = [
  ['no plan', null, null],
  ['silence', { announce: false, reason: 'noPeer', message: '' }, null],
  ['no routes', plan(), null],
  ['one peer', plan('tor'), ['tor']],
  ['peers in another order', plan('tor-b', 'tor-a', 'spine'), ['spine', 'tor-a', 'tor-b']],
  ['two prefixes for one peer', plan('tor', 'tor'), ['tor']],
]
for (const [name, given, peers] of ROWS) {
  test(`peers of ${name}: ${peers?.join() ?? 'no object'}`, () => {
    assert.deepEqual(bgpAnswerOf(given), peers && { peers })
  })
}

const ad = (name: string, app: string) => {
  return bgpAd(['a'], { peers: new Set([name]), serviceSelectors: [labelled('app', app)] })
}

test('two Services on one address: each has its own peers, not those of the other one', () => {
  const bgp = [ad('tor-a', 'x'), ad('tor-b', 'y')]
  const peers = [peer('tor-a', ['a']), peer('tor-b', ['a'])]
  const site = { world: world({ nodes: [node('a')], bgp, peers }), node: 'a' }
  const of = (app: string) => {
    return bgpAnswerOf(planBgp(service({ labels: { app }, ips: ['10.0.0.1'] }), [ready('a')], site))
  }
  assert.deepEqual([of('x'), of('y')], [{ peers: ['tor-a'] }, { peers: ['tor-b'] }])
})
