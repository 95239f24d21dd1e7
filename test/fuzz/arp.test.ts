// SPDX-License-Identifier: Apache-2.0
/** The C parsing of ARP under libFuzzer and AddressSanitizer, from named seeds. */
import { fuzzParser } from './parser.ts'

/** A table of one address, 198.51.100.1, everywhere; then the flag for another host. */
const TABLE = '01 01 08 00'
const TABLE_OTHER_HOST = '01 01 08 01'
const REQUEST = 'ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 c6336409 000000000000 c6336401'

/** The frames of the hostile inputs; a crash that fuzzing finds becomes a row here. */
const SEEDS: [string, string][] = [
  ['request', `${TABLE} ${REQUEST}`],
  ['request with padding', `${TABLE} ${REQUEST} ${'00'.repeat(18)}`],
  ['request to our MAC address', `${TABLE} ${REQUEST.replace('ffffffffffff', '02000000000a')}`],
  ['request of a VLAN whose tag the kernel took off', `${TABLE_OTHER_HOST} ${REQUEST}`],
  ['probe from 0.0.0.0', `${TABLE} ${REQUEST.replace('c6336409', '00000000')}`],
  ['gratuitous from another MAC address', `${TABLE} ${REQUEST.replace('c6336409', 'c6336401')}`],
  ['reply', `${TABLE} ${REQUEST.replace('04 0001', '04 0002')}`],
  ['operation 0', `${TABLE} ${REQUEST.replace('04 0001', '04 0000')}`],
  ['operation ffff', `${TABLE} ${REQUEST.replace('04 0001', '04 ffff')}`],
  ['hardware type 6', `${TABLE} ${REQUEST.replace('0806 0001', '0806 0006')}`],
  ['protocol type IPv6', `${TABLE} ${REQUEST.replace('0800', '86dd')}`],
  ['hardware length 255', `${TABLE} ${REQUEST.replace('0800 06', '0800 ff')}`],
  ['protocol length 255', `${TABLE} ${REQUEST.replace('06 04', '06 ff')}`],
  ['VLAN tag', `${TABLE} ${REQUEST.replace('0806', '8100 0005 0806')}`],
  ['empty frame', TABLE],
  ['address on another interface', `01 01 10 00 ${REQUEST}`],
  ['interfaces past the end of the list', `01 01 f3 00 ${REQUEST}`],
  ['address twice in the table', `02 01 08 00 08 00 ${REQUEST}`],
  ['empty table', `00 00 ${REQUEST}`],
]

fuzzParser('arp', SEEDS)
