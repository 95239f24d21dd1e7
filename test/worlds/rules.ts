// SPDX-License-Identifier: Apache-2.0
/** Every rule that manifests can show. */
import type { Rule } from './rule.ts'
import { ALLOCATION_RULES } from './rules-allocation.ts'
import { BGP_RULES } from './rules-bgp.ts'
import { CONFIGURATION_RULES } from './rules-configuration.ts'
import { CONTROLLER_RULES } from './rules-controller.ts'
import { EXTENSION_RULES } from './rules-extensions.ts'
import { LAYER2_RULES } from './rules-layer2.ts'
import { MANIFEST_RULES } from './rules-manifests.ts'
import { PEER_RULES } from './rules-peers.ts'

export const RULES: readonly Rule[] = [
  ...CONTROLLER_RULES,
  ...ALLOCATION_RULES,
  ...LAYER2_RULES,
  ...BGP_RULES,
  ...PEER_RULES,
  ...CONFIGURATION_RULES,
  ...MANIFEST_RULES,
  ...EXTENSION_RULES,
]
