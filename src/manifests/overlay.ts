// SPDX-License-Identifier: Apache-2.0
/** A Service as it stands in a file, with what the controller wrote about it. */
import type { KubeObject, StatusWrite } from '../lib/object.ts'

/** `annotations`: null hides one that the file itself has (a copy out of a cluster brings ours along). */
export type Written = Readonly<{
  status: Readonly<Record<string, unknown>>
  annotations: Readonly<Record<string, string | null>>
}>

/** What is written now counts more than a status that stands in the file. */
export function overlay(object: KubeObject, written: Written | undefined): KubeObject {
  if (!written) return object
  const annotations = { ...object.metadata.annotations, ...written.annotations }
  const kept = Object.entries(annotations).filter((entry): entry is [string, string] => entry[1] !== null)
  return {
    ...object,
    metadata: { ...object.metadata, annotations: Object.fromEntries(kept) },
    status: written.status,
  }
}

/** The status is replaced; annotations are set one by one and stay until they are removed. */
export function rewrite(before: Written | undefined, { status, annotations }: StatusWrite, file?: KubeObject): Written {
  const all = Object.entries({ ...before?.annotations, ...annotations })
  const needed = all.filter(([key, value]) => value !== null || Object.hasOwn(file?.metadata.annotations ?? {}, key))
  return { status, annotations: Object.fromEntries(needed) }
}
