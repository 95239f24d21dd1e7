// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FOUR_OCTETS, messageAround } from '../../../test/fuzz/bgp-vectors.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { decode, encode } from './codec.ts'
import type { Capability, Open } from './message.ts'

/** Version, AS 64502, 90 s, 10.9.0.2. */
const FIXED = '04 fbf6 005a 0a090002'
const AS4 = '41 04 0000fbf6'

/** An OPEN with one parameter, of that type, in the plain format. */
function parameter(value: string, type = 2): string {
  const length = fromHex(value).length
  return `${FIXED} ${toHex(Uint8Array.of(length + 2, type, length))} ${value}`
}

function capabilitiesIn(body: string): readonly Capability[] | string {
  const answer = decode(messageAround(1, body), FOUR_OCTETS)
  if ('malformed' in answer) return `${answer.malformed.code}/${answer.malformed.subcode}`
  assert(answer.type === 'open')
  return answer.capabilities
}

/** What hostile-minded peers send, and the code and subcode that they are told. */
const REFUSED: [string, string, string][] = [
  ['version 3', '03 fbf6 005a 0a090002 00', '2/1'],
  ['version 5', '05 fbf6 005a 0a090002 00', '2/1'],
  ['version 3 before anything else that is wrong', '03 0000 0001 00000000 07', '2/1'],
  ['AS number 0', '04 0000 005a 0a090002 00', '2/2'],
  ['AS number 0 in four octets', parameter('41 04 00000000'), '2/2'],
  ['hold time 1', '04 fbf6 0001 0a090002 00', '2/6'],
  ['hold time 2', '04 fbf6 0002 0a090002 00', '2/6'],
  ['identifier 0', '04 fbf6 005a 00000000 00', '2/3'],
  ['one byte behind the parameters', `${FIXED} 00 00`, '2/0'],
  ['one byte behind a parameter', `${parameter(AS4)} 00`, '2/0'],
  ['parameters longer than the message', `${FIXED} 09 02 06 ${AS4}`, '2/0'],
  ['parameters shorter than the message', `${FIXED} 07 02 06 ${AS4}`, '2/0'],
  ['a parameter longer than all of them', `${FIXED} 08 02 07 ${AS4}`, '2/0'],
  ['a parameter without a length', `${FIXED} 09 02 06 ${AS4} 02`, '2/0'],
  ['a capability longer than its parameter', parameter('41 05 0000fbf6'), '2/0'],
  ['a capability without a length', parameter(`${AS4} 41`), '2/0'],
  ['four-octet AS with length 0', parameter('41 00'), '2/0'],
  ['four-octet AS with length 1', parameter('41 01 00'), '2/0'],
  ['four-octet AS with length 5', parameter('41 05 0000fbf600'), '2/0'],
  ['multiprotocol with length 3', parameter('01 03 000100'), '2/0'],
  ['multiprotocol with length 0', parameter('01 00'), '2/0'],
  ['authentication, parameter 1', parameter('00', 1), '2/4'],
  ['an unknown parameter', parameter('', 99), '2/4'],
  ['an option that never advances: type 0, length 0', `${FIXED} 02 00 00`, '2/4'],
  ['extended parameters behind a length of 0', `${FIXED} 00 ff 0000`, '2/0'],
  ['extended parameters without a length', `${FIXED} ff ff`, '2/0'],
  ['extended parameters with one byte of length', `${FIXED} ff ff 00`, '2/0'],
  ['extended parameters shorter than they say', `${FIXED} ff ff 000a 02 0006 ${AS4}`, '2/0'],
  ['extended parameters with a byte behind', `${FIXED} ff ff 0009 02 0006 ${AS4} 00`, '2/0'],
  ['an extended parameter past the end', `${FIXED} ff ff 0009 02 0007 ${AS4}`, '2/0'],
  ['an extended parameter with one byte of length', `${FIXED} ff ff 0002 02 00`, '2/0'],
  ['type 255 again behind the first', `${FIXED} ff ff 0003 ff 0000`, '2/4'],
]
for (const [name, body, expected] of REFUSED) {
  test(`${name} is refused with ${expected}`, () => assert.equal(capabilitiesIn(body), expected))
}

test('a wrong version is answered with the one that we speak', () => {
  const answer = decode(messageAround(1, '03 fbf6 005a 0a090002 00'), FOUR_OCTETS)
  assert('malformed' in answer)
  assert.equal(toHex(answer.malformed.data), '0004')
})

const as4: Capability = { type: 'fourOctetAs', asn: 64502 }
const unknown = (code: number, value: string): Capability => ({ type: 'unknown', code, value: fromHex(value) })
const restart = (restartSeconds: number): Capability => ({
  type: 'gracefulRestart',
  restarting: false,
  notification: false,
  restartSeconds,
  families: [],
})
const LONGEST = '61'.repeat(64)

