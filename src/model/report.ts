// SPDX-License-Identifier: Apache-2.0
import type { ObjectRef, Problem } from '../lib/problem.ts'
import type { ModelCode } from './codes.ts'

/** Says what is wrong with one object. `field` is its path as a user would write it, '' where none fits. */
export type Reporter = Readonly<{
  error(code: ModelCode, field: string, message: string): void
  /** An error that another object, which may still come, would cure. */
  transient(code: ModelCode, field: string, message: string): void
  warning(code: ModelCode, field: string, message: string): void
}>

/** Gathers every problem of a load, so that a user sees all of them at once. */
export class Report {
  readonly #namespace: string
  readonly #problems: Problem[] = []

  /** `namespace` is where the objects of a configuration live. */
  constructor(namespace: string) {
    this.#namespace = namespace
  }

  on(object: ObjectRef): Reporter {
    const add =
      (severity: Problem['severity'], transient: boolean): Reporter['error'] =>
      (code, field, message) => {
        this.#problems.push({ severity, object, field, code, message, transient })
      }
    return { error: add('error', false), transient: add('error', true), warning: add('warning', false) }
  }

  /** The same for an object of the configuration's own namespace. */
  about(kind: string, name: string): Reporter {
    return this.on({ kind, namespace: this.#namespace, name })
  }

  /** By object; for one object in the order in which they were found. */
  problems(): readonly Problem[] {
    return this.#problems.toSorted((a, b) => {
      const [left, right] = [sortKey(a.object), sortKey(b.object)]
      return left < right ? -1 : left > right ? 1 : 0
    })
  }
}

function sortKey({ kind, namespace, name }: ObjectRef): string {
  return `${kind}/${namespace}/${name}`
}
