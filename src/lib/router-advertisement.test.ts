// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from './bytes.ts'
import {
  decodeRouterMessage,
  encodeRouterMessage,
  type MalformedRouterMessage,
  type RouterMessage,
} from './router-advertisement.ts'

const PEER = 'fe80::1'
const decode = (hex: string, fields: { from?: string; hopLimit?: number } = {}) =>
  decodeRouterMessage({ bytes: fromHex(hex), from: PEER, hopLimit: 255, ...fields })

const MAC = '0101 0e62bbad8b38'
const MAC_TEXT = '0e:62:bb:ad:8b:38'
/** As FRR 8.4 sends them: hop limit 64, lifetime 30 s. */
const FRR = `8600 0000 40 00 001e 00000000 00000000 ${MAC}`
const living = (lifetime: string) => `8600 0000 00 00 ${lifetime} 00000000 00000000`
const QUIET = living('0000')
const ASKED = '8500 0000 00000000'
const advertisement = (lifetimeS: number, linkLayer: string | null): RouterMessage => ({
  type: 'advertisement',
  lifetimeS,
  linkLayer,
})
const asked = (linkLayer: string | null): RouterMessage => ({ type: 'solicitation', linkLayer })

const MESSAGES: [string, string, string, RouterMessage][] = [
  ['of FRR', FRR, PEER, advertisement(30, MAC_TEXT)],
  ['no default router, no option', QUIET, PEER, advertisement(0, null)],
  ['the longest lifetime', living('ffff'), PEER, advertisement(65_535, null)],
  ['other options: MTU, a prefix', `${QUIET} 0501 0000000005dc 0304${'00'.repeat(30)}`, PEER, advertisement(0, null)],
  [
    'a link-layer address behind an unknown option',
    `${QUIET} fd01 000000000000 ${MAC}`,
    PEER,
    advertisement(0, MAC_TEXT),
  ],
  ['a link-layer address of 14 bytes', `${QUIET} 0102 ${'00'.repeat(14)}`, PEER, advertisement(0, null)],
  ['two link-layer addresses: the first', `${QUIET} ${MAC} 0101 020000000001`, PEER, advertisement(0, MAC_TEXT)],
  ['the highest link-local address', QUIET, 'febf:ffff::1', advertisement(0, null)],
  ['a solicitation', ASKED, PEER, asked(null)],
  ['a solicitation with an address', `${ASKED} ${MAC}`, PEER, asked(MAC_TEXT)],
  ['a solicitation of one that has no address yet', ASKED, '::', asked(null)],
  ['a solicitation from a global address', ASKED, '2001:db8::1', asked(null)],
]
for (const [name, hex, from, expected] of MESSAGES)
  test(`read: ${name}`, () => assert.deepEqual(decode(hex, { from }), expected))

const MALFORMED: [string, ReturnType<typeof decode>, MalformedRouterMessage['malformed']][] = [
  ['nothing', decode(''), 'truncated'],
  ['an advertisement of 15 bytes', decode(QUIET.slice(0, -2)), 'truncated'],
  ['a solicitation of 7 bytes', decode(ASKED.slice(0, -2)), 'truncated'],
  ['a neighbour solicitation', decode(QUIET.replace('86', '87')), 'type'],
  ['code 1', decode(QUIET.replace('8600', '8601')), 'code'],
  ['a hop limit of 254', decode(QUIET, { hopLimit: 254 }), 'hopLimit'],
  ['from a global address', decode(QUIET, { from: '2001:db8::1' }), 'source'],
  ['from fe8::1, which is no link-local address', decode(QUIET, { from: 'fe8::1' }), 'source'],
  ['from fec0::1, which is none either', decode(QUIET, { from: 'fec0::1' }), 'source'],
  ['from an IPv4 address', decode(QUIET, { from: '192.0.2.1' }), 'source'],
  ['from no address', decode(QUIET, { from: 'router' }), 'source'],
  ['an option without length', decode(`${QUIET} 0100 020000000001`), 'option'],
  ['an option that is longer than the message', decode(`${QUIET} 0102 020000000001`), 'option'],
  ['half an option', decode(`${QUIET} 01`), 'option'],
  ['a link-layer address of one that has no address', decode(`${ASKED} ${MAC}`, { from: '::' }), 'option'],
]
for (const [name, outcome, malformed] of MALFORMED)
  test(`dropped: ${name}: ${malformed}`, () => assert.deepEqual(outcome, { malformed }))

test('cut at any byte, a message is one without its options, or malformed', () => {
  const whole = fromHex(`${FRR} 0501 0000000005dc`)
  for (let length = 0; length < whole.length; length++) {
    const read = decodeRouterMessage({ bytes: whole.subarray(0, length), from: PEER, hopLimit: 255 })
    assert.equal('malformed' in read, length !== 16 && length !== 24, `${length} bytes`)
  }
})

const WRITTEN: [string, RouterMessage, string][] = [
  ['our advertisement', advertisement(0, MAC_TEXT), `${QUIET} ${MAC}`],
  ['one with a lifetime', advertisement(1800, null), living('0708')],
  ['our solicitation', asked(MAC_TEXT), `${ASKED} ${MAC}`],
]
for (const [name, message, hex] of WRITTEN) {
  test(`written and read again: ${name}`, () => {
    const bytes = encodeRouterMessage(message)
    assert.equal(toHex(bytes), hex.replaceAll(' ', ''))
    assert.deepEqual(decodeRouterMessage({ bytes, from: PEER, hopLimit: 255 }), message)
  })
}
