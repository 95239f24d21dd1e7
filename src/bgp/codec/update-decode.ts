// SPDX-License-Identifier: Apache-2.0
/**
 * UPDATE (RFC 4271 §4.3) as it comes from anybody; its errors by RFC 7606. After the header
 *
 *    length 2 | withdrawn IPv4 prefixes | length 2 | path attributes | IPv4 prefixes up to the end
 */
import type { Ip } from '../../lib/ip.ts'
import type { Cidr } from '../../lib/prefix.ts'
import { CODES, SUBCODES } from './attribute-table.ts'
import { type ReadAttributes, readAttributes } from './attributes.ts'
import { asMalformed, discarded, type Flaw, Flaws } from './flaws.ts'
import { ERROR_CODES, HEADER_BYTES, malformed } from './header.ts'
import type { AddressFamily, Dialect, Malformed, Reach, Unreach, Update } from './message.ts'
import { readPrefixes } from './nlri.ts'

const LENGTHS_BYTES = 4
const NOTHING: Omit<Update, 'endOfRib'> = { type: 'update', reach: [], unreach: [], attributes: {}, flaw: null }

/** The three fields, prefixes read. */
type Fields = Readonly<{ withdrawn: Cidr[]; attributes: Uint8Array; reached: Cidr[] }>

/** Reads a message whose header was checked: at least 23 bytes. */
export function decodeUpdate(bytes: Uint8Array, dialect: Dialect): Update | Malformed {
  const body = bytes.subarray(HEADER_BYTES)
  const fields = split(body)
  if ('malformed' in fields) return fields
  // RFC 4724 §2: nothing at all is the End-of-RIB of IPv4.
  if (body.length === LENGTHS_BYTES) return { ...NOTHING, endOfRib: dialect.families.has('ipv4') ? 'ipv4' : null }
  const flaws = new Flaws()
  const read = readAttributes(fields.attributes, dialect, flaws)
  const missing = missingIn(fields, read)
  if (missing !== null) flaws.add(missing)
  if (!dialect.families.has('ipv4') && fields.withdrawn.length + fields.reached.length > 0) {
    flaws.add(discarded('IPv4 prefixes, which were not negotiated'))
  }
  const worst = flaws.worst
  if (worst !== null && endsSession(worst, fields, read)) return asMalformed(worst)
  return assemble(fields, read, { dialect, flaw: worst })
}

function split(body: Uint8Array): Fields | Malformed {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const withdrawnEnd = 2 + view.getUint16(0)
  const attributesStart = withdrawnEnd + 2
  const attributesEnd = attributesStart > body.length ? Infinity : attributesStart + view.getUint16(withdrawnEnd)
  if (attributesEnd > body.length) {
    return malformed({ code: ERROR_CODES.update, subcode: SUBCODES.malformedList }, 'fields past the end of the UPDATE')
  }
  const withdrawn = readPrefixes(body.subarray(2, withdrawnEnd), 'ipv4')
  const reached = readPrefixes(body.subarray(attributesEnd), 'ipv4')
  // RFC 7606 §5.3: nobody can withdraw what nobody can read.
  if (withdrawn === null || reached === null) {
    const why = 'IPv4 prefixes too long or cut short'
    return malformed({ code: ERROR_CODES.update, subcode: SUBCODES.network }, why)
  }
  return { withdrawn, attributes: body.subarray(attributesStart, attributesEnd), reached }
}

/** RFC 7606 §3 d. NEXT_HOP belongs to the old field alone (RFC 4760 §3). */
function missingIn({ reached }: Fields, { draft, present }: ReadAttributes): Flaw | null {
  if (reached.length === 0 && (draft.mpReach?.prefixes.length ?? 0) === 0) return null
  const wanted = reached.length > 0 ? (['origin', 'asPath', 'nextHop'] as const) : (['origin', 'asPath'] as const)
  const missing = wanted.find((name) => !present.has(CODES[name]))
  if (missing === undefined) return null
  const data = Uint8Array.of(CODES[missing])
  return { treatment: 'treatAsWithdraw', subcode: SUBCODES.missingWellKnown, data, why: `${missing} is missing` }
}

/**
 * RFC 7606 §5.2: where attributes come without anything that they reach, prefixes may have been lost with what is
 * wrong. Prefixes of a family that we did not negotiate are not ours to lose.
 */
function endsSession({ treatment }: Flaw, { reached }: Fields, { draft, present }: ReadAttributes): boolean {
  if (treatment !== 'treatAsWithdraw') return treatment === 'reset'
  const otherFamily = present.has(CODES.mpReach) && draft.mpReach === undefined
  const reaches = reached.length > 0 || (draft.mpReach?.prefixes.length ?? 0) > 0 || otherFamily
  const onlyUnreach = present.size === 1 && draft.mpUnreach !== undefined
  return !reaches && !onlyUnreach
}

type Outcome = Readonly<{ dialect: Dialect; flaw: Flaw | null }>

function assemble(fields: Fields, { draft, present }: ReadAttributes, { dialect, flaw }: Outcome): Update {
  const { nextHop, mpReach, mpUnreach, ...attributes } = draft
  const old = dialect.families.has('ipv4') ? fields : { withdrawn: [], reached: [] }
  const withdraw = flaw?.treatment === 'treatAsWithdraw'
  const gone: Unreach[] = [{ family: 'ipv4', prefixes: old.withdrawn }, ...(mpUnreach ? [mpUnreach] : [])]
  if (withdraw) gone.push({ family: 'ipv4', prefixes: old.reached }, ...(mpReach ? [mpReach] : []))
  const unreach = byFamily(gone)
  const reach = withdraw ? [] : reachOf(old.reached, { nextHop, mpReach })
  const empty = mpUnreach !== undefined && present.size === 1 && unreach.length + reach.length === 0
  return {
    type: 'update',
    reach,
    unreach,
    attributes: withdraw ? {} : attributes,
    endOfRib: empty && flaw === null ? mpUnreach.family : null,
    flaw: flaw === null || flaw.treatment === 'reset' ? null : { treatment: flaw.treatment, why: flaw.why },
  }
}

type Hops = Readonly<{ nextHop: Ip | undefined; mpReach: Reach | undefined }>

function reachOf(reached: readonly Cidr[], { nextHop, mpReach }: Hops): Reach[] {
  const reach: Reach[] = []
  if (nextHop && reached.length > 0) reach.push({ family: 'ipv4', nextHops: [nextHop], prefixes: reached })
  if (mpReach && mpReach.prefixes.length > 0) reach.push(mpReach)
  return reach
}

function byFamily(unreach: readonly Unreach[]): Unreach[] {
  return (['ipv4', 'ipv6'] as const satisfies AddressFamily[])
    .map((family) => {
      const prefixes = unreach.flatMap((entry) => (entry.family === family ? entry.prefixes : []))
      return { family, prefixes }
    })
    .filter(({ prefixes }) => prefixes.length > 0)
}
