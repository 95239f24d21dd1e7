// SPDX-License-Identifier: Apache-2.0
/** One request to the API server and what may come of it. `client.ts` carries it out over HTTPS. */
import { Fault } from '../lib/fault.ts'

export const JSON_TYPE = 'application/json'
export const MERGE_PATCH = 'application/merge-patch+json'
export const JSON_PATCH = 'application/json-patch+json'
/** Server-side apply; JSON is YAML. Takes the query parameters `fieldManager` and `force`. */
export const APPLY_PATCH = 'application/apply-patch+yaml'

export type KubeRequest = Readonly<{
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Absolute, as `pathOf` makes it. */
  path: string
  query?: Readonly<Record<string, string>>
  body?: unknown
  /** Of the body; JSON where it is not given. */
  contentType?: string
  /** Until the whole answer is there; the default is 10 s. */
  timeoutMs?: number
  /** Ends it with a fault of code `aborted`. */
  signal?: AbortSignal
  /** Called when a stream's 2xx has come, which for a watch may be long before its first byte. */
  onOpen?(): void
}>

/**
 * Why a request did not do what it asked. `unavailable`: no answer, a cut connection, a 5xx; `expired`: 410, a
 * resourceVersion or continue token that is gone; `throttled`: 429; `invalid`: every other refusal by status 4xx;
 * `aborted`: the caller's signal, or `close`.
 */
export type KubeFaultCode =
  | 'unavailable'
  | 'timeout'
  | 'aborted'
  | 'unauthorized'
  | 'forbidden'
  | 'notFound'
  | 'alreadyExists'
  | 'conflict'
  | 'expired'
  | 'throttled'
  | 'invalid'

export type KubeFaultKind = Readonly<{
  code: KubeFaultCode
  /** HTTP status; 0 where there was no answer. */
  status: number
  /** From Retry-After; null where the server did not say. */
  retryAfterMs: number | null
}>

/** Thrown by every call to the API server that failed; its message names verb, path and the server's own words. */
export class KubeFault extends Fault<KubeFaultKind> {}

export interface KubeApi {
  /** The parsed JSON of a 2xx answer, unchecked. Never retries. Throws KubeFault. */
  request(request: KubeRequest): Promise<unknown>
  /**
   * The body of a 2xx answer as it arrives, for long lists and watches. The iteration ends with the body, throws
   * KubeFault when it is cut, and leaving it closes the connection. `timeoutMs` is the longest silence here.
   */
  stream(request: KubeRequest): AsyncIterable<Buffer>
  /** Ends all connections. */
  close(): void
}
