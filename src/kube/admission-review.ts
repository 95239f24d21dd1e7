// SPDX-License-Identifier: Apache-2.0
/**
 * The two questions that an API server asks a webhook, and their answers:
 *
 *   {"apiVersion": "admission.k8s.io/v1",      "kind": "AdmissionReview",  "request": {uid, operation, object, …}}
 *   {"apiVersion": "apiextensions.k8s.io/v1",  "kind": "ConversionReview", "request": {uid, desiredAPIVersion, objects}}
 *
 * Conversions come as v1beta1 too, which has the same fields: the CRD of MetalLB asks for that one.
 *
 * Anybody who reaches the port may send anything: whatever is not such a question is answered with a sentence.
 */
import type { KubeObject } from '../lib/object.ts'

type Sort = Readonly<{ kind: string; apiVersions: readonly string[] }>
const ADMISSION: Sort = { kind: 'AdmissionReview', apiVersions: ['admission.k8s.io/v1'] }
const CONVERSION: Sort = {
  kind: 'ConversionReview',
  apiVersions: ['apiextensions.k8s.io/v1', 'apiextensions.k8s.io/v1beta1'],
}
const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const

/** Objects of the API server stay below 30; recursion over deeper ones would end at the stack. */
const MAX_DEPTH = 200

export type AdmissionRequest = Readonly<{
  uid: string
  operation: (typeof OPERATIONS)[number]
  /** What is to be stored; null for DELETE. */
  object: KubeObject | null
  /** What is stored; null for CREATE. */
  oldObject: KubeObject | null
}>

/** The Status that the client gets: a sentence for people, causes for programs. */
export type Refusal = Readonly<{
  message: string
  causes: readonly Readonly<{ reason: string; field: string; message: string }>[]
}>

export type Verdict = Readonly<{
  /** Null: it may pass. */
  refusal: Refusal | null
  /** Shown to whoever wrote the object; the API server cuts those over 256 characters. */
  warnings: readonly string[]
}>

export type RawObject = Readonly<{
  apiVersion: string
  metadata: Readonly<{ annotations?: Readonly<Record<string, string>> }>
  [section: string]: unknown
}>
export type ConversionRequest = Readonly<{
  uid: string
  /** Of the review; the answer has to have the same. */
  apiVersion: string
  desiredApiVersion: string
  objects: readonly RawObject[]
}>
export type Conversion = Readonly<{ ok: true; objects: readonly unknown[] }> | Readonly<{ ok: false; message: string }>

/** A request, or one sentence on why there is none. */
export type Reading<T> = Readonly<{ ok: true; request: T }> | Readonly<{ ok: false; message: string }>

export function readAdmission(body: string): Reading<AdmissionRequest> {
  const reading = readReview(body, ADMISSION)
  if (!reading.ok) return reading
  const { uid, operation, object = null, oldObject = null, namespace } = reading.request
  const known = OPERATIONS.find((word) => word === operation)
  if (known === undefined) return no('request.operation is none of CREATE, UPDATE, DELETE and CONNECT')
  const scope = typeof namespace === 'string' ? namespace : ''
  const [after, before] = [readObject(object, scope), readObject(oldObject, scope)]
  if (after === undefined) return no('request.object is not a Kubernetes object')
  if (before === undefined) return no('request.oldObject is not a Kubernetes object')
  if (known !== 'DELETE' && known !== 'CONNECT' && after === null) return no('request.object is missing')
  return { ok: true, request: { uid, operation: known, object: after, oldObject: before } }
}

export function readConversion(body: string): Reading<ConversionRequest> {
  const reading = readReview(body, CONVERSION)
  if (!reading.ok) return reading
  const { uid, desiredAPIVersion, objects } = reading.request
  if (typeof desiredAPIVersion !== 'string') return no('request.desiredAPIVersion is not text')
  if (!Array.isArray(objects)) return no('request.objects is not a list')
  const raw = objects.filter(isRawObject)
  if (raw.length < objects.length) return no('request.objects holds something other than Kubernetes objects')
  const { apiVersion } = reading
  return { ok: true, request: { uid, apiVersion, desiredApiVersion: desiredAPIVersion, objects: raw } }
}

export function admissionAnswer(uid: string, { refusal, warnings }: Verdict): unknown {
  const said = warnings.length > 0 ? { warnings } : {}
  const envelope = { apiVersion: 'admission.k8s.io/v1', kind: ADMISSION.kind }
  if (refusal === null) return { ...envelope, response: { uid, allowed: true, ...said } }
  const { message, causes } = refusal
  const status = { status: 'Failure', message, reason: 'Forbidden', code: 403, details: { causes } }
  return { ...envelope, response: { uid, allowed: false, status, ...said } }
}

export function conversionAnswer({ uid, apiVersion }: ConversionRequest, conversion: Conversion): unknown {
  const response = conversion.ok
    ? { uid, convertedObjects: conversion.objects, result: { status: 'Success' } }
    : { uid, convertedObjects: [], result: { status: 'Failure', message: conversion.message } }
  return { apiVersion, kind: CONVERSION.kind, response }
}

type Fields = Readonly<Record<string, unknown>>

type Review = Readonly<{ ok: true; apiVersion: string; request: Fields & { uid: string } }>

function readReview(body: string, { kind, apiVersions }: Sort): Review | Readonly<{ ok: false; message: string }> {
  if (isTooDeep(body)) return no(`the body is nested deeper than ${MAX_DEPTH} levels`)
  const review = parse(body)
  if (review === undefined) return no('the body is not JSON')
  const fields = isFields(review) ? review : {}
  const apiVersion = apiVersions.find((known) => known === fields['apiVersion'])
  if (fields['kind'] !== kind || apiVersion === undefined)
    return no(`this is no ${kind} of ${apiVersions.join(' or ')}`)
  const { request } = fields
  if (!isFields(request)) return no('the review has no request')
  const { uid } = request
  return typeof uid === 'string'
    ? { ok: true, apiVersion, request: { ...request, uid } }
    : no('request.uid is not text')
}

/** Counts brackets outside strings; JSON.parse would build any depth, and stall everything that recurses. */
function isTooDeep(body: string): boolean {
  let depth = 0
  let inString = false
  for (let at = 0; at < body.length; at++) {
    const character = body[at]
    if (character === '"') inString = !inString
    else if (inString)
      at += character === '\\' ? 1 : 0 // what follows a backslash ends no string
    else if (character === '[' || character === '{') depth++
    else if (character === ']' || character === '}') depth--
    if (depth > MAX_DEPTH) return true
  }
  return false
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Undefined: it is none. A name that is yet to be made from generateName is ''. */
function readObject(value: unknown, namespace: string): KubeObject | null | undefined {
  if (value === null) return null
  if (!isRawObject(value) || typeof value['kind'] !== 'string') return undefined
  const given: Fields = value.metadata
  const metadata = {
    ...given,
    name: textOf(given['name']),
    namespace: textOf(given['namespace']) || namespace,
    labels: textsOf(given['labels']),
    annotations: textsOf(given['annotations']),
  }
  return { ...value, kind: value['kind'], metadata }
}

function isRawObject(value: unknown): value is RawObject {
  if (!isFields(value) || typeof value['apiVersion'] !== 'string' || !isFields(value['metadata'])) return false
  const { annotations } = value['metadata']
  return annotations === undefined || (isFields(annotations) && Object.values(annotations).every(isText))
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isFields(value)) return {}
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => isText(entry[1])))
}

function textOf(value: unknown): string {
  return isText(value) ? value : ''
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function no(message: string): Readonly<{ ok: false; message: string }> {
  return { ok: false, message }
}
