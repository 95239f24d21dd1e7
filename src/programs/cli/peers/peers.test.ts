// SPDX-License-Identifier: Apache-2.0
/** What people are shown of a document, and the program as a process that asks a speaker's socket. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createLog } from '../../../lib/log.ts'
import { Metrics } from '../../../lib/metrics.ts'
import { type Documents, jsonPieces } from '../../listeners/documents.ts'
import { openLocalSocket } from '../../listeners/local-socket.ts'
import { locally } from '../../listeners/reading.ts'
import { peersDocument } from '../../speaker/peers-document.ts'
import { NOW_MS, READINGS } from '../../speaker/peers-sample.ts'
import { aboutPeer } from './document.ts'
import { elapsedSince, elapsedText } from './elapsed.ts'
import { unknownPeer } from './main.ts'
import { onePeer } from './one-peer.ts'
import { peersTable } from './table.ts'

const DOCUMENT: unknown = JSON.parse([...jsonPieces(peersDocument(READINGS))].join(''))

test('the table of all peers', () => {
  assert.equal(
    peersTable(DOCUMENT, NOW_MS),
    `BGP PEERS OF iris1
  PEER    ADDRESS                    AS        STATE        FOR       ROUTES  BFD  LAST ERROR
  tor-a   10.0.0.1                   64501     Established  01:02:03  2       Up
  tor-b   [fd00::2]:1790 in VRF red  external  Active       00:01:05  -            cannot connect to fd00::2: connection refused
  uplink  eth1                       external  noNeighbour  00:01:05  -            no router has been heard on eth1

1 route is held back: metallb peers NAME says which, and why.
`,
  )
})

test('all about one that is up, with its routes', () => {
  assert.equal(
    onePeer(aboutPeer(DOCUMENT, 'tor-a'), NOW_MS),
    `BGP PEER tor-a
  address     10.0.0.1
  AS          64501, and we are 4200000000
  state       Established for 01:02:03
  connection  10.0.0.11:40000 to 10.0.0.1:179, dialled by us
  router ID   10.0.0.1, ours 10.0.0.11
  families    ipv4
  last error  the hold timer expired (02:00:00 ago)
  routes      2 sent, 1 to be looked at
  heard       5 routes, 1 withdrawals; none is used
  timers      hold 30 s, keepalive 10 s
  hold time   we offer 90 s, the peer 30 s
  left        hold 27.5 s, keepalive 7.5 s

CAPABILITIES
  ours        multiprotocol ipv4 unicast, route refresh, 4-octet AS 4200000000
  the peer’s  multiprotocol ipv4 unicast, route refresh, hostname tor.example, unknown 200

MESSAGES
                 SENT  RECEIVED
  OPEN           2     1
  UPDATE         3     1
  NOTIFICATION   1     0
  KEEPALIVE      40    41
  ROUTE-REFRESH  0     1
  not readable         1
  with a flaw          2

BFD
  profile    fast
  state      Up for 01:02:03
  the peer   Up
  intervals  sends every 50 ms, down after 150 ms of silence
  control    101 packets sent, 100 received
  echo       4 packets sent, 3 received
  last down  the detection time has expired (02:00:00 ago)
  came up    2 times, went down 1 times

ROUTES SENT
  PREFIX          NEXT HOP   AS PATH                MED  LOCALPREF  COMMUNITIES
  192.0.2.1/32    10.0.0.11  4200000000 4200000000  50              graceful-shutdown, 65000:100, 64500:1:2
  192.0.2.128/25  10.0.0.11                              200

ROUTES HELD BACK
  PREFIX           WHY
  2001:db8::1/128  the peer does not take this address family (familyNotNegotiated)

`,
  )
})

test('one that is not dialled says why', () => {
  const text = onePeer(aboutPeer(DOCUMENT, 'uplink'), NOW_MS)
  assert.match(text, /^ {2}not dialled {2}no router has been heard on eth1 \(noNeighbour\)$/m)
  assert.match(text, /^ROUTES SENT\n {2}none$/m)
  assert.match(onePeer(aboutPeer(DOCUMENT, 'tor-b'), NOW_MS), /^ {2}attempts +7 in a row have failed$/m)
})

test('what a speaker of another version leaves out is left empty, and nothing of it moves the cursor', () => {
  assert.match(peersTable({}, NOW_MS), /^BGP PEERS OF THIS NODE\n {2}none\n/)
  const strange = { peers: [{ name: 'a\u001b[2J', state: 7 }, null, 'text'], routes: 'none' }
  assert.doesNotMatch(peersTable(strange, NOW_MS), /(?!\n)\p{Cc}/u)
  const about = aboutPeer(strange, 'a\u001b[2J')
  assert.ok(about)
  assert.doesNotMatch(onePeer(about, NOW_MS), /(?!\n)\p{Cc}|undefined|NaN/u)
})

const UNKNOWN: readonly (readonly [string, unknown, string])[] = [
  ['tor-c', DOCUMENT, 'this node has no BGP peer "tor-c"; did you mean tor-a?'],
  ['leaf', DOCUMENT, 'this node has no BGP peer "leaf"; there are tor-a, tor-b, uplink'],
  ['leaf', { peers: [] }, 'this node has no BGP peer "leaf", nor any other: no BGPPeer selects it'],
]
for (const [name, document, expected] of UNKNOWN) {
  test(`no such peer: ${expected}`, () => assert.equal(unknownPeer(document, name), expected))
}

const ELAPSED: readonly (readonly [number, string])[] = [
  [0, '00:00:00'],
  [-5, '00:00:00'],
  [86_399_999, '23:59:59'],
  [86_400_000, '1d00h00m'],
  [604_799_000, '6d23h59m'],
  [604_800_000, '1w0d00h'],
  [Number.NaN, ''],
]
for (const [ms, expected] of ELAPSED) {
  test(`${ms} ms are ${JSON.stringify(expected)}`, () => assert.equal(elapsedText(ms), expected))
}
test('since a moment that is none', () => assert.equal(elapsedSince('', NOW_MS), ''))

const METALLB = join(import.meta.dirname, '../../../../bin/metallb')
const nothing = () => ({})
const DOCUMENTS: Documents = {
  state: nothing,
  plan: nothing,
  peers: () => peersDocument(READINGS),
  members: nothing,
  history: nothing,
}

/** Runs `metallb peers` while a speaker that has these documents, or none yet, listens in a directory of its own. */
async function peers(args: readonly string[], documents: Documents | null = DOCUMENTS) {
  const scratch = mkdtempSync(join(tmpdir(), 'metallb-peers-'))
  after(() => rmSync(scratch, { recursive: true }))
  const place = { program: 'speaker', directory: { usable: true, path: scratch } } as const
  const readable = { metrics: new Metrics(), documents: () => documents }
  const socket = await openLocalSocket(place, locally(readable), createLog('none'))
  const { promise, resolve } = Promise.withResolvers<{ status: unknown; stdout: string; stderr: string }>()
  execFile(METALLB, ['peers', ...args, '--run-dir', scratch], (error, stdout, stderr) =>
    resolve({ status: error?.code ?? 0, stdout, stderr }),
  )
  const result = await promise
  await socket?.close()
  return result
}

