// SPDX-License-Identifier: Apache-2.0
import { MemoryObjects } from '../sim/memory-objects.ts'
import { asObject, objectSourceContract } from './object-source.ts'

for (const versioned of [false, true])
  objectSourceContract(versioned ? 'memory with versions' : 'memory', async () => {
    const api = new MemoryObjects({ versioned })
    return {
      openController: () => api.open(),
      openSpeaker: () => api.open(),
      apply: async (manifest) => api.apply(asObject(manifest)),
      delete: async (manifest) => {
        const { kind, metadata } = asObject(manifest)
        api.delete(kind, metadata.namespace, metadata.name)
      },
      close: async () => {},
    }
  })
