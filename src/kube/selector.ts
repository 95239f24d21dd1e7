// SPDX-License-Identifier: Apache-2.0
import { textAt } from '../lib/unchecked.ts'

/**
 * Field selectors (`spec.type=LoadBalancer,metadata.name!=x`) for API servers that do not know a field, and so refuse
 * the whole request. Gives whether an object, as the API server sends it, is selected.
 */
export function fieldFilter(selector: string): (object: unknown) => boolean {
  const terms = selector.split(',').map((term) => {
    const [, path = '', operator = '', value = ''] = /^([^!=]*)(!?==?)(.*)$/.exec(term) ?? []
    return { path: path.split('.'), wanted: !operator.startsWith('!'), value }
  })
  return (object) => terms.every(({ path, wanted, value }) => (textAt(object, ...path) === value) === wanted)
}
