// SPDX-License-Identifier: Apache-2.0
import manifest from '../../package.json' with { type: 'json' }

/** The version of package.json, the only place where it is written; the bundle carries a copy. */
export const VERSION: string = manifest.version
