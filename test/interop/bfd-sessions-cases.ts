// SPDX-License-Identifier: Apache-2.0
/**
 * Sessions over one hop with FRR or BIRD, which is the argument: they come up, and end in each way that there is. Run by
 * bfd-sessions.test.ts. The hold time is 90 s, so that whatever ends a BGP session here is BFD.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Kind, NeighborPlan, Router } from '../../lab/routers/router.ts'
import { freeze } from '../lab/wire-namespace.ts'
import { bfdProfile, every, nodeAt, OURS, THEIRS, theirs } from './bfd-objects.ts'
import {
  drop,
  isUp,
  metricsOf,
  ourPeer,
  ourPeerIs,
  type Said,
  saidOf,
  saidSince,
  setCable,
  theirBfd,
  undrop,
} from './bfd-scene.ts'
import { advertisement, node, peer, pool, service } from './bgp-objects.ts'
import { BgpScene, eventually } from './bgp-scene.ts'

const KINDS: readonly Kind[] = ['frr', 'bird']
const kind = KINDS.find((name) => name === process.argv[2]) ?? 'frr'
const INTERVAL_MS = 200
/** A packet takes up to an interval to be missed, and the machine may be busy; far less than any timer of BGP. */
const NOTICED_MS = 3 * INTERVAL_MS + 4000
const SILENT = /nothing was heard for 600 ms \(Control Detection Time Expired\)/
const THEY_DO_NOT_HEAR = /the peer says it is down \(Control Detection Time Expired\)/
/** FRR says goodbye by BFD when it is told to end; BIRD falls silent. */
const FAREWELL = kind === 'frr' ? /the peer (?:says it is down|has switched BFD off)/ : SILENT
const BFD_UDP = 'udp dport 3784'

type Row = Readonly<{
  /** Also names its host and its BGPPeer. */
  name: string
  title: string
  ipv6?: boolean
  profile?: string
  breakIt: (router: Router) => Promise<unknown>
  /** Why BFD ended, as we say it. */
  bfd: RegExp
  /** Why BGP ended, where that may be something else than BFD. */
  bgp?: RegExp
  /** Undoes it; absent: it stays as it is. */
  mend?: (router: Router) => Promise<unknown>
}>

const ROWS: readonly Row[] = [
  {
    name: 'killed',
    title: 'the peer is killed, and starts again',
    breakIt: async (router) => router.signal('SIGKILL'),
    bfd: SILENT,
    // Its kernel ends the TCP connection: BGP may know before BFD does.
    bgp: /BFD: nothing was heard|closed|reset|connection/i,
    mend: async (router) => {
      await router.stop()
      await start(router)
    },
  },
  {
    name: 'restarted',
    title: 'the peer is told to end, and starts again',
    breakIt: async (router) => router.stop(),
    bfd: FAREWELL,
    bgp: /BFD|cease|closed|reset|connection/i,
    mend: start,
  },
  {
    name: 'frozen',
    title: 'the peer is stopped by SIGSTOP, and goes on',
    breakIt: async (router) => router.signal('SIGSTOP'),
    bfd: SILENT,
    mend: async (router) => router.signal('SIGCONT'),
  },
  {
    name: 'unplugged',
    title: "the peer's link goes down, and comes back",
    breakIt: async ({ host }) => setCable(host.name, 'down'),
    bfd: SILENT,
    mend: async ({ host }) => setCable(host.name, 'up'),
  },
  {
    name: 'unheard',
    title: 'nothing of ours reaches the peer: it says so',
    breakIt: async (router) => drop(router, `input ${BFD_UDP}`),
    bfd: THEY_DO_NOT_HEAR,
    // The peer ends BGP, too, and either may come first.
    bgp: new RegExp(`${THEY_DO_NOT_HEAR.source}|BFD Down|Cease`, 'i'),
    mend: undrop,
  },
  {
    name: 'mute',
    title: "nothing of the peer's reaches us",
    breakIt: async (router) => drop(router, `output ${BFD_UDP}`),
    bfd: SILENT,
    mend: undrop,
  },
  {
    name: 'six',
    title: 'over IPv6: the link goes down, and comes back',
    ipv6: true,
    breakIt: async ({ host }) => setCable(host.name, 'down'),
    bfd: SILENT,
    mend: async ({ host }) => setCable(host.name, 'up'),
  },
  {
    name: 'cease',
    title: 'BFD alone fails: the peer is told Cease/BFD Down at once, and dialled at once when BFD is up',
    profile: 'patient',
    breakIt: async (router) => drop(router, `input ${BFD_UDP}`, `output ${BFD_UDP}`),
    bfd: SILENT,
    mend: undrop,
  },
]

