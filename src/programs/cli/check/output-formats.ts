// SPDX-License-Identifier: Apache-2.0
/** What `-o` takes; by itself, as the command line needs the names and not the formats. */
export const OUTPUT_FORMATS = ['text', 'json', 'sarif', 'github'] as const

export type OutputFormat = (typeof OUTPUT_FORMATS)[number]
