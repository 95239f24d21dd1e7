// SPDX-License-Identifier: Apache-2.0
/** `metallb <program>`: argv to one of programs/*. */
import { run } from './programs/cli/run.ts'

run(process.argv)
