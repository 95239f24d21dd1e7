// SPDX-License-Identifier: Apache-2.0
/** `metallb <program>`: argv to one of programs/*. */
import { start } from './programs/start.ts'

start(process.argv, process.env)
