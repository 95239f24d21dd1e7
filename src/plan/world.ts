// SPDX-License-Identifier: Apache-2.0

import type { Model } from '../model/model.ts'
import type { GateKey } from './gate.ts'

/** Everything besides the Service itself that decides who announces it. */
export type World = Readonly<{
  model: Model
  /** Names of nodes whose speaker is alive. */
  speakers: ReadonlySet<string>
  /** Interfaces of a node; a node that is absent has every interface that an advertisement may name. */
  interfaces: ReadonlyMap<string, Pick<ReadonlySet<string>, 'has'>>
  /**
   * Nodes that fail a health gate while another passes it. A gate that is absent, as all are where this is left out, is
   * passed by nobody or failed by nobody, and keeps nobody from announcing.
   */
  failing?: Pick<ReadonlyMap<GateKey, ReadonlySet<string>>, 'get'>
  /** --ignore-exclude-lb. */
  ignoreExcludeLabel: boolean
  /** Our own node is to leave and still announces by BGP what it did: what makes it leave does not keep it from that. */
  draining?: boolean
}>

/** The world as one node looks at it: a plan says what `node` does. */
export type Site = Readonly<{ world: World; node: string }>
