// SPDX-License-Identifier: Apache-2.0
/** Runs the bench that argv names, in a process of its own, so that no bench measures another's heap. */
import type { Bench } from './figure.ts'

const module: { bench: Bench } = await import(process.argv[2] ?? '')
const figures = await module.bench()
// What a bench has left running must not keep us.
process.send?.(figures, undefined, {}, () => process.exit())
