// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '../../src/lib/log.ts'
import { openDirectory } from '../../src/manifests/directory.ts'
import { type Manifest, objectSourceContract } from './object-source.ts'

const options = { namespace: 'metallb-system', log: createLog('none') }

objectSourceContract('directory', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'metallb-directory-'))
  const fileOf = ({ kind, metadata }: Manifest): string => join(dir, `${kind}-${String(metadata['name'])}.json`)
  return {
    openController: () => openDirectory(dir, { ...options, role: 'controller' }),
    openSpeaker: () => openDirectory(dir, { ...options, role: 'speaker' }),
    apply: (manifest) => writeFile(fileOf(manifest), JSON.stringify(manifest)),
    delete: (manifest) => rm(fileOf(manifest)),
    close: () => rm(dir, { recursive: true }),
  }
})
