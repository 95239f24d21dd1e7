// SPDX-License-Identifier: Apache-2.0
import { parseIp } from '../lib/ip.ts'
import type { KubeObject } from '../lib/object.ts'
import { parseCidr, rangeOf, summarize } from '../lib/prefix.ts'
import type { ModelCode } from './codes.ts'
import { reportDuplicates } from './duplicates.ts'
import { parseSelectors } from './parse-selector.ts'
import type { AddressBlock, Allocation, Pool } from './pool.ts'
import type { Reporter } from './report.ts'
import type { IPAddressPoolSpec } from './resources.generated.ts'
import { EVERYTHING, type Labels, matchesAny } from './selector.ts'
import { quote } from './wording.ts'

/** `positions[i]` is where blocks[i] stands in spec.addresses: entries that cannot be read are missing from `blocks`. */
export type ParsedPool = Readonly<{ pool: Pool; positions: readonly number[] }>

type Flaw = Readonly<{ code: ModelCode; message: string }>

/** Reads an IPAddressPool; `namespaces` are the labels of the Namespaces there are, by name. */
export function parsePool(object: KubeObject, namespaces: ReadonlyMap<string, Labels>, reporter: Reporter): ParsedPool {
  const spec = (object.spec ?? {}) as Partial<IPAddressPoolSpec>
  const blocks: AddressBlock[] = []
  const positions: number[] = []
  const addresses = spec.addresses ?? []
  if (addresses.length === 0) {
    reporter.error(
      'noAddresses',
      'spec.addresses',
      `pool ${object.metadata.name} has no addresses; add a prefix or a range`,
    )
  }
  for (const [index, text] of addresses.entries()) {
    const block = parseBlock(text)
    if ('code' in block) reporter.error(block.code, `spec.addresses[${index}]`, block.message)
    else {
      blocks.push(block)
      positions.push(index)
    }
  }
  const pool = {
    name: object.metadata.name,
    labels: object.metadata.labels,
    blocks,
    autoAssign: spec.autoAssign ?? true,
    avoidBuggyIps: spec.avoidBuggyIPs ?? false,
    allocation: spec.serviceAllocation ? parseAllocation(spec.serviceAllocation, namespaces, reporter) : null,
  }
  return { pool, positions }
}

/** One entry of spec.addresses: a prefix, whose host bits are dropped, or a range with blanks allowed around its ends. */
function parseBlock(text: string): AddressBlock | Flaw {
  const dash = text.indexOf('-')
  if (dash >= 0) return parseRange(text, [text.slice(0, dash).trim(), text.slice(dash + 1).trim()])
  const cidr = parseCidr(text)
  if (cidr) return { text, range: rangeOf(cidr), cidrs: [cidr] }
  const ip = parseIp(text)
  const cure = ip
    ? `for this one address write ${text}/${ip.family === 'ipv4' ? 32 : 128}`
    : 'write 192.0.2.0/24 or 192.0.2.10-192.0.2.20'
  return { code: 'invalidAddress', message: `${quote(text)} is neither a prefix nor a range; ${cure}` }
}

function parseRange(text: string, [start, end]: readonly [string, string]): AddressBlock | Flaw {
  const [first, last] = [parseIp(start), parseIp(end)]
  if (!first || !last) {
    const message = `${quote(first ? end : start)} in range ${quote(text)} is no IP address; write a range as 192.0.2.10-192.0.2.20`
    return { code: 'invalidAddress', message }
  }
  const { family } = first
  if (family !== last.family) {
    const message = `range ${quote(text)} starts in one address family and ends in the other; write one range per family`
    return { code: 'mixedRange', message }
  }
  if (first.bits > last.bits) {
    return {
      code: 'reversedRange',
      message: `range ${quote(text)} starts above its end; write ${quote(`${end}-${start}`)}`,
    }
  }
  const range = { family, first: first.bits, last: last.bits }
  return { text, range, cidrs: summarize(range) }
}

function parseAllocation(
  spec: NonNullable<IPAddressPoolSpec['serviceAllocation']>,
  namespaces: ReadonlyMap<string, Labels>,
  reporter: Reporter,
): Allocation {
  const path = 'spec.serviceAllocation'
  const names = spec.namespaces ?? []
  reportDuplicates(names, `${path}.namespaces`, { reporter, what: 'this namespace' })
  const namespaceSelectors = parseSelectors(spec.namespaceSelectors, `${path}.namespaceSelectors`, reporter)
  const serviceSelectors = parseSelectors(spec.serviceSelectors, `${path}.serviceSelectors`, reporter)
  const selected =
    namespaceSelectors.length === 0
      ? []
      : [...namespaces].filter(([, labels]) => matchesAny(namespaceSelectors, labels))
  // A section without any condition pins the pool for every Service; one whose conditions match nothing, for none.
  const unconditional = names.length + namespaceSelectors.length + serviceSelectors.length === 0
  return {
    priority: spec.priority ?? 0,
    namespaces: new Set([...names, ...selected.map(([name]) => name)]),
    serviceSelectors: unconditional ? [EVERYTHING] : serviceSelectors,
  }
}
