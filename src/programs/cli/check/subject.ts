// SPDX-License-Identifier: Apache-2.0
/** What the rules of `check` look at, and how they speak. */
import type { RefusalCode } from '../../../ipam/refusal.ts'
import { type KubeObject, refOf } from '../../../lib/object.ts'
import type { Range } from '../../../lib/prefix.ts'
import type { Problem } from '../../../lib/problem.ts'
import type { Draft } from '../../../model/load.ts'
import type { Reporter } from '../../../model/report.ts'
import type { Service } from '../../../model/service.ts'
import type { CheckCode } from './codes.ts'

/** A network of --pod-network or --service-network. */
export type Network = Readonly<{ use: 'Pod' | 'Service'; text: string; range: Range }>

export type Subject = Readonly<{
  draft: Draft
  /** Every usable object, each once. */
  objects: readonly KubeObject[]
  /** The readable Services of type LoadBalancer that are ours to handle, by key. */
  services: readonly Service[]
  networks: readonly Network[]
  /** Kinds of which an object could not be used: what seems to be missing may only be wrong. */
  unusable: ReadonlySet<string>
}>

/** A group of warnings: pure, and silent where the files given cannot decide. */
export type Rule = (subject: Subject) => Iterable<Problem>

/** A code of `check` alone, or one that means the same elsewhere. */
export type WarningCode = CheckCode | RefusalCode | 'unknownField'

export type Words = Readonly<{ field: string; code: WarningCode; message: string }>

/** A warning about an object. `field` is its path as a user would write it. */
export function warning(object: KubeObject, words: Words): Problem {
  return { severity: 'warning', object: refOf(object), ...words, transient: false }
}

/** The usable objects of metallb.io of one kind, whatever their version. */
export function metallbObjects({ objects }: Subject, kind: string): readonly KubeObject[] {
  return objects.filter((object) => object.kind === kind && object.apiVersion.startsWith('metallb.io/'))
}

/** For reading again what loading the model has complained about already. */
export const MUTE: Reporter = { error: () => {}, transient: () => {}, warning: () => {} }
