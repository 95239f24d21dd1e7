// SPDX-License-Identifier: Apache-2.0
/** What can be wrong with a file or an object in it, before its meaning is looked at. Each is explained in docs/errors.md. */
export const MANIFEST_CODES = [
  'duplicateKey',
  'duplicateObject',
  'emptyFile',
  'invalidMetadata',
  'invalidName',
  'noName',
  'notAnObject',
  'notJson',
  'notText',
  'notYaml',
  'tooDeep',
  'tooLarge',
  'tooManyAliases',
  'unreadable',
  'unreadableStatus',
  'wrongNamespace',
] as const

export type ManifestCode = (typeof MANIFEST_CODES)[number]

/** A Problem that does not know its file yet: `offset` counts characters from the start of the text it was found in. */
export type Flaw = Readonly<{
  severity: 'error' | 'warning'
  code: ManifestCode
  message: string
  offset: number
}>
