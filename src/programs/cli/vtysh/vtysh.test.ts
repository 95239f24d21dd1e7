// SPDX-License-Identifier: Apache-2.0
/** The words that are understood, the answers, and the program as a process in the containers of both daemons. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createLog } from '../../../lib/log.ts'
import { Metrics } from '../../../lib/metrics.ts'
import { fieldAt } from '../../../lib/unchecked.ts'
import { type Documents, jsonPieces } from '../../listeners/documents.ts'
import { openLocalSocket } from '../../listeners/local-socket.ts'
import { locally } from '../../listeners/reading.ts'
import { peersDocument } from '../../speaker/peers-document.ts'
import { NOW_MS, READINGS } from '../../speaker/peers-sample.ts'
import { answer } from './main.ts'
import { parseWords, type Request } from './words.ts'

const DOCUMENT: unknown = JSON.parse([...jsonPieces(peersDocument(READINGS))].join(''))

const WORDS: readonly (readonly [string, Request | null])[] = [
  ['show bgp summary', { what: 'summary', family: null, json: false }],
  ['  SHOW  bgp   Summary json ', { what: 'summary', family: null, json: true }],
  ['show ip bgp summary', { what: 'summary', family: 'ipv4', json: false }],
  ['show bgp ipv6 unicast summary json', { what: 'summary', family: 'ipv6', json: true }],
  ['show ip bgp', { what: 'routes', family: 'ipv4', json: false }],
  ['show bgp', { what: 'routes', family: null, json: false }],
  ['show bgp ipv6 json', { what: 'routes', family: 'ipv6', json: true }],
  ['show bgp neighbors', { what: 'neighbours', neighbour: null, json: false }],
  ['show bgp neighbors json', { what: 'neighbours', neighbour: null, json: true }],
  ['show ip bgp neighbors 10.0.0.1', { what: 'neighbours', neighbour: '10.0.0.1', json: false }],
  ['show bgp neighbor Eth1 advertised-routes json', { what: 'advertised', neighbour: 'Eth1', json: true }],
  ['show bfd peers', { what: 'bfd', json: false }],
  ['show bfd peers json', { what: 'bfd', json: true }],
  ['debug bgp neighbor 10.0.0.1', { what: 'debug', neighbour: '10.0.0.1', on: true }],
  ['no debug bgp neighbor Eth1', { what: 'debug', neighbour: 'Eth1', on: false }],
  ['', null],
  ['json', null],
  ['show', null],
  ['show json', null],
  ['show version', null],
  ['show bgp summary please', null],
  ['show bgp neighbors a received-routes', null],
  ['show bfd peers brief', null],
  ['show ip route', null],
  ['debug bgp neighbor', null],
  ['debug bgp updates', null],
  ['no bgp neighbor 10.0.0.1', null],
  ['debug bgp neighbor a b', null],
  ['configure terminal', null],
]
for (const [text, expected] of WORDS) {
  test(`${JSON.stringify(text)} is ${expected === null ? 'not there' : expected.what}`, () => {
    assert.deepEqual(parseWords(text), expected)
  })
}

/** What is printed. */
function printed(text: string, document: unknown = DOCUMENT): string {
  const request = parseWords(text)
  assert.ok(request !== null && request.what !== 'debug')
  return answer(request, document, NOW_MS)
}

function json(text: string, document: unknown = DOCUMENT): unknown {
  return JSON.parse(printed(`${text} json`, document))
}

test('show bgp summary', () => {
  assert.equal(
    printed('show bgp summary'),
    `node iris1, router identifier 10.0.0.11, local AS 4200000000

Neighbor  V  AS        MsgRcvd  MsgSent  Up/Down   State/PfxRcd  PfxSnt  Peer
10.0.0.1  4  64501     44       46       01:02:03  0             2       tor-a
fd00::2   4  external  0        0        never     Active        0       tor-b
eth1      4  external  0        0        never     noNeighbour   0       uplink

3 neighbors, 1 established
`,
  )
})

test('without peers', () => {
  assert.equal(printed('show bgp summary', { peers: [] }), 'no BGP neighbors: no BGPPeer selects this node\n')
  assert.deepEqual(json('show bgp summary', { peers: [] }), {})
})

test('show bgp summary json: by family, by the names that scripts read', () => {
  const told = json('show bgp summary')
  assert.deepEqual(fieldAt(told, 'ipv4Unicast', 'peers', '10.0.0.1'), {
    remoteAs: 64_501,
    localAs: 4_200_000_000,
    version: 4,
    msgRcvd: 44,
    msgSent: 46,
    peerUptime: '01:02:03',
    peerUptimeMsec: 3_723_000,
    pfxRcd: 0,
    pfxSnt: 2,
    state: 'Established',
    peerState: 'OK',
    connectionsEstablished: 2,
    connectionsDropped: 1,
    desc: 'tor-a',
  })
  const peersOf = (family: string) => Object.keys(fieldAt(told, family, 'peers') ?? {})
  assert.deepEqual(
    [peersOf('ipv4Unicast'), peersOf('ipv6Unicast')],
    [
      ['10.0.0.1', 'eth1'],
      ['fd00::2', 'eth1'],
    ],
  )
  assert.deepEqual([fieldAt(told, 'ipv4Unicast', 'failedPeers'), fieldAt(told, 'ipv4Unicast', 'totalPeers')], [1, 2])
})

