// SPDX-License-Identifier: Apache-2.0
import type { KubeObject } from '../lib/object.ts'
import type { Community } from './community.ts'
import type { Report } from './report.ts'
import type { CommunitySpec } from './resources.generated.ts'
import { alternatives, quote } from './wording.ts'

/** Name → community for all Community objects together; null: defined, but not readable. */
export type Aliases = ReadonlyMap<string, Community | null>

const MAX_16 = 0xffff
const MAX_32 = 0xffff_ffff

export function parseAliases(objects: readonly KubeObject[], report: Report): Aliases {
  const aliases = new Map<string, Community | null>()
  const definedAt = new Map<string, string>()
  for (const { kind, metadata, spec } of objects) {
    const reporter = report.about(kind, metadata.name)
    for (const [index, { name = '', value = '' }] of ((spec ?? {}) as CommunitySpec).communities?.entries() ?? []) {
      const field = `spec.communities[${index}]`
      const community = parseCommunity(value)
      if (typeof community === 'string') {
        reporter.error(
          'invalidCommunity',
          `${field}.value`,
          `community ${quote(name)} is ${quote(value)}: ${FLAWS[community]}`,
        )
      }
      const first = definedAt.get(name)
      if (first !== undefined) {
        const message = `community ${quote(name)} is defined here and by ${first}; keep one of the two`
        reporter.error('duplicateCommunity', `${field}.name`, message)
        continue
      }
      definedAt.set(name, `Community ${metadata.name} (${field})`)
      aliases.set(name, typeof community === 'string' ? null : community)
    }
  }
  return aliases
}

/**
 * What an advertisement means by `text`: first an alias, then a literal. Null: reported by the alias's own object.
 * `format` is what no literal looks like and so probably an alias that is still to come.
 */
export function lookUpCommunity(text: string, aliases: Aliases): Community | null | 'format' | 'value' {
  const alias = aliases.get(text)
  return alias === undefined ? parseCommunity(text) : alias
}

/** `names` are those of all Community objects, sorted. */
export function describeUnknown(text: string, names: readonly string[]): string {
  const cure = alternatives(text, names, 'names in Community objects')
  return `${quote(text)} is neither the name of a community nor a community such as 64512:100; ${cure}`
}

export const FLAWS = {
  format: 'write 64512:100 (16 bits each) or large:64512:100:200 (32 bits each)',
  value: 'a standard community is two numbers up to 65535, a large one is "large" and three up to 4294967295',
} as const

function parseCommunity(text: string): Community | 'format' | 'value' {
  const fields = text.split(':', 5)
  if (fields.length === 2) {
    const [high, low] = fields.map((field) => parseNumber(field, MAX_16))
    if (high === undefined || low === undefined) return 'value'
    return { type: 'standard', value: high * (MAX_16 + 1) + low, text: `${high}:${low}` }
  }
  if (fields.length !== 4) return 'format'
  const [global, local1, local2] = fields.slice(1).map((field) => parseNumber(field, MAX_32))
  if (fields[0] !== 'large' || global === undefined || local1 === undefined || local2 === undefined) return 'value'
  return { type: 'large', global, local1, local2, text: `${global}:${local1}:${local2}` }
}

function parseNumber(text: string, most: number): number | undefined {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  return value <= most ? value : undefined
}