const TAKEN: [string, string, readonly Capability[]][] = [
  ['no parameter', `${FIXED} 00`, []],
  ['an empty parameter', parameter(''), []],
  ['several capabilities in a parameter', parameter(`${AS4} 02 00`), [as4, { type: 'routeRefresh' }]],
  ['several parameters', `${FIXED} 0c 02 06 ${AS4} 02 02 02 00`, [as4, { type: 'routeRefresh' }]],
  ['extended parameters', `${FIXED} ff ff 000e 02 0006 ${AS4} 02 0002 0200`, [as4, { type: 'routeRefresh' }]],
  ['extended parameters behind a length that is not 255', `${FIXED} 01 ff 0009 02 0006 ${AS4}`, [as4]],
  ['no extended parameter', `${FIXED} ff ff 0000`, []],
  ['a family that we do not speak', parameter('01 04 0019 00 46'), [{ type: 'otherFamily', afi: 25, safi: 70 }]],
  ['multicast', parameter('01 04 0001 00 02'), [{ type: 'otherFamily', afi: 1, safi: 2 }]],
  ['a route refresh with a byte', parameter('02 01 00'), [unknown(2, '00')]],
  ['extended messages with a byte', parameter('06 01 00'), [unknown(6, '00')]],
  ['an enhanced refresh with a byte', parameter('46 01 00'), [unknown(70, '00')]],
  ['half of a next hop', parameter('05 05 0001000100'), [unknown(5, '0001000100')]],
  ['no next hop', parameter('05 00'), [unknown(5, '')]],
  [
    'next hops of several families, among others',
    parameter('05 18 0001 0001 0002  0001 0080 0002  0002 0001 0002  0001 0001 0001'),
    [
      { type: 'extendedNextHop', family: 'ipv4' },
      { type: 'extendedNextHop', family: 'ipv6' },
    ],
  ],
  ['a graceful restart without a time', parameter('40 01 00'), [unknown(64, '00')]],
  ['a graceful restart with half a family', parameter('40 04 0078 0001'), [unknown(64, '00780001')]],
  ['the last graceful restart of several', parameter('40 02 0078 40 02 000a'), [restart(10)]],
  ['the longest restart, for a family of others', parameter('40 06 0fff 0019 46 80'), [restart(4095)]],
  ['an empty host name', parameter('49 02 00 00'), [{ type: 'hostname', host: '', domain: '' }]],
  ['a host name without lengths', parameter('49 00'), [unknown(73, '')]],
  ['a host name without its domain', parameter('49 02 01 61'), [unknown(73, '0161')]],
  ['a host name past the end', parameter('49 03 40 61 00'), [unknown(73, '406100')]],
  ['a domain past the end', parameter('49 04 01 61 02 62'), [unknown(73, '01610262')]],
  [
    'a host name that moves a cursor',
    parameter('49 07 04 1b5b324a 01 ff'),
    [{ type: 'hostname', host: '\u{fffd}[2J', domain: '\u{fffd}' }],
  ],
  ['a software version of 0 bytes', parameter('4b 01 00'), [unknown(75, '00')]],
  ['a software version without a length', parameter('4b 00'), [unknown(75, '')]],
  ['a software version past the end', parameter('4b 02 02 61'), [unknown(75, '0261')]],
  [
    'a software version of 64 bytes',
    parameter(`4b 41 40 ${LONGEST}`),
    [{ type: 'softwareVersion', version: 'a'.repeat(64) }],
  ],
  ['a software version of 65 bytes', parameter(`4b 42 41 ${LONGEST} 61`), [unknown(75, `41 ${LONGEST} 61`)]],
]
for (const [name, body, capabilities] of TAKEN) {
  test(`${name}: taken`, () => assert.deepEqual(capabilitiesIn(body), capabilities))
}

test('hold times of 0 and of 3 s are taken', () => {
  for (const holdSeconds of [0, 3, 65_535]) {
    const body = messageAround(1, `04 fbf6 ${holdSeconds.toString(16).padStart(4, '0')} 0a090002 00`)
    const open = decode(body, FOUR_OCTETS)
    assert(!('malformed' in open) && open.type === 'open' && open.holdSeconds === holdSeconds)
  }
})

const open: Open = { type: 'open', asn: 64502, holdSeconds: 90, routerId: 0x0a09_0002, capabilities: [] }

test('without capabilities there is no parameter', () => {
  assert.deepEqual(encode(open, FOUR_OCTETS), messageAround(1, `${FIXED} 00`))
})

for (const [length, format] of [
  [250, `fe 02 fc 80 fa`],
  [251, `ff ff 0100 02 00fd 80 fb`],
  [255, `ff ff 0104 02 0101 80 ff`],
] as const) {
  test(`a capability of ${length} bytes has ${length > 250 ? 'extended' : 'plain'} parameters around it`, () => {
    const capabilities = [unknown(128, '00'.repeat(length))]
    const bytes = encode({ ...open, capabilities }, FOUR_OCTETS)
    assert.equal(toHex(bytes), toHex(messageAround(1, `${FIXED} ${format} ${'00'.repeat(length)}`)))
    assert.deepEqual(decode(bytes, FOUR_OCTETS), { ...open, capabilities })
  })
}

test('names are cut between characters, and a restart time to what its field holds', () => {
  const long = `${'a'.repeat(63)}é`
  const capabilities: Capability[] = [{ type: 'hostname', host: long, domain: 'b' }, restart(5000)]
  assert.deepEqual(decode(encode({ ...open, capabilities }, FOUR_OCTETS), FOUR_OCTETS), {
    ...open,
    capabilities: [{ type: 'hostname', host: 'a'.repeat(63), domain: 'b' }, restart(4095)],
  })
})
