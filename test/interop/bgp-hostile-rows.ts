// SPDX-License-Identifier: Apache-2.0
/** What a peer may send that no peer should, and what our speaker is to make of it (RFC 4271 §6, RFC 7606). */

/** The session lives on, or it ends with a NOTIFICATION of this code and subcode. */
export type Verdict = 'kept' | readonly [number, number]
/** `bytes` go out once the session is up, `isGraceful`: with graceful restart (RFC 4724) agreed on; `open` in place of a good OPEN. */
export type HostileRow = readonly [
  name: string,
  sent: Readonly<{ open: string } | { bytes: string; isDripping?: true; isGraceful?: true }>,
  Verdict,
]

const MARKER = 'ff'.repeat(16)
export const [OURS, THEIRS] = [64_500, 64_501]

const hex = (value: number, bytes: number): string => value.toString(16).padStart(2 * bytes, '0')
const sized = (body: string, bytes: number): string => hex(body.length / 2, bytes) + body
const message = (type: number, body: string): string => `${MARKER}${hex(19 + body.length / 2, 2)}${hex(type, 1)}${body}`

/** An OPEN with these optional parameters; its fields are good unless told otherwise. */
function open(parameters: string, { version = 4, asn = THEIRS, hold = 90, id = '0a000001' } = {}): string {
  return message(1, hex(version, 1) + hex(asn, 2) + hex(hold, 2) + id + sized(parameters, 1))
}

const capabilities = (...all: readonly string[]): string => `02${sized(all.join(''), 1)}`
const MULTIPROTOCOL = '010400010001'
const REFRESH = '0200'
const RESTART = '40020078'
export const GOOD_OPEN = open(capabilities(MULTIPROTOCOL, REFRESH, RESTART))
/** It keeps routes of IPv4, and has kept ours. */
export const GRACEFUL_OPEN = open(capabilities(MULTIPROTOCOL, REFRESH, '4006007800010180'))

function update(attributes: string, nlri = '', withdrawn = ''): string {
  return message(2, sized(withdrawn, 2) + sized(attributes, 2) + nlri)
}
const attribute = (flags: string, type: number, value: string): string => `${flags}${hex(type, 1)}${sized(value, 1)}`

const ORIGIN = attribute('40', 1, '00')
/** Without the capability for four, ASNs have two octets here. */
const AS_PATH = attribute('40', 2, `0201${hex(THEIRS, 2)}`)
const NEXT_HOP = attribute('40', 3, 'c0a8010c')
const GOOD = ORIGIN + AS_PATH + NEXT_HOP
/** 203.0.113.0/24. */
const NLRI = '18cb0071'
const reach = (nextHop: string, nlri: string, family = '000101'): string =>
  attribute('80', 14, `${family}${sized(nextHop, 1)}00${nlri}`)

const unreach = (nlri: string, family = '000101'): string => attribute('80', 15, family + nlri)

/** 192.168.1.11: the one that hosts are numbered from. */
export const OUR_ADDRESS = 'c0a8010b'
const KEPT = 'kept'

const OPENS: readonly HostileRow[] = [
  ['capability longer than its parameter', { open: open('0206410affff0000') }, [2, 0]],
  ['4-octet AS of no octet', { open: open(capabilities(MULTIPROTOCOL, '4100')) }, [2, 0]],
  ['4-octet AS of one octet', { open: open(capabilities(MULTIPROTOCOL, '410101')) }, [2, 0]],
  ['parameters longer than the message', { open: message(1, `04${hex(THEIRS, 2)}005a0a000001320200`) }, [2, 0]],
  ['RFC 9072 with too few bytes', { open: message(1, `04${hex(THEIRS, 2)}005a0a000001ffff00`) }, [2, 0]],
  ['a byte behind the parameters', { open: message(1, `04${hex(THEIRS, 2)}005a0a0000010000`) }, [2, 0]],
  ['an optional parameter that is none', { open: open('0900') }, [2, 4]],
  ['another version', { open: open('', { version: 3 }) }, [2, 1]],
  ['another AS', { open: open('', { asn: 64_777 }) }, [2, 2]],
  ['no router ID', { open: open('', { id: '00000000' }) }, [2, 3]],
  ['a hold time of 1 s', { open: open('', { hold: 1 }) }, [2, 6]],
  ['an OPEN that is too short', { open: message(1, '04') }, [1, 2]],
  ['an UPDATE in place of an OPEN', { open: update('') }, [5, 1]],
  [
    'capabilities that nobody knows, and empty names',
    { open: open(capabilities(MULTIPROTOCOL, REFRESH, RESTART, 'f000', '49020000', '4b00', '4b0100')) },
    KEPT,
  ],
]

