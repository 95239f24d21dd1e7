// SPDX-License-Identifier: Apache-2.0
/**
 * Sessions that take another way than one switch: over a router in between, and over a link without addresses. Run by
 * bfd-terms.test.ts.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Kind, Router } from '../../lab/routers/router.ts'
import { bfdProfile, every, nodeAt, OURS, THEIRS, theirs } from './bfd-objects.ts'
import {
  drop,
  isUp,
  ourPeer,
  ourPeerIs,
  ourPeers,
  type Said,
  saidOf,
  saidSince,
  theirBfd,
  undrop,
} from './bfd-scene.ts'
import { advertisement, node, peer, pool, service } from './bgp-objects.ts'
import { BgpScene, eventually } from './bgp-scene.ts'

const MULTIHOP = 'udp dport 4784'
const SILENT = /nothing was heard for 600 ms/

type Far = Readonly<{ name: string; kind: Kind; title: string; profile: string; isUp: boolean }>

/** BIRD sends with the TTL that all of its host have, 64, and not with 255 as others do. */
const FAR: readonly Far[] = [
  { name: 'far-frr', kind: 'frr', title: 'FRR over a router in between', profile: 'quick', isUp: true },
  { name: 'far-bird', kind: 'bird', title: 'BIRD over a router in between', profile: 'lax', isUp: true },
  {
    name: 'too-far',
    kind: 'bird',
    title: 'what arrives with less than minimumTtl is not listened to, and BGP does without',
    profile: 'quick',
    isUp: false,
  },
]

const scene = await BgpScene.build(['node', 'middle', ...FAR.map(({ name }) => name), 'bare'])
const us = scene.ipv4('node')

type End = Readonly<{ host: string; link: string; address?: string }>

async function link(...ends: readonly [End, End]): Promise<void> {
  const [near, far] = ends
  const place = ['netns', far.host]
  await scene.host(near.host).run(['ip', 'link', 'add', near.link, 'type', 'veth', 'peer', 'name', far.link, ...place])
  for (const { host, link: name, address } of ends) {
    if (address !== undefined) await scene.host(host).run(['ip', 'address', 'add', address, 'dev', name])
    await scene.host(host).run(['ip', 'link', 'set', 'dev', name, 'up'])
  }
}

function farAddress(name: string, end = 2): string {
  return `10.9.${FAR.findIndex((far) => far.name === name) + 1}.${end}`
}

await scene.host('middle').run(['sysctl', '-qw', 'net.ipv4.ip_forward=1'])
await scene.host('node').run(['ip', 'route', 'add', '10.9.0.0/16', 'via', scene.ipv4('middle')])
for (const { name } of FAR) {
  await scene.host(name).run(['ip', 'link', 'set', 'eth0', 'down'])
  await link(
    { host: 'middle', link: name, address: `${farAddress(name, 1)}/24` },
    { host: name, link: 'side', address: `${farAddress(name)}/24` },
  )
  await scene.host(name).run(['ip', 'route', 'add', 'default', 'via', farAddress(name, 1)])
}
await link({ host: 'node', link: 'bare' }, { host: 'bare', link: 'uplink' })

async function startFar({ name, kind }: Far): Promise<[string, Router]> {
  const router = scene.router(kind, name, ['zebra', 'bfdd'])
  const ends = { address: us, localAddress: farAddress(name) }
  const neighbors = [nodeAt(ends, { multihop: 2, bfd: theirs(200, 3, { minimumTtl: 254 }) })]
  await router.start({ asn: THEIRS, routerId: farAddress(name), neighbors })
  return [name, router]
}

async function startBare(): Promise<[string, Router]> {
  const router = scene.router('frr', 'bare', ['zebra', 'bfdd'])
  const extra = [
    ` neighbor uplink interface remote-as ${OURS}`,
    ' neighbor uplink bfd 3 200 200',
    ' address-family ipv4 unicast',
    '  neighbor uplink activate',
    ' exit-address-family',
  ]
  await router.start({ asn: THEIRS, routerId: scene.ipv4('bare'), neighbors: [], extra })
  return ['bare', router]
}

const session = { myASN: OURS, peerASN: THEIRS }
scene.write('all', [
  node('node', us),
  pool(),
  advertisement('all'),
  ...service('web', ['198.51.100.7']),
  bfdProfile('quick', every(200)),
  bfdProfile('lax', { ...every(200), minimumTtl: 63 }),
  ...FAR.map(({ name, profile }) =>
    peer(name, { ...session, peerAddress: farAddress(name), ebgpMultiHop: true, bfdProfile: profile }),
  ),
  peer('bare', { ...session, interface: 'bare', bfdProfile: 'quick' }),
])
const routers = new Map(await Promise.all([...FAR.map(startFar), startBare()]))
const speaker = await scene.speaker('node')

function routerOf(name: string): Router {
  const router = routers.get(name)
  assert(router)
  return router
}

async function comesUp(name: string, by = us): Promise<void> {
  const router = routerOf(name)
  const says = (): string => `${router.describe()} ${JSON.stringify(told(name)(), null, 1)}`
  await ourPeerIs({ host: 'node', name, says }, isUp)
  await eventually(
    async () => ((await theirBfd(router, by)).isUp ? true : undefined),
    async () => `${(await theirBfd(router, by)).text} ${says()}`,
  )
}

const told = (name: string) => (): readonly Said[] => saidOf(scene, speaker, name)

async function endsBySilence(name: string, sinceMs: number): Promise<void> {
  assert.match((await saidSince(told(name), 'sessionDown', sinceMs)).msg, SILENT)
}

await suite('ways of BFD sessions', { concurrency: 4 }, () => {
  for (const { name, title, isUp: isExpected } of FAR) {
    test(title, async () => {
      if (!isExpected) return await staysDown(name)
      await comesUp(name)
      assert.equal((await ourPeer('node', name)).bfd?.link, null)
      const sinceMs = Date.now()
      await drop(routerOf(name), `output ${MULTIHOP}`)
      await endsBySilence(name, sinceMs)
      await undrop(routerOf(name))
      await comesUp(name)
    })
  }

  test('FRR over a link without addresses: by link-local ones, as its advertisements tell', async () => {
    const words = await scene.host('node').run(['ip', '-6', '-o', 'address', 'show', 'dev', 'bare', 'scope', 'link'])
    const ourLinkLocal = /fe80::[0-9a-f:]+/.exec(words)?.[0] ?? 'none'
    await comesUp('bare', ourLinkLocal)
    const { bfd } = await ourPeer('node', 'bare')
    assert.equal(bfd?.link, 'bare')
    assert.match(bfd.address, /^fe80::/)
    const sinceMs = Date.now()
    await scene.host('bare').run(['ip', 'link', 'set', 'uplink', 'down'])
    await saidSince(told('bare'), 'sessionDown', sinceMs)
    await scene.host('bare').run(['ip', 'link', 'set', 'uplink', 'up'])
    await comesUp('bare', ourLinkLocal)
  })
})

/** The peer hears us, and we drop what it says by its TTL. */
async function staysDown(name: string): Promise<void> {
  await eventually(
    async () => (((await ourPeers('node')).bfdDropped['ttl'] ?? 0) >= 3 ? true : undefined),
    async () => JSON.stringify(await ourPeers('node')),
  )
  const { state, bfd } = await ourPeer('node', name)
  assert.deepEqual([state, bfd?.state, bfd?.counters.controlIn], ['Established', 'Down', 0])
  assert.equal((await theirBfd(routerOf(name), us)).isUp, false)
}
