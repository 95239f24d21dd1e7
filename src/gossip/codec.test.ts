// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MESSAGES } from '../../test/fuzz/gossip-vectors.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { decodeMessage, encodeMessage, MAX_REMOTE_STATES } from './codec.ts'
import type { Alive, Message, RemoteState } from './messages.ts'

const NONE = new Uint8Array(0)
const IP4 = fromHex('c0000201')
const IP6 = fromHex('20010db8000000000000000000000001')
const VERSIONS = fromHex('010502000000')
const NO_SOURCE = { sourceAddress: NONE, sourcePort: 0, sourceNode: '' }
const LONG_NAME = 'node-with-a-name-of-more-than-31-bytes.example'
const ALIVE: Alive = {
  type: 'alive',
  incarnation: 3,
  node: LONG_NAME,
  address: IP4,
  port: 7946,
  meta: NONE,
  versions: VERSIONS,
}
const STATES = ['alive', 'suspect', 'dead', 'left'] as const
const remote = (count: number): RemoteState[] =>
  STATES.slice(0, count).map((state, index) => {
    const incarnation = index * 100
    return { name: `n${index}`, address: IP4, port: 7946, meta: NONE, incarnation, state, versions: VERSIONS }
  })
const ERROR = 'Encryption is configured but remote state is not encrypted'

const EXPECTED: Readonly<Record<string, Message>> = {
  ping: { type: 'ping', sequence: 1, node: 'n2', sourceAddress: IP4, sourcePort: 7946, sourceNode: 'n1' },
  'ping of an older member, without a source': { type: 'ping', sequence: 4_294_967_295, node: 'n2', ...NO_SOURCE },
  'indirect ping': {
    type: 'indirectPing',
    sequence: 200,
    target: IP6,
    port: 7946,
    node: 'n2',
    nack: true,
    sourceAddress: IP4,
    sourcePort: 80,
    sourceNode: 'n1',
  },
  'indirect ping without source and nack': {
    type: 'indirectPing',
    sequence: 65_536,
    target: IP4,
    port: 127,
    node: 'n2',
    nack: false,
    ...NO_SOURCE,
  },
  ack: { type: 'ack', sequence: 300, payload: NONE },
  'ack with a payload': { type: 'ack', sequence: 70_000, payload: fromHex('010203') },
  nack: { type: 'nack', sequence: 128 },
  suspect: { type: 'suspect', incarnation: 1, node: 'n2', from: 'n1' },
  'alive with a name of raw 16': ALIVE,
  'alive of an IPv6 address with meta': {
    ...ALIVE,
    incarnation: 255,
    node: 'n1',
    address: IP6,
    port: 65_535,
    meta: Uint8Array.from(Buffer.from('meta')),
  },
  'alive without versions': { ...ALIVE, incarnation: 256, node: 'n1', port: 1, versions: NONE },
  dead: { type: 'dead', incarnation: 65_535, node: 'n2', from: 'n1' },
  error: { type: 'error', message: ERROR },
  'push/pull of nobody': { type: 'pushPull', nodes: [], userState: NONE, join: true },
  'push/pull of three': { type: 'pushPull', nodes: remote(3), userState: NONE, join: true },
  'push/pull of four in all states, with user state': {
    type: 'pushPull',
    nodes: remote(4),
    userState: Uint8Array.from(Buffer.from('user')),
    join: false,
  },
}

for (const [name, hex] of MESSAGES) {
  test(`${name}: decoded, encoded byte for byte as memberlist does, truncated at every byte`, () => {
    const bytes = fromHex(hex)
    const message = decodeMessage(bytes)
    assert.deepEqual(message, EXPECTED[name])
    assert(!('malformed' in message))
    assert.equal(toHex(encodeMessage(message)), hex)
    for (let length = 0; length < bytes.length; length++) {
      assert.deepEqual(decodeMessage(bytes.subarray(0, length)), { malformed: 'truncated' })
    }
  })
}

test('a user message is its bare bytes', () => {
  const message = { type: 'user', bytes: fromHex('0102') } as const
  assert.equal(toHex(encodeMessage(message)), '080102')
  assert.deepEqual(decodeMessage(fromHex('080102')), message)
  assert.deepEqual(decodeMessage(fromHex('08')), { type: 'user', bytes: NONE })
})

test('what is decoded does not share the memory of what arrived', () => {
  for (const hex of [...MESSAGES.map(([, bytes]) => bytes), '080102']) {
    const arrived = Buffer.from(hex, 'hex')
    const message = decodeMessage(arrived)
    arrived.fill(0xee)
    assert.deepEqual(message, decodeMessage(fromHex(hex)))
  }
})