const FRAMES: readonly HostileRow[] = [
  ['a marker that is not all ones', { bytes: `fe${MARKER.slice(2)}001304` }, [1, 1]],
  ['length 0', { bytes: `${MARKER}000004` }, [1, 2]],
  ['length 18', { bytes: `${MARKER}001204` }, [1, 2]],
  ['length 4097', { bytes: `${MARKER}100102${'00'.repeat(4078)}` }, [1, 2]],
  ['length 65535', { bytes: `${MARKER}ffff02` }, [1, 2]],
  ['a type that there is not', { bytes: message(9, '') }, [1, 3]],
  ['a KEEPALIVE with a body', { bytes: message(4, '00') }, [1, 2]],
  ['a second OPEN', { bytes: GOOD_OPEN }, [5, 3]],
  ['a ROUTE-REFRESH of the wrong length', { bytes: message(5, '000100') }, [1, 2]],
  ['a ROUTE-REFRESH for what was not agreed on', { bytes: message(5, '00190041') }, KEPT],
  ['one byte at a time', { bytes: update(GOOD, NLRI), isDripping: true }, KEPT],
  ['1,000 messages in one segment', { bytes: update(GOOD, NLRI).repeat(1000) }, KEPT],
]

const UPDATES: readonly HostileRow[] = [
  ['withdrawn routes longer than the message', { bytes: message(2, '00ff0000') }, [3, 1]],
  ['attributes longer than the message', { bytes: message(2, '000000ff') }, [3, 1]],
  ['a last attribute that is longer than all', { bytes: update(`${GOOD}8004ff00`, NLRI) }, KEPT],
  ['an extended length of one byte', { bytes: update(`${GOOD}900400`, NLRI) }, KEPT],
  ['no attributes', { bytes: update('', NLRI) }, KEPT],
  ['only attributes that nobody knows', { bytes: update(attribute('c0', 200, 'abcd'), NLRI) }, KEPT],
  ['no ORIGIN', { bytes: update(AS_PATH + NEXT_HOP, NLRI) }, KEPT],
  ['the same attribute twice', { bytes: update(GOOD + ORIGIN, NLRI) }, KEPT],
  ['a well-known attribute that nobody knows', { bytes: update(GOOD + attribute('40', 99, '00'), NLRI) }, [3, 2]],
  ['ORIGIN of 3', { bytes: update(attribute('40', 1, '03') + AS_PATH + NEXT_HOP, NLRI) }, KEPT],
  ['ORIGIN that is optional', { bytes: update(attribute('c0', 1, '00') + AS_PATH + NEXT_HOP, NLRI) }, KEPT],
  ['AS_PATH with a segment of nobody', { bytes: update(ORIGIN + attribute('40', 2, '0200') + NEXT_HOP, NLRI) }, KEPT],
  [
    'AS_PATH with a segment of type 0',
    { bytes: update(ORIGIN + attribute('40', 2, '0001fbf5') + NEXT_HOP, NLRI) },
    KEPT,
  ],
  [
    'AS_PATH with a segment of type 255',
    { bytes: update(ORIGIN + attribute('40', 2, 'ff01fbf5') + NEXT_HOP, NLRI) },
    KEPT,
  ],
  [
    'AS_PATH with four octets each',
    { bytes: update(ORIGIN + attribute('40', 2, '02010000fbf5') + NEXT_HOP, NLRI) },
    KEPT,
  ],
  ['AS4_PATH longer than AS_PATH', { bytes: update(GOOD + attribute('c0', 17, '02020000fbf50000fbf5'), NLRI) }, KEPT],
  ['NEXT_HOP of no octet', { bytes: update(ORIGIN + AS_PATH + attribute('40', 3, ''), NLRI) }, KEPT],
  ['NEXT_HOP of 3 octets', { bytes: update(ORIGIN + AS_PATH + attribute('40', 3, 'c0a801'), NLRI) }, KEPT],
  ['NEXT_HOP of 5 octets', { bytes: update(ORIGIN + AS_PATH + attribute('40', 3, 'c0a8010c00'), NLRI) }, KEPT],
  ['NEXT_HOP 0.0.0.0', { bytes: update(ORIGIN + AS_PATH + attribute('40', 3, '00000000'), NLRI) }, KEPT],
  ['NEXT_HOP 127.0.0.1', { bytes: update(ORIGIN + AS_PATH + attribute('40', 3, '7f000001'), NLRI) }, KEPT],
  ['NEXT_HOP that is multicast', { bytes: update(ORIGIN + AS_PATH + attribute('40', 3, 'e0000001'), NLRI) }, KEPT],
  ['NEXT_HOP that is our own', { bytes: update(ORIGIN + AS_PATH + attribute('40', 3, OUR_ADDRESS), NLRI) }, KEPT],
  [
    'attributes of others, too short',
    { bytes: update(GOOD + attribute('c0', 23, '00') + attribute('c0', 35, '') + attribute('c0', 40, '01'), NLRI) },
    KEPT,
  ],
  ['MP_REACH with a next hop of no octet', { bytes: update(ORIGIN + AS_PATH + reach('', NLRI)) }, [3, 9]],
  ['MP_REACH with a next hop of 17 octets', { bytes: update(ORIGIN + AS_PATH + reach('00'.repeat(17), NLRI)) }, [3, 9]],
  [
    'MP_REACH for what was not agreed on',
    { bytes: update(ORIGIN + AS_PATH + reach('00'.repeat(12), '', '001941')) },
    KEPT,
  ],
  ['MP_REACH that is cut', { bytes: update(ORIGIN + AS_PATH + attribute('80', 14, '0002')) }, [3, 9]],
  ['End-of-RIB for what was not agreed on, twice', { bytes: update(attribute('80', 15, '001941')).repeat(2) }, KEPT],
  ['End-of-RIB, twice', { bytes: update('').repeat(2) }, KEPT],
  ['MP_UNREACH, and prefixes without ORIGIN, AS_PATH and NEXT_HOP', { bytes: update(unreach(NLRI), NLRI) }, KEPT],
  [
    'MP_UNREACH, and prefixes without ORIGIN, AS_PATH and NEXT_HOP, with graceful restart',
    { bytes: update(unreach(NLRI), NLRI), isGraceful: true },
    KEPT,
  ],
  [
    'End-of-RIB, and prefixes without ORIGIN, AS_PATH and NEXT_HOP, with graceful restart',
    { bytes: update(unreach(''), NLRI), isGraceful: true },
    KEPT,
  ],
  ['a prefix of 33 bits', { bytes: update(GOOD, '21cb00710000') }, [3, 10]],
  ['a last prefix that is cut', { bytes: update(GOOD, '18cb00') }, [3, 10]],
  ['a withdrawn prefix of 33 bits', { bytes: update('', '', '21cb00710000') }, [3, 10]],
  ['bits set behind a prefix', { bytes: update(GOOD, '17cb00ff') }, KEPT],
  ['the same prefix withdrawn and announced', { bytes: update(GOOD, NLRI + NLRI, NLRI + NLRI) }, KEPT],
]

export const HOSTILE_ROWS: readonly HostileRow[] = [...OPENS, ...FRAMES, ...UPDATES]
