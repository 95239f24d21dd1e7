// SPDX-License-Identifier: Apache-2.0
import type { KubeObject } from '../lib/object.ts'
import type { BfdProfile } from './bfd-profile.ts'
import type { BFDProfileSpec } from './resources.generated.ts'

/** Reads a BFDProfile; its ranges were checked with its structure. */
export function parseBfdProfile(object: KubeObject): BfdProfile {
  const spec = (object.spec ?? {}) as BFDProfileSpec
  return {
    name: object.metadata.name,
    receiveMs: spec.receiveInterval ?? null,
    transmitMs: spec.transmitInterval ?? null,
    echoMs: spec.echoInterval ?? null,
    detectMultiplier: spec.detectMultiplier ?? null,
    minimumTtl: spec.minimumTtl ?? null,
    echoMode: spec.echoMode ?? false,
    passiveMode: spec.passiveMode ?? false,
    strictStart: spec.strictStart ?? false,
  }
}
