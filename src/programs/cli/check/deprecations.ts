// SPDX-License-Identifier: Apache-2.0
/** Older forms that still work, with the new form. What works no more is an error of the schema. */
import type { Problem } from '../../../lib/problem.ts'
import { fieldText } from '../../../manifests/schema-problems.ts'
import { LEGACY_PREFIX, PREFIX } from '../../../model/annotations.ts'
import { quote } from '../../../model/wording.ts'
import { metallbObjects, type Subject, warning } from './subject.ts'

const OLD_PEER = 'metallb.io/v1beta1'
const NEW_PEER = 'metallb.io/v1beta2'

/** Warnings about API versions, then about annotations of Services. */
export function* deprecationWarnings(subject: Subject): Generator<Problem> {
  for (const object of metallbObjects(subject, 'BGPPeer')) {
    if (object.apiVersion !== OLD_PEER) continue
    const message = `BGPPeer ${OLD_PEER} is deprecated; write ${NEW_PEER}, whose fields have the same names`
    yield warning(object, { field: 'apiVersion', code: 'deprecatedVersion', message })
  }
  for (const object of subject.objects) {
    if (object.kind !== 'Service' || object.apiVersion !== 'v1') continue
    const { annotations } = object.metadata
    for (const key of Object.keys(annotations).filter((name) => name.startsWith(LEGACY_PREFIX))) {
      const current = PREFIX + key.slice(LEGACY_PREFIX.length)
      const advice = Object.hasOwn(annotations, current)
        ? `${current} is there too and counts, so remove this one`
        : `write ${current}`
      const message = `annotation ${quote(key)} is deprecated; ${advice}`
      const field = fieldText(['metadata', 'annotations', key])
      yield warning(object, { field, code: 'deprecatedAnnotation', message })
    }
  }
}
