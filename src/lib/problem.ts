// SPDX-License-Identifier: Apache-2.0
/** A user's mistake, as a value: the same list feeds the log, the webhook, ConfigurationState, `check` and `simulate`. */
export type ObjectRef = Readonly<{ kind: string; namespace: string; name: string }>

export type Problem = Readonly<{
  severity: 'error' | 'warning'
  object: ObjectRef
  /** Path of the offending field as a user would write it (`spec.addresses[1]`), '' where none fits. */
  field: string
  /** Stable; each code is explained in docs/errors.md. */
  code: string
  /** One sentence with both sides of a conflict and what to do. */
  message: string
  /** True when another object that may still come would cure it (an alias, a Secret, a profile). */
  transient: boolean
  /** Where the field stands, known for objects that came from files. `line` and `column` count from 1. */
  file?: string
  line?: number
  column?: number
}>