test('the program prints the table, and ends with status 0', async () => {
  const { status, stdout, stderr } = await peers([])
  assert.deepEqual([status, stderr], [0, ''])
  assert.match(stdout, /^BGP PEERS OF iris1\n/)
})

test('-o json is the document as the speaker tells it; with a name, what is about that one', async () => {
  assert.deepEqual(JSON.parse((await peers(['-o', 'json'])).stdout), DOCUMENT)
  const one: unknown = JSON.parse((await peers(['tor-b', '-o', 'json'])).stdout)
  assert.deepEqual(one, aboutPeer(DOCUMENT, 'tor-b'))
})

const FAILURES: readonly (readonly [string, readonly string[], Documents | null, number, RegExp])[] = [
  ['a peer that there is not', ['tor-c'], DOCUMENTS, 1, /^metallb peers: this node has no BGP peer "tor-c"; did you/],
  ['a speaker that is still starting', [], null, 2, /^metallb peers: the speaker says: this is still starting/],
  ['an unknown format', ['-o', 'xml'], DOCUMENTS, 2, /Allowed choices are table, json/],
]
for (const [name, args, documents, expected, words] of FAILURES) {
  test(`status ${expected}, a sentence on stderr and nothing on stdout: ${name}`, async () => {
    const { status, stdout, stderr } = await peers(args, documents)
    assert.deepEqual([status, stdout], [expected, ''])
    assert.match(stderr, words)
  })
}
