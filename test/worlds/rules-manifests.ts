// SPDX-License-Identifier: Apache-2.0
/** Which objects of the manifests count, and what the schema refuses. */
import { rulesIn } from './rule.ts'

export const MANIFEST_RULES = [
  ...rulesIn('manifests', 'src/manifests/inspect.ts', [
    [
      'wrong-namespace',
      'an object of metallb.io outside the namespace is not dropped in silence',
      'complaints.push({ problem: stranger, path })',
      '',
    ],
    [
      'own-namespace',
      'one that names no namespace is in that of --namespace',
      'toObject(item, namespace)',
      "toObject(item, 'metallb-system')",
    ],
  ]),
  ...rulesIn('manifests', 'src/programs/cli/paths.ts', [
    [
      'object-twice',
      'an object that stands twice is reported',
      'problems: [...this.#problems, ...this.#duplicates()],',
      'problems: this.#problems,',
    ],
    ['object-twice-last', 'and the later one counts', 'claims.findLast(', 'claims.find('],
  ]),
  ...rulesIn('schema', 'src/manifests/mismatches.ts', [
    ['bfd-interval', 'receiveInterval of a BFDProfile is at least 10 ms', 'value >= minimum && ', ''],
  ]),
]