const scene = await BgpScene.build(['node', ...ROWS.map(({ name }) => name)])
const routers = new Map<string, Router>()

function endsOf({ name, ipv6 }: Row): Pick<NeighborPlan, 'address' | 'localAddress'> {
  const [address, localAddress] = ipv6 ? [scene.ipv6('node'), scene.ipv6(name)] : [scene.ipv4('node'), scene.ipv4(name)]
  return { address, localAddress }
}

async function start(router: Router): Promise<void> {
  const row = ROWS.find(({ name }) => name === router.host.name)
  assert(row)
  const neighbor = nodeAt(endsOf(row), { bfd: theirs(INTERVAL_MS) })
  await router.start({ asn: THEIRS, routerId: scene.ipv4(row.name), neighbors: [neighbor] })
}

async function peerOf(row: Row): Promise<ReturnType<typeof peer>> {
  const { localAddress: peerAddress } = endsOf(row)
  return peer(row.name, { myASN: OURS, peerASN: THEIRS, peerAddress, bfdProfile: row.profile ?? 'quick' })
}

scene.write('base', [
  node('node', scene.ipv4('node')),
  pool(),
  advertisement('all'),
  ...service('both', ['198.51.100.7', 'fd11::7']),
  bfdProfile('quick', every(INTERVAL_MS)),
  // The peer would wait for 30 s: what it hears of the end is what we tell it by BGP.
  bfdProfile('patient', { ...every(INTERVAL_MS, 150), strictStart: true }),
  ...(await Promise.all(ROWS.map(peerOf))),
])
for (const { name } of ROWS) routers.set(name, scene.router(kind, name, ['zebra', 'bfdd']))
await Promise.all(routers.values().map(start))
const speaker = await scene.speaker('node', { flags: ['--port', '7472'] })

const told = (name: string) => (): readonly Said[] => saidOf(scene, speaker, name)

async function isUpOnBothSides(row: Row, router: Router): Promise<void> {
  const says = (): string => `${router.describe()}\n${JSON.stringify(told(row.name)(), null, 1)}`
  await ourPeerIs({ host: 'node', name: row.name, says }, isUp)
  const { address } = endsOf(row)
  await eventually(
    async () => ((await theirBfd(router, address)).isUp ? true : undefined),
    async () => `${(await theirBfd(router, address)).text}. ${says()}`,
  )
}

/** FRR makes its session anew whenever BGP comes up, and that is a Down which nobody broke. */
async function isSettled(row: Row, router: Router): Promise<void> {
  await isUpOnBothSides(row, router)
  if (kind !== 'frr') return
  const asked = async (): Promise<string> => (await theirBfd(router, endsOf(row).address)).text
  await eventually(async () => (/"uptime":[1-9]/.test(await asked()) ? true : undefined), asked)
}

async function downEventsOf({ name }: Row): Promise<number> {
  const { bfd } = await ourPeer('node', name)
  assert(bfd, `${name} has no BFD`)
  return bfd.downEvents
}

