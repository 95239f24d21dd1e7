// SPDX-License-Identifier: Apache-2.0
import type { Structural } from './structural.ts'

const STRING: Structural = { type: 'string' }
const STRINGS: Structural = { type: 'object', additionalProperties: STRING }
const TIME: Structural = { type: 'string', format: 'date-time' }
const COUNT: Structural = { type: 'integer', format: 'int64' }

/**
 * Kubernetes ObjectMeta as far as a file may hold it: CRDs leave it to the API server, which checks these rules itself.
 * Names become file names of what we write, so nothing but DNS names may pass (RFC 1123).
 */
export const OBJECT_META: Structural = {
  type: 'object',
  description: 'a map with a name, and where needed labels and annotations',
  required: ['name'],
  properties: {
    name: {
      type: 'string',
      description: 'a name of lower-case letters, digits, "-" and ".", at most 253 long',
      maxLength: 253,
      pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
    },
    namespace: {
      type: 'string',
      description: 'a name of lower-case letters, digits and "-", at most 63 long',
      maxLength: 63,
      pattern: '^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$',
    },
    labels: STRINGS,
    annotations: STRINGS,
    generateName: STRING,
    uid: STRING,
    resourceVersion: STRING,
    selfLink: STRING,
    generation: COUNT,
    creationTimestamp: TIME,
    deletionTimestamp: TIME,
    deletionGracePeriodSeconds: COUNT,
    finalizers: { type: 'array', items: STRING },
    // Without `items`: kept as they are, nobody here reads them.
    ownerReferences: { type: 'array' },
    managedFields: { type: 'array' },
  },
}
