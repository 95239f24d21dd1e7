// SPDX-License-Identifier: Apache-2.0
// Preloaded into a daemon under test: on SIGUSR2 it writes the names of all loaded modules to $PROBE_FILE.
const { renameSync, writeFileSync } = require('node:fs')

process.on('SIGUSR2', () => {
  const file = process.env.PROBE_FILE
  writeFileSync(`${file}.part`, JSON.stringify(process.moduleLoadList))
  renameSync(`${file}.part`, file)
})