test('show ip bgp', () => {
  assert.equal(
    printed('show ip bgp'),
    `Routes as peers were told them; of what they tell, nothing is used.

Network         Next Hop   Metric  LocPrf  Path                     Communities                              Told to
192.0.2.1/32    10.0.0.11  50              4200000000 4200000000 i  graceful-shutdown, 65000:100, 64500:1:2  tor-a
192.0.2.128/25  10.0.0.11          200     i                                                                 tor-a

2 routes
`,
  )
})

/** tor-b is told what tor-a is. */
const alike = (name: string) => (name === 'uplink' ? [] : READINGS.sent('tor-a'))

test('what several peers are told alike is one line', () => {
  const document: unknown = JSON.parse([...jsonPieces(peersDocument({ ...READINGS, sent: alike }))].join(''))
  assert.match(
    printed('show ip bgp', document),
    /^192\.0\.2\.1\/32 .* {2}tor-a, tor-b\n192\.0\.2\.128\/25 .* {2}tor-a, tor-b\n\n2 routes$/m,
  )
})

test('show ip bgp json', () => {
  const told = json('show ip bgp')
  assert.equal(fieldAt(told, 'routerId'), '10.0.0.11')
  assert.deepEqual(fieldAt(told, 'routes', '192.0.2.1/32'), [
    {
      valid: true,
      bestpath: true,
      network: '192.0.2.1/32',
      prefix: '192.0.2.1',
      prefixLen: 32,
      addrFamily: 'ipv4',
      metric: 50,
      path: '4200000000 4200000000',
      origin: 'IGP',
      community: ['graceful-shutdown', '65000:100'],
      largeCommunity: ['64500:1:2'],
      nexthops: [{ ip: '10.0.0.11', afi: 'ipv4', used: true }],
      advertisedTo: 'tor-a',
    },
  ])
  assert.deepEqual(fieldAt(json('show bgp ipv6'), 'routes'), {})
})

test('show bgp neighbors', () => {
  const text = printed('show bgp neighbors')
  assert.deepEqual(text.match(/^BGP PEER .*$/gm), ['BGP PEER tor-a', 'BGP PEER tor-b', 'BGP PEER uplink'])
  assert.match(text, /^ {2}state +Established for 01:02:03$/m)
  assert.doesNotMatch(printed('show bgp neighbors fd00::2'), /tor-a/)
})

test('show bgp neighbors json', () => {
  const up = fieldAt(json('show bgp neighbors'), '10.0.0.1')
  const fields = ['bgpState', 'remoteAs', 'nbrExternalLink', 'bgpTimerUpString', 'bgpTimerHoldTimeMsecs', 'portForeign']
  assert.deepEqual(
    fields.map((field) => fieldAt(up, field)),
    ['Established', 64_501, true, '01:02:03', 30_000, 179],
  )
  assert.deepEqual(fieldAt(up, 'addressFamilyInfo'), {
    ipv4Unicast: { acceptedPrefixCounter: 0, sentPrefixCounter: 2 },
  })
  assert.equal(fieldAt(up, 'messageStats', 'updatesSent'), 3)
  assert.deepEqual(fieldAt(up, 'peerBfdInfo'), { status: 'Up' })
  const down = fieldAt(json('show bgp neighbors eth1'), 'eth1')
  assert.equal(fieldAt(down, 'withheld', 'reason'), 'noNeighbour')
})

test('show bgp neighbors NEIGHBOR advertised-routes', () => {
  assert.match(printed('show bgp neighbors tor-a advertised-routes'), /^Routes told to 10\.0\.0\.1$/m)
  const told = json('show bgp neighbors 10.0.0.1 advertised-routes')
  assert.equal(fieldAt(told, 'totalPrefixCounter'), 2)
  assert.equal(fieldAt(json('show bgp neighbors eth1 advertised-routes'), 'totalPrefixCounter'), 0)
})

test('a neighbour that there is not', () => {
  const message = /there is no BGP neighbor "10\.0\.0\.9" on this node; there are 10\.0\.0\.1, fd00::2, eth1/
  assert.throws(() => printed('show bgp neighbors 10.0.0.9'), message)
})

test('show bfd peers', () => {
  assert.equal(
    printed('show bfd peers'),
    `Peer      Local      Interface  Status  Up/Down   Transmit  Detection  Diagnostic  Remote  For
10.0.0.1  10.0.0.11             up      01:02:03  50 ms     150 ms     ok          ok      tor-a

1 sessions
`,
  )
  assert.match(printed('show bfd peers', {}), /^no BFD sessions: /)
  assert.deepEqual(json('show bfd peers'), [
    {
      peer: '10.0.0.1',
      local: '10.0.0.11',
      id: 7,
      'remote-id': 9,
      status: 'up',
      uptime: 3723,
      diagnostic: 'ok',
      'remote-diagnostic': 'ok',
      'transmit-interval': 50,
      'detection-time': 150,
      'control-packet-input': 100,
      'control-packet-output': 101,
      'echo-packet-input': 3,
      'echo-packet-output': 4,
      'session-up': 2,
      'session-down': 1,
    },
  ])
})