const PING = { type: 'ping', sequence: 0, node: '', ...NO_SOURCE } as const
const WRONG = { malformed: 'wrongField' }
/** As memberlist v0.5.1 answers the same bytes, unless `stricter` says otherwise. */
const CASES: readonly (readonly [string, string, object])[] = [
  ['no fields', '0080', PING],
  ['a field that is nothing', '0081a55365714e6fc0', PING],
  ['a field of tomorrow', '0082a161c70300010203a55365714e6f05', { ...PING, sequence: 5 }],
  ['a field name in other case', '0081a57365716e6f01', PING],
  ['a name of new text', '0081d9055365714e6f05', { ...PING, sequence: 5 }],
  ['a number of 8 bytes that fits', '0081a55365714e6fcf0000000000000001', { ...PING, sequence: 1 }],
  ['a signed number that fits', '0081a55365714e6fd201000000', { ...PING, sequence: 16_777_216 }],
  ['bin in place of raw', '0081a44e6f6465c40161', { ...PING, node: 'a' }],
  ['bytes behind the message', '0081a55365714e6f01ffff', { ...PING, sequence: 1 }],
  ['one field twice', '0082a55365714e6f01a55365714e6f02', { ...PING, sequence: 2 }],
  ['a sequence of more than 32 bits', '0081a55365714e6fcf0000000100000000', WRONG],
  ['a sequence of −1', '0081a55365714e6fff', WRONG],
  ['a sequence of −1 in 8 bytes', '0081a55365714e6fd3ffffffffffffffff', WRONG],
  ['a sequence that is a float', '0081a55365714e6fcb3ff0000000000000', WRONG],
  ['a sequence that is true', '0081a55365714e6fc3', WRONG],
  ['a sequence that is an array', '0081a55365714e6f90', WRONG],
  ['a name that is a number', '0081a44e6f646505', WRONG],
  ['a port of 65,536', '0481a4506f7274ce00010000', WRONG],
  ['alive with incarnation wrap', '0481ab496e6361726e6174696f6ecf0000000100000000', WRONG],
  ['an unknown type', '0e80', { malformed: 'unknownType' }],
  ['a type that wraps others', '0700', { malformed: 'unknownType' }],
  ['an array in place of the map', '009107', { malformed: 'notMsgpack' }],
  ['stricter: a name that is no text', '0081a44e6f6465a2fffe', WRONG],
  ['stricter: an address of 3 bytes', '0481a441646472a3010203', WRONG],
  ['stricter: 5 versions', '0481a356736ea50102030405', WRONG],
  [
    'stricter: push/pull, node count far above the data',
    '0682a54e6f646573d16000a44a6f696ec3',
    { malformed: 'tooLarge' },
  ],
  ['push/pull: a few nodes more than there are', '0681a54e6f64657305', { malformed: 'truncated' }],
  ['push/pull: −1 nodes', '0681a54e6f646573ff', WRONG],
  ['push/pull: state size far above the data', '0681ac5573657253746174654c656ed27fffffff', { malformed: 'truncated' }],
  ['push/pull: state size of −1', '0681ac5573657253746174654c656eff', WRONG],
]
for (const [name, hex, expected] of CASES) {
  test(name, () => assert.deepEqual(decodeMessage(fromHex(hex)), expected))
}

test('the largest incarnation is one', () => {
  const message = decodeMessage(fromHex('0481ab496e6361726e6174696f6eceffffffff'))
  assert.equal('incarnation' in message && message.incarnation, 4_294_967_295)
})

test('more than six versions are six', () => {
  const message = decodeMessage(fromHex('0481a356736ea801020304050607 08'))
  assert.deepEqual('versions' in message && message.versions, fromHex('010203040506'))
})

const NODES: readonly (readonly [string, string])[] = [
  ['without a name', '80'],
  ['whose name is no text', '81a44e616d65a2fffe'],
  ['with an address of 5 bytes', '82a44e616d65a178a441646472a50102030405'],
  ['in an unknown state', '82a44e616d65a178a5537461746504'],
  ['with 3 versions', '82a44e616d65a178a356736ea3010203'],
  ['with an incarnation of −1', '82a44e616d65a178ab496e6361726e6174696f6eff'],
]
for (const [name, hex] of NODES) {
  test(`push/pull: a node ${name} is left out, the others are not`, () => {
    const message = decodeMessage(fromHex(`0681a54e6f64657302${hex}81a44e616d65a179`))
    assert.deepEqual('nodes' in message && message.nodes.map((node) => node.name), ['y'])
  })
}

function read(nodes: readonly RemoteState[]): ReturnType<typeof decodeMessage> {
  return decodeMessage(encodeMessage({ type: 'pushPull', nodes, userState: NONE, join: false }))
}

test('push/pull: as many nodes as can be held, and one more', () => {
  const node: RemoteState = { ...ALIVE, name: 'x', state: 'alive' }
  const nodes = Array.from({ length: MAX_REMOTE_STATES }, () => node)
  const most = read(nodes)
  assert.equal('nodes' in most && most.nodes.length, MAX_REMOTE_STATES)
  assert.deepEqual(read([...nodes, node]), { malformed: 'tooLarge' })
})
