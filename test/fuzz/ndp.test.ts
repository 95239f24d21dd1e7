// SPDX-License-Identifier: Apache-2.0
/** The C parsing of neighbour discovery under libFuzzer and AddressSanitizer, from named seeds. */
import { fuzzParser } from './parser.ts'

/** A table of one address, 2001:db8::1, everywhere; then flags: 1, for another host; 2, the checksum is put right. */
const PLAIN = '01 01 08 00'
const MENDED = '01 01 08 02'
const OTHER_HOST = '01 01 08 03'

const MINE = '20010db8000000000000000000000001'
const GROUP = 'ff0200000000000000000001ff000001'
const STATION = '20010db8000000000000000000000099'
const NOBODY = '00'.repeat(16)
/** The whole of it in order: Ethernet; IPv6; ICMPv6 up to the target; options. The checksum is left open. */
const frame = (parts: { to?: string; ip?: string; from?: string; icmp?: string; target?: string; options?: string }) =>
  `${parts.to ?? '3333ff000001'} 020000000001 86dd ${parts.ip ?? '60000000 0020 3a ff'} ${parts.from ?? STATION} ` +
  `${parts.icmp ?? `${GROUP} 87 00 0000 00000000`} ${parts.target ?? MINE} ${parts.options ?? '01 01 020000000001'}`
const SOLICITATION = frame({})
const ADVERTISEMENT = frame({
  to: '333300000001',
  icmp: 'ff020000000000000000000000000001 88 00 0000 20000000',
  options: '02 01 020000000001',
})

/** The frames of the hostile inputs; a crash that fuzzing finds becomes a row here. */
const SEEDS: [string, string][] = [
  ['solicitation', `${MENDED} ${SOLICITATION}`],
  ['wrong checksum', `${PLAIN} ${SOLICITATION}`],
  ['solicitation with padding', `${MENDED} ${SOLICITATION} ${'00'.repeat(9)}`],
  ['unicast to our MAC address', `${MENDED} ${frame({ to: '02000000000a', icmp: `${MINE} 87 00 0000 00000000` })}`],
  ['of a VLAN whose tag the kernel took off', `${OTHER_HOST} ${SOLICITATION}`],
  ['probe', `${MENDED} ${frame({ from: NOBODY, ip: '60000000 0018 3a ff', options: '' })}`],
  ['probe with a source option', `${MENDED} ${frame({ from: NOBODY })}`],
  ['group not of the target', `${MENDED} ${frame({ icmp: `${GROUP.slice(0, -2)}02 87 00 0000 00000000` })}`],
  ['hop limit 254', `${MENDED} ${frame({ ip: '60000000 0020 3a fe' })}`],
  ['option length 0', `${MENDED} ${frame({ options: '01 00 020000000001' })}`],
  ['option past the end', `${MENDED} ${frame({ options: '01 02 020000000001' })}`],
  ['option of 255 units', `${MENDED} ${frame({ options: '01 ff 020000000001' })}`],
  ['option of one byte', `${MENDED} ${frame({ ip: '60000000 0019 3a ff', options: '01' })}`],
  [
    'unknown option first',
    `${MENDED} ${frame({ ip: '60000000 0028 3a ff', options: '0e01010203040506 0101020000000001' })}`,
  ],
  ['multicast in the option', `${MENDED} ${frame({ options: '01 01 330000000001' })}`],
  ['payload length 0', `${MENDED} ${frame({ ip: '60000000 0000 3a ff' })}`],
  ['payload length ffff', `${MENDED} ${frame({ ip: '60000000 ffff 3a ff' })}`],
  ['payload one byte too long', `${MENDED} ${frame({ ip: '60000000 0021 3a ff' })}`],
  ['odd payload', `${MENDED} ${frame({ ip: '60000000 0021 3a ff' })} 00`],
  ['multicast target', `${MENDED} ${frame({ target: GROUP })}`],
  ['code 1', `${MENDED} ${frame({ icmp: `${GROUP} 87 01 0000 00000000` })}`],
  ['router advertisement', `${MENDED} ${frame({ icmp: `${GROUP} 86 00 0000 00000000` })}`],
  ['advertisement', `${MENDED} ${ADVERTISEMENT}`],
  ['advertisement of a solicited answer to all', `${MENDED} ${ADVERTISEMENT.replace('20000000', '60000000')}`],
  ['advertisement without an option', `${MENDED} ${ADVERTISEMENT.replace('0020 3a', '0018 3a').slice(0, -19)}`],
  ['from our address', `${MENDED} ${frame({ from: MINE })}`],
  ['IPv4 in disguise', `${MENDED} ${frame({ ip: '40000000 0020 3a ff' })}`],
  ['hop-by-hop options', `${MENDED} ${frame({ ip: '60000000 0020 00 ff' })}`],
  ['VLAN tag', `${MENDED} ${SOLICITATION.replace('86dd', '8100 0005 86dd')}`],
  ['empty frame', MENDED],
  ['address on another interface', `01 01 10 02 ${SOLICITATION}`],
  ['interfaces past the end of the list', `01 01 f3 02 ${SOLICITATION}`],
  ['address twice in the table', `02 01 08 00 08 02 ${SOLICITATION}`],
  ['empty table', `00 02 ${SOLICITATION}`],
]

fuzzParser('ndp', SEEDS)
