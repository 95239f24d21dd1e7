// SPDX-License-Identifier: Apache-2.0
/** A BFDProfile; null numbers take the engine's defaults (300/300 ms × 3, echo 50 ms). */
export type BfdProfile = Readonly<{
  name: string
  receiveMs: number | null
  transmitMs: number | null
  echoMs: number | null
  detectMultiplier: number | null
  minimumTtl: number | null
  echoMode: boolean
  passiveMode: boolean
  strictStart: boolean
}>