/** Both say so, each for its own reason, and BFD counts it. */
async function bothAreDown(row: Row, router: Router, sinceMs: number): Promise<void> {
  const bgp = await saidSince(told(row.name), 'sessionDown', sinceMs)
  assert.match(bgp.msg, row.bgp ?? row.bfd)
  const bfd = await saidSince(told(row.name), 'bfdDown', sinceMs)
  assert.match(bfd.msg, row.bfd)
  for (const { atMs, msg } of [bgp, bfd])
    assert.ok(atMs - sinceMs < NOTICED_MS, `${msg}: it took ${atMs - sinceMs} ms. ${router.describe()}`)
}

/** RFC 9384, as the peer tells it: it has only our word, as its own BFD is patient. */
async function loggedCease(router: Router): Promise<void> {
  const words =
    kind === 'frr'
      ? /received from neighbor \S+ 6\/10 \(Cease\/BFD Down\)/
      : /Received: BFD (?:s|S)ession down|Received: .*6\.10/
  await eventually(
    async () => (words.test(router.log()) ? true : undefined),
    () => router.log().split('\n').slice(-40).join('\n'),
  )
}

async function reconnectedAtOnce({ name }: Row, sinceMs: number): Promise<void> {
  const bfdUp = await saidSince(told(name), 'bfdUp', sinceMs)
  const bgpUp = await saidSince(told(name), 'sessionUp', sinceMs)
  const tookMs = bgpUp.atMs - bfdUp.atMs
  assert.ok(tookMs >= 0 && tookMs < 1000, `BGP was up ${tookMs} ms after BFD`)
}

// One root: what runs here ends with the first that is done.
await suite(`BFD with ${kind}`, () => {
  suite('each on a link of its own', { concurrency: 4 }, () => {
    for (const row of ROWS) {
      test(row.title, async () => {
        const router = routers.get(row.name)
        assert(router)
        await isSettled(row, router)
        const [downEvents, sinceMs] = [await downEventsOf(row), Date.now()]
        await row.breakIt(router)
        await bothAreDown(row, router, sinceMs)
        assert.ok((await downEventsOf(row)) > downEvents)
        if (row.name === 'cease') await loggedCease(router)
        const mendedMs = Date.now()
        await row.mend?.(router)
        await isUpOnBothSides(row, router)
        if (row.name === 'cease') await reconnectedAtOnce(row, mendedMs)
      })
    }
  })

  test('our process is stopped by SIGSTOP: peers notice; it goes on, takes nobody for dead, and all are up again', async () => {
    const row = ROWS.find(({ name }) => name === 'mute')
    const router = routers.get('mute')
    assert(row && router)
    const { address } = endsOf(row)
    await freeze(speaker.pid)
    await eventually(
      async () => ((await theirBfd(router, address)).isUp ? undefined : true),
      async () => `its BFD: ${(await theirBfd(router, address)).text}`,
    )
    const sinceMs = Date.now()
    speaker.signal('SIGCONT')
    await isUpOnBothSides(row, router)
    const silent = told('mute')().filter(({ atMs, msg }) => atMs >= sinceMs && SILENT.test(msg))
    assert.deepEqual(silent, [], 'the silence was ours')
  })

  test('metrics tell of each session', async () => {
    const text = await metricsOf(scene.host('node'), scene.ipv4('node'))
    const value = (metric: string, row: string): number => {
      const found = ROWS.find(({ name }) => name === row)
      assert(found)
      const line = text.split('\n').find((one) => one.startsWith(`${metric}{peer="${endsOf(found).localAddress}`))
      return Number(/ (\S+)$/.exec(line ?? '')?.[1])
    }
    for (const { name } of ROWS) assert.equal(value('metallb_bfd_session_up', name), 1, name)
    assert.ok(value('metallb_bfd_session_up_events', 'mute') >= 2)
    assert.ok(value('metallb_bfd_session_down_events', 'mute') >= 1)
    assert.ok(value('metallb_bfd_control_packet_input', 'mute') > 10)
    assert.ok(value('metallb_bfd_control_packet_output', 'mute') > 10)
    assert.equal(value('metallb_bfd_echo_packet_output', 'mute'), 0)
  })
})
