// SPDX-License-Identifier: Apache-2.0
/** The demo's story, in two acts on one network: Layer 2, then routers. */
import type { Step } from './play.ts'
import type { Stage } from './stage.ts'
import { BGP_STORY } from './story-bgp.ts'
import { LAYER2_STORY } from './story-layer2.ts'

export const STORY: readonly Step<Stage>[] = [...LAYER2_STORY, ...BGP_STORY]
