// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admissionAnswer, conversionAnswer, readAdmission, readConversion } from './admission-review.ts'

const OBJECT = { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name: 'lan' } }
const admission = (request: unknown, envelope: object = {}) =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request, ...envelope })
const conversion = (request: unknown, envelope: object = {}) =>
  JSON.stringify({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview', request, ...envelope })

/** [name, body of an admission review, why it is none] */
const REFUSED: readonly (readonly [string, string, string])[] = [
  ['nothing', '', 'the body is not JSON'],
  ['cut', admission({ uid: 'u', operation: 'CREATE' }).slice(0, -1), 'the body is not JSON'],
  ['null', 'null', 'this is no AdmissionReview of admission.k8s.io/v1'],
  ['a list', '[]', 'this is no AdmissionReview of admission.k8s.io/v1'],
  ['the other review', conversion({}), 'this is no AdmissionReview of admission.k8s.io/v1'],
  [
    'v1beta1',
    admission({}, { apiVersion: 'admission.k8s.io/v1beta1' }),
    'this is no AdmissionReview of admission.k8s.io/v1',
  ],
  ['no request', admission(undefined), 'the review has no request'],
  ['request is a list', admission([]), 'the review has no request'],
  ['no uid', admission({ operation: 'CREATE' }), 'request.uid is not text'],
  [
    'unknown operation',
    admission({ uid: 'u', operation: 'create' }),
    'request.operation is none of CREATE, UPDATE, DELETE and CONNECT',
  ],
  ['CREATE of nothing', admission({ uid: 'u', operation: 'CREATE', object: null }), 'request.object is missing'],
  [
    'object is text',
    admission({ uid: 'u', operation: 'CREATE', object: 'x' }),
    'request.object is not a Kubernetes object',
  ],
  [
    'object without metadata',
    admission({ uid: 'u', operation: 'CREATE', object: { ...OBJECT, metadata: null } }),
    'request.object is not a Kubernetes object',
  ],
  [
    'object without kind',
    admission({ uid: 'u', operation: 'CREATE', object: { ...OBJECT, kind: 1 } }),
    'request.object is not a Kubernetes object',
  ],
  [
    'annotation of a number',
    admission({ uid: 'u', operation: 'CREATE', object: { ...OBJECT, metadata: { annotations: { a: 1 } } } }),
    'request.object is not a Kubernetes object',
  ],
  [
    'oldObject is a list',
    admission({ uid: 'u', operation: 'DELETE', oldObject: [] }),
    'request.oldObject is not a Kubernetes object',
  ],
  ['too deep', '['.repeat(201), 'the body is nested deeper than 200 levels'],
  ['too deep by far', '['.repeat(3_000_000), 'the body is nested deeper than 200 levels'],
]
for (const [name, body, message] of REFUSED) {
  test(`no admission review: ${name}`, () => assert.deepEqual(readAdmission(body), { ok: false, message }))
}

test('brackets in strings, behind escapes, are not depth', () => {
  const reading = readAdmission(admission({ uid: `\\"${'['.repeat(500)}\\\\`, operation: 'DELETE' }))
  assert.equal(reading.ok, true)
})

test('a string that never ends is read once', () => {
  const started = performance.now()
  assert.equal(readAdmission(`"${'\\"'.repeat(1_500_000)}`).ok, false)
  assert.ok(performance.now() - started < 2000)
})

test('an admission review is what the API server asks', () => {
  const body = admission({
    uid: 'u',
    operation: 'UPDATE',
    namespace: 'metallb-system',
    object: { ...OBJECT, metadata: { name: 'lan', labels: { a: 'b', c: 1 }, generation: 2 }, spec: { addresses: [] } },
    oldObject: OBJECT,
  })
  const meta = { name: 'lan', namespace: 'metallb-system', annotations: {} }
  assert.deepEqual(readAdmission(body), {
    ok: true,
    request: {
      uid: 'u',
      operation: 'UPDATE',
      object: { ...OBJECT, metadata: { ...meta, labels: { a: 'b' }, generation: 2 }, spec: { addresses: [] } },
      oldObject: { ...OBJECT, metadata: { ...meta, labels: {} } },
    },
  })
})

/** [name, body of a conversion review, why it is none] */
const UNCONVERTED: readonly (readonly [string, string, string])[] = [
  [
    'an admission review',
    admission({}),
    'this is no ConversionReview of apiextensions.k8s.io/v1 or apiextensions.k8s.io/v1beta1',
  ],
  ['no version', conversion({ uid: 'u', objects: [] }), 'request.desiredAPIVersion is not text'],
  ['no objects', conversion({ uid: 'u', desiredAPIVersion: 'v' }), 'request.objects is not a list'],
  [
    'one is no object',
    conversion({ uid: 'u', desiredAPIVersion: 'v', objects: [OBJECT, 7] }),
    'request.objects holds something other than Kubernetes objects',
  ],
]
for (const [name, body, message] of UNCONVERTED) {
  test(`no conversion review: ${name}`, () => assert.deepEqual(readConversion(body), { ok: false, message }))
}

test('a conversion review keeps its objects as they are', () => {
  const request = { uid: 'u', desiredAPIVersion: 'metallb.io/v1beta2', objects: [OBJECT] }
  assert.deepEqual(readConversion(conversion(request)), {
    ok: true,
    request: {
      uid: 'u',
      apiVersion: 'apiextensions.k8s.io/v1',
      desiredApiVersion: 'metallb.io/v1beta2',
      objects: [OBJECT],
    },
  })
})

test('answers are what the API server reads', () => {
  const refusal = { message: 'no', causes: [] }
  assert.deepEqual(admissionAnswer('u', { refusal: null, warnings: [] }), {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: 'u', allowed: true },
  })
  assert.deepEqual(admissionAnswer('u', { refusal, warnings: ['hm'] }), {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid: 'u',
      allowed: false,
      status: { status: 'Failure', message: 'no', reason: 'Forbidden', code: 403, details: { causes: [] } },
      warnings: ['hm'],
    },
  })
  const asked = { uid: 'u', apiVersion: 'apiextensions.k8s.io/v1beta1', desiredApiVersion: 'v', objects: [] }
  const failed = { uid: 'u', convertedObjects: [], result: { status: 'Failure', message: 'no' } }
  assert.deepEqual(conversionAnswer(asked, { ok: false, message: 'no' }), {
    apiVersion: 'apiextensions.k8s.io/v1beta1',
    kind: 'ConversionReview',
    response: failed,
  })
})
