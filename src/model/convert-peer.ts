// SPDX-License-Identifier: Apache-2.0
/**
 * A BGPPeer in the words of its other version, without loss.
 *
 * v1beta1 is a part of v1beta2: fields have the same names and meanings. What v1beta1 cannot say travels in an
 * annotation and comes back from there, unless the v1beta1 object was changed meanwhile to say something that excludes
 * it: who writes `peerAddress` no longer means the `interface` that nobody showed them. Timers that are not set stay so.
 *
 * The annotation is text that anybody may have written, so only fields of the right type come back; whether their
 * values make sense is the same question as for any other BGPPeer.
 */
import type { BGPPeerSpec, BGPPeerV1Beta1Spec } from './resources.generated.ts'

export const PEER_V1BETA1 = 'metallb.io/v1beta1'
export const PEER_V1BETA2 = 'metallb.io/v1beta2'
export type PeerVersion = typeof PEER_V1BETA1 | typeof PEER_V1BETA2

/** Where a v1beta1 object keeps what only v1beta2 has: JSON of `Kept`. */
export const CONVERSION_DATA = 'metallb.io/conversion-data'

/** As little as has to be known of an object; `spec` is looked at with suspicion. */
type PeerObject = Readonly<{
  apiVersion: string
  metadata: Readonly<{ annotations?: Readonly<Record<string, string>>; name?: unknown }>
  spec?: unknown
}>

type Fields = Readonly<Record<string, unknown>>
type Shared = keyof BGPPeerV1Beta1Spec
type Only = Exclude<keyof BGPPeerSpec, Shared>

/** `rivals`: fields of v1beta1 that were set although they exclude a kept one; such an object is invalid and stays so. */
type Kept = Readonly<{ spec: Fields; rivals: readonly Shared[] }>

const text = (value: unknown) => typeof value === 'string'
const flag = (value: unknown) => typeof value === 'boolean'
const upTo = (most: number) => (value: unknown) =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most

/** The fields of v1beta2 alone, and whether a value is one that the API server would take. */
const CHECKS: Readonly<Record<Only, (value: unknown) => boolean>> = {
  connectTime: text,
  disableMP: flag,
  dualStackAddressFamily: flag,
  dynamicASN: (value) => value === 'internal' || value === 'external',
  enableGracefulRestart: flag,
  gracefulRestart: (value) =>
    isFields(value) && flag(value['enabled']) && hasTexts(value, { except: ['enabled'], among: ['restartTime'] }),
  interface: text,
  localASN: upTo(2 ** 32 - 1),
  passive: flag,
  passwordSecret: (value) => isFields(value) && hasTexts(value, { except: [], among: ['key', 'name', 'namespace'] }),
  ttlSecurityHops: upTo(254),
  vrf: text,
}
const ONLY_V1BETA2: ReadonlyMap<string, (value: unknown) => boolean> = new Map(Object.entries(CHECKS))

/** A field of v1beta1 and the one of v1beta2 that it excludes. */
const RIVALS: readonly (readonly [Shared, Only])[] = [
  ['peerAddress', 'interface'],
  ['peerASN', 'dynamicASN'],
  ['password', 'passwordSecret'],
]

/** The same object in the given version; all but `apiVersion`, `spec` and our annotation stays as it is. */
export function convertPeer<T extends PeerObject>(object: T, apiVersion: PeerVersion): T {
  if (object.apiVersion === apiVersion) return object
  const spec = isFields(object.spec) ? object.spec : undefined
  const { [CONVERSION_DATA]: data, ...annotations } = object.metadata.annotations ?? {}
  if (apiVersion === PEER_V1BETA2) {
    const metadata = withAnnotations(object, annotations)
    return { ...object, apiVersion, metadata, ...(spec && { spec: raise(spec, readKept(data)) }) }
  }
  const kept = spec ? keep(spec) : null
  const all = kept === null ? annotations : { ...annotations, [CONVERSION_DATA]: JSON.stringify(kept) }
  const metadata = withAnnotations(object, all)
  return { ...object, apiVersion, metadata, ...(spec && { spec: lower(spec) }) }
}

/** v1beta1 demands a peerASN and a peerAddress: the zero value says that there is none. */
function lower(spec: Fields): Fields {
  const shared = Object.entries(spec).filter(([key]) => !ONLY_V1BETA2.has(key))
  return { peerASN: 0, peerAddress: '', ...Object.fromEntries(shared) }
}

/** Zero values mean unset, and v1beta2 refuses port 0. */
function raise(spec: Fields, { spec: kept, rivals }: Kept): Fields {
  const raised = without(spec, { peerASN: 0, peerAddress: '', peerPort: 0 })
  const excluded = RIVALS.filter(([shared]) => isSet(raised[shared]) && !rivals.includes(shared)).map(
    ([, only]) => only,
  )
  const restored = Object.entries(kept).filter(([key]) => !excluded.some((only) => only === key))
  return { ...raised, ...Object.fromEntries(restored) }
}

/** Null where v1beta1 says it all. Defaults of v1beta2 need no keeping, the API server fills them in. */
function keep(spec: Fields): Kept | null {
  const only = Object.entries(spec).filter(([key]) => ONLY_V1BETA2.has(key))
  const kept = without(Object.fromEntries(only), { disableMP: false, dualStackAddressFamily: false })
  if (Object.keys(kept).length === 0) return null
  const both = RIVALS.filter(([shared, rival]) => isSet(spec[shared]) && isSet(kept[rival]))
  return { spec: kept, rivals: both.map(([shared]) => shared) }
}

/** What cannot be read is nothing kept. */
function readKept(data: string | undefined): Kept {
  const parsed = parseJson(data ?? '')
  const { spec, rivals } = isFields(parsed) ? parsed : {}
  const fields = Object.entries(isFields(spec) ? spec : {}).filter(([key, value]) => ONLY_V1BETA2.get(key)?.(value))
  const named: readonly unknown[] = Array.isArray(rivals) ? rivals : []
  const shared = RIVALS.map(([name]) => name).filter((name) => named.includes(name))
  return { spec: Object.fromEntries(fields), rivals: shared }
}

function parseJson(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}

/** An object that has no annotations, and needs none, gets no empty map. */
function withAnnotations({ metadata }: PeerObject, annotations: Readonly<Record<string, string>>) {
  if (metadata.annotations === undefined && Object.keys(annotations).length === 0) return metadata
  return { ...metadata, annotations }
}

function without(spec: Fields, values: Fields): Fields {
  const entries = Object.entries(spec).filter(([key, value]) => !Object.hasOwn(values, key) || values[key] !== value)
  return Object.fromEntries(entries)
}

function hasTexts(value: Fields, { except, among }: Readonly<Record<'except' | 'among', readonly string[]>>): boolean {
  const keys = Object.keys(value).filter((key) => !except.includes(key))
  return keys.every((key) => among.includes(key) && typeof value[key] === 'string')
}

const isSet = (value: unknown) => value !== undefined && value !== '' && value !== 0

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