const PLANNED = {
  peer: 'tor-a',
  prefix: '192.0.2.1/32',
  nextHops: [],
  asPath: '64500',
  origin: 'igp',
  med: null,
  localPref: null,
  communities: [],
  largeCommunities: [],
}
const PLAN = {
  planned: true,
  peers: [],
  routes: [
    { node: 'iris1', ...PLANNED },
    { node: 'iris2', ...PLANNED, nextHops: ['10.0.0.12'] },
  ],
}

test('a controller prints the routes planned for each node, and says so', () => {
  const text = printed('show ip bgp', PLAN)
  assert.match(text, /^These routes come from the plan of the controller: /)
  assert.match(
    text,
    /^192\.0\.2\.1\/32 +the node +64500 i +iris1 +tor-a\n192\.0\.2\.1\/32 +10\.0\.0\.12 +64500 i +iris2 +tor-a$/m,
  )
  assert.throws(
    () => printed('show bgp summary', PLAN),
    /a controller has no sessions: ask vtysh in the container of a speaker/,
  )
})

const METALLB = join(import.meta.dirname, '../../../../bin/metallb')
const nothing = () => ({})

type Daemon = Readonly<{
  program: 'speaker' | 'controller'
  peers(): Readonly<Record<string, unknown>>
  orders?: [string, boolean][]
}>
const SPEAKER: Daemon = { program: 'speaker', peers: () => peersDocument(READINGS) }

/** Runs `metallb vtysh` while one daemon listens in a directory of its own. */
async function vtysh(args: readonly string[], { program, peers, orders = [] }: Daemon = SPEAKER) {
  const scratch = mkdtempSync(join(tmpdir(), 'metallb-vtysh-'))
  after(() => rmSync(scratch, { recursive: true }))
  const debugBgp = (neighbour: string, on: boolean) => {
    orders.push([neighbour, on])
    return neighbour === '10.0.0.1' ? ['tor-a'] : []
  }
  const place = { program, directory: { usable: true, path: scratch }, orders: () => ({ debugBgp }) } as const
  const documents: Documents = { state: nothing, plan: nothing, peers, members: nothing, history: nothing }
  const readable = { metrics: new Metrics(), documents: () => documents }
  const socket = await openLocalSocket(place, locally(readable), createLog('none'))
  const { promise, resolve } = Promise.withResolvers<{ status: unknown; stdout: string; stderr: string }>()
  execFile(METALLB, ['vtysh', ...args, '--run-dir', scratch], (error, stdout, stderr) =>
    resolve({ status: error?.code ?? 0, stdout, stderr }),
  )
  const result = await promise
  await socket?.close()
  return result
}

test('several -c are answered one after the other', async () => {
  const { status, stdout, stderr } = await vtysh(['-c', 'show bgp summary', '-c', 'show bfd peers json'])
  assert.deepEqual([status, stderr], [0, ''])
  assert.match(stdout, /^node iris1, [\s\S]*\[\n {2}\{\n {4}"peer": "10\.0\.0\.1",/)
})

test('debug and no debug are passed on to the speaker, which confirms', async () => {
  const orders: [string, boolean][] = []
  const on = await vtysh(['-c', 'debug bgp neighbor 10.0.0.1'], { ...SPEAKER, orders })
  assert.deepEqual([on.status, on.stdout], [0, 'messages of BGP peer tor-a are in the log from now on\n'])
  const off = await vtysh(['-c', 'no debug bgp neighbor 10.0.0.9'], { ...SPEAKER, orders })
  assert.deepEqual([off.status, off.stdout], [1, ''])
  assert.match(off.stderr, /^vtysh: the speaker says: there is no BGP peer "10\.0\.0\.9" on this node\n$/)
  assert.deepEqual(orders, [
    ['10.0.0.1', true],
    ['10.0.0.9', false],
  ])
})

const WRONG: readonly (readonly [string, readonly string[], RegExp])[] = [
  [
    'unknown words',
    ['-c', 'show running-config'],
    /^vtysh: there is no "show running-config" here; there is "show bgp summary", /,
  ],
  ['no words', [], /^vtysh: this is no interactive shell: use -c with "show bgp summary"/],
  ['an unknown option', ['-d', 'bgpd'], /unknown option '-d'/],
]
for (const [name, args, expected] of WRONG) {
  test(`status 1 and a sentence: ${name}`, async () => {
    const { status, stdout, stderr } = await vtysh(args)
    assert.deepEqual([status, stdout], [1, ''])
    assert.match(stderr, expected)
  })
}
