// SPDX-License-Identifier: Apache-2.0
/**
 * The path attributes of an UPDATE (RFC 4271 §4.3), and what is wrong with them (RFC 7606 §3 and §4). Each is
 *
 *    flags 1 | code 1 | length 1, or 2 with the extended length flag | value
 *
 * The work is one look at each byte, whatever they say.
 */
import { isHost } from './address.ts'
import { AS_TRANS, uniteAsPaths, withoutConfederation } from './as-path.ts'
import { type Draft, readAttribute } from './attribute-read.ts'
import { type AttributeRule, CODES, FLAGS, KIND_FLAGS, ruleOf, SUBCODES, type Treatment } from './attribute-table.ts'
import { discarded, type Flaw, type Flaws } from './flaws.ts'
import type { Attributes, Dialect } from './message.ts'
import { readReach, readUnreach, type Unread } from './multiprotocol.ts'

type RawAttribute = Readonly<{ flags: number; code: number; value: Uint8Array; whole: Uint8Array }>
type Unknown = NonNullable<Attributes['unknown']>[number]

/** What was read, and what was there: an attribute with a flaw is there, and not in the draft. */
export type ReadAttributes = Readonly<{ draft: Draft; present: ReadonlySet<number> }>

/** Reads the field of attributes; flaws are told, and what follows them is read all the same. */
export function readAttributes(bytes: Uint8Array, dialect: Dialect, flaws: Flaws): ReadAttributes {
  const draft: Draft = {}
  const unknown: Unknown[] = []
  const present = new Set<number>()
  for (const raw of split(bytes, flaws)) {
    if (present.has(raw.code)) flaws.add(repeated(raw))
    else {
      present.add(raw.code)
      const rule = ruleOf(raw.code)
      if (rule === undefined) takeUnknown(raw, unknown, flaws)
      else takeKnown(raw, rule, { draft, unknown, dialect, flaws })
    }
  }
  unite(draft)
  if (unknown.length > 0) draft.unknown = unknown.toSorted((one, other) => one.code - other.code)
  return { draft, present }
}

/** §4: an attribute that is cut short ends the field, whose own length still tells where the prefixes begin. */
function* split(bytes: Uint8Array, flaws: Flaws): Generator<RawAttribute> {
  for (let at = 0; at < bytes.length; ) {
    const [flags, code, high, low] = [bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0, bytes[at + 3] ?? 0]
    const extended = (flags & FLAGS.extendedLength) !== 0
    const start = at + (extended ? 4 : 3)
    const end = start + (extended ? (high << 8) | low : high)
    if (end > bytes.length) {
      const data = bytes.subarray(at)
      const why = `attribute ${code} past the end of the attributes`
      flaws.add({ treatment: 'treatAsWithdraw', subcode: SUBCODES.malformedList, data, why })
      return
    }
    yield { flags, code, value: bytes.subarray(start, end), whole: bytes.subarray(at, end) }
    at = end
  }
}

/** §3 g: the first counts, but two lists of prefixes are nobody's to choose from. */
function repeated({ code, whole }: RawAttribute): Flaw {
  const prefixes = code === CODES.mpReach || code === CODES.mpUnreach
  const treatment = prefixes ? 'reset' : 'attributeDiscard'
  return { treatment, subcode: SUBCODES.malformedList, data: whole, why: `attribute ${code} twice` }
}

function takeUnknown({ flags, code, value, whole }: RawAttribute, unknown: Unknown[], flaws: Flaws): void {
  if ((flags & FLAGS.optional) === 0) {
    const why = `unknown attribute ${code}, which claims to be well-known`
    flaws.add({ treatment: 'reset', subcode: SUBCODES.unrecognizedWellKnown, data: whole, why })
  } else if ((flags & FLAGS.transitive) !== 0) unknown.push({ flags, code, value: value.slice() })
}

type Reading = Readonly<{ draft: Draft; unknown: Unknown[]; dialect: Dialect; flaws: Flaws }>

function takeKnown(raw: RawAttribute, rule: AttributeRule, reading: Reading): void {
  const { draft, unknown, dialect, flaws } = reading
  const { name } = rule
  if (rule.internal && !dialect.internal) return flaws.add(discarded(`${name} from an external peer`))
  // RFC 6793 §4.1: between speakers of four octets these have no meaning.
  const forOldSpeakers = name === 'as4Path' || name === 'as4Aggregator'
  if (forOldSpeakers && dialect.fourOctetAs) return flaws.add(discarded(`${name} from a speaker of four octets`))
  const complain = (subcode: number, why: string, treatment: Treatment = rule.treatment): void =>
    flaws.add({ treatment, subcode, data: raw.whole, why: `${name}: ${why}` })
  // §3 c, whatever another flaw of it asks for; but the prefixes are needed to withdraw them.
  const flagsWrong = (raw.flags & KIND_FLAGS) !== rule.flags
  if (flagsWrong) complain(SUBCODES.flags, `flags ${raw.flags.toString(16)}`, 'treatAsWithdraw')
  if (name === 'mpReach' || name === 'mpUnreach') return takePrefixes(raw, name, reading)
  if (flagsWrong) return
  if (!rule.allows(raw.value.length, dialect.fourOctetAs)) {
    return complain(SUBCODES.length, `${raw.value.length} bytes`)
  }
  const read = readAttribute(name, raw.value, dialect)
  if (read === undefined) unknown.push({ flags: raw.flags, code: raw.code, value: raw.value.slice() })
  else if (typeof read === 'string') complain(rule.subcode, read)
  else Object.assign(draft, read)
}

function takePrefixes(raw: RawAttribute, name: 'mpReach' | 'mpUnreach', { draft, dialect, flaws }: Reading): void {
  const complaint = { subcode: SUBCODES.optional, data: raw.whole }
  const refuse = (unread: Unread): void => {
    if ('ignored' in unread) flaws.add(discarded(`${name}: ${unread.ignored}`))
    else flaws.add({ treatment: 'reset', ...complaint, why: `${name}: ${unread.unreadable}` })
  }
  if (name === 'mpUnreach') {
    const unreach = readUnreach(raw.value, dialect)
    if ('family' in unreach) draft.mpUnreach = unreach
    else refuse(unreach)
    return
  }
  const reach = readReach(raw.value, dialect)
  if (!('family' in reach)) return refuse(reach)
  draft.mpReach = reach
  if (reach.nextHops.some(isHost)) return
  flaws.add({ treatment: 'treatAsWithdraw', ...complaint, why: `${name}: the next hop is no address of a host` })
}

/** RFC 6793 §4.2.3: an aggregator that is not AS_TRANS was set by somebody who did not see the attributes of four octets. */
function unite(draft: Draft): void {
  const { as4Path, as4Aggregator } = draft
  delete draft.as4Path
  delete draft.as4Aggregator
  if (draft.aggregator && as4Aggregator) {
    if (draft.aggregator.asn !== AS_TRANS) return
    draft.aggregator = as4Aggregator
  }
  if (draft.asPath && as4Path) draft.asPath = uniteAsPaths(draft.asPath, withoutConfederation(as4Path))
}
