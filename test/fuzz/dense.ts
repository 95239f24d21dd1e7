// SPDX-License-Identifier: Apache-2.0
/** Text that is as expensive to read as its length allows, for programs that read files from hostile hands. */

const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  type: LoadBalancer\n  loadBalancerIP: x\n'

type Row = readonly [before: string, piece: string, after: string]

// biome-ignore format: one look tells them apart
const BLOCK = [
  '- a\n', 'a: b\n', '? a\n', '- - a\n', '- ? a\n', '- []\n', ': \n', '- \n', '...\n', '#\n', ' \n', 'a\n---\n',
  'a: b\n---\n', 'a\n...\n', '%a\n---\n', '- "a"\n', '- &a x\n- *a\n', '- port: 80\n',
]
const ROWS = BLOCK.map((piece): Row => ['', piece, ''])

const FLOW: readonly Row[] = ['a,', '[1],', '[],', '{},', '{a: 1},', '"",', ',', '[1],    ', '&a b,', '? a,'].map(
  (piece): Row => ['[', piece, ']'],
)

/** Errors of an object that are found after reading, in a document that is expensive to read again. */
const ABOUT_OBJECTS: readonly Row[] = [
  [`${SERVICE}  x: [1`, ',[1]    ', ']\n'],
  [`${SERVICE}  ports:\n`, '  - port: 80\n', ''],
  ['', `---\n${SERVICE}  x: [1${',[1]    '.repeat(1000)}]\n`, ''],
]

/** What it is, and text of it of about a given length. */
export const DENSE: readonly (readonly [string, (length: number) => string])[] = [
  ...ROWS,
  ...FLOW,
  ...ABOUT_OBJECTS,
].map(([before, piece, after]) => [
  JSON.stringify(`${before}${piece}`.slice(-40)),
  (length) => before + piece.repeat(Math.ceil((length - before.length) / piece.length)) + after,
])
