// SPDX-License-Identifier: Apache-2.0
import { type FSWatcher, watch } from 'node:fs'
import { basename, sep } from 'node:path'
import { cannotWatch } from './faults.ts'

type Watch = Readonly<{ id: string; watcher: FSWatcher }>

/**
 * inotify on directories, one watch each. `onChange` hears the directory and the name in it that changed; null when the
 * directory itself changed, or anything may have.
 */
export class Watches {
  readonly #watches = new Map<string, Watch>()
  readonly #onChange: (dir: string, name: string | null) => void

  constructor(onChange: (dir: string, name: string | null) => void) {
    this.#onChange = onChange
  }

  /**
   * Watches a directory. `id` tells whether what stands at this path is still the directory that is watched.
   * Throws a Fault when it cannot be watched.
   */
  add(dir: string, id: string): void {
    if (this.#watches.get(dir)?.id === id) return
    this.#close(dir)
    try {
      // A directory that is deleted or moved away reports its own name.
      const watcher = watch(dir, (_event, name) => this.#onChange(dir, name === basename(dir) ? null : name))
      watcher.on('error', () => this.#onChange(dir, null))
      this.#watches.set(dir, { id, watcher })
    } catch (thrown) {
      throw cannotWatch(dir, thrown)
    }
  }

  idOf(dir: string): string | undefined {
    return this.#watches.get(dir)?.id
  }

  /** Ends the watches of a directory and of all below it. */
  drop(dir: string): void {
    for (const path of this.#watches.keys()) if (path === dir || path.startsWith(dir + sep)) this.#close(path)
  }

  close(): void {
    for (const dir of this.#watches.keys()) this.#close(dir)
  }

  #close(dir: string): void {
    this.#watches.get(dir)?.watcher.close()
    this.#watches.delete(dir)
  }
}
