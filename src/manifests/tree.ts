// SPDX-License-Identifier: Apache-2.0
/**
 * The files under a directory, kept up to date by inotify: tells which files may have changed, and never polls.
 *
 * Hidden names are passed over, except that a change of `..data` and its like (how kubelet swaps a mounted ConfigMap)
 * means that everything beside it may have changed. A symbolic link to a directory is followed unless it leads back.
 */
import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { Fault } from '../lib/fault.ts'
import { errnoOf, whyOf } from './faults.ts'
import { isManifestName } from './paths.ts'
import { Watches } from './watches.ts'

/**
 * Linux queues 16,384 inotify events by default and drops what comes on top without telling us, so a burst of this
 * many is a reason to look at everything.
 */
const BURST = 4096

export class Tree {
  readonly #root: string
  readonly #watches: Watches
  readonly #files = new Set<string>()
  readonly #faults = new Map<string, string>()
  readonly #dirtyFiles = new Set<string>()
  readonly #dirtyDirs = new Set<string>()
  #burst = 0

  /** `onChange` is called at each sign of a change. */
  constructor(root: string, onChange: () => void) {
    this.#root = root
    this.#watches = new Watches((dir, name) => {
      if (this.#note(dir, name)) onChange()
    })
    this.#dirtyDirs.add(root)
  }

  /** Sentences about directories that cannot be read or watched, by path. */
  get faults(): ReadonlyMap<string, string> {
    return this.#faults
  }

  /** Takes the whole tree for changed. */
  suspectAll(): void {
    this.#dirtyDirs.add(this.#root)
  }

  /** Takes the files that may have changed, appeared or gone since the last call. */
  *takeChanged(): Generator<void, readonly string[]> {
    this.#burst = 0
    for (const dir of this.#dirtyDirs) {
      this.#dirtyDirs.delete(dir)
      this.#scan(dir)
      yield
    }
    const files = [...this.#dirtyFiles]
    this.#dirtyFiles.clear()
    return files
  }

  close(): void {
    this.#watches.close()
  }

  /** False: no manifest can have changed. */
  #note(dir: string, name: string | null): boolean {
    if (dir === dirname(resolve(this.#root)) && dir !== this.#root) {
      if (name !== null && name !== basename(resolve(this.#root))) return false
      this.#dirtyDirs.add(this.#root)
      return true
    }
    if (name?.startsWith('.') && !name.startsWith('..')) return false
    if (++this.#burst === BURST) this.#dirtyDirs.add(this.#root)
    if (name === null || name.startsWith('..')) this.#dirtyDirs.add(dir)
    else this.#dirtyDirs.add(join(dir, name))
    return true
  }

  /** Looks at what stands at a path; subdirectories follow through `#dirtyDirs`. */
  #scan(path: string): void {
    try {
      const stat = statSync(path)
      if (stat.isDirectory()) this.#scanDir(path, `${stat.dev}.${stat.ino}`)
      else if (path === this.#root) throw Object.assign(new Error('a file'), { code: 'ENOTDIR' })
      else this.#foundFile(path)
    } catch (thrown) {
      this.#lost(path, thrown)
    }
  }

  #scanDir(dir: string, id: string): void {
    if (this.#leadsBack(dir, id)) return
    if (dir === this.#root) this.#watchParent()
    // Watched before it is listed: what comes in between is heard.
    this.#watches.add(dir, id)
    const present = new Set<string>()
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue
      const path = join(dir, entry.name)
      present.add(path)
      if (entry.isFile()) this.#foundFile(path)
      else this.#dirtyDirs.add(path)
    }
    for (const path of this.#files) if (dirname(path) === dir && !present.has(path)) this.#goneFile(path)
    this.#faults.delete(dir)
  }

  #foundFile(path: string): void {
    if (!isManifestName(basename(path))) return
    this.#files.add(path)
    this.#dirtyFiles.add(path)
  }

  #lost(path: string, thrown: unknown): void {
    if (path !== this.#root && ['ENOENT', 'ENOTDIR'].includes(errnoOf(thrown))) {
      this.#watches.drop(path)
      const below = (other: string): boolean => other === path || other.startsWith(path + sep)
      for (const other of this.#faults.keys()) if (below(other)) this.#faults.delete(other)
      for (const other of this.#files) if (below(other)) this.#goneFile(other)
      return
    }
    // Nothing is known to be gone, so everything there stays as it was.
    this.#faults.set(path, thrown instanceof Fault ? thrown.message : `cannot read ${path}: ${whyOf(thrown)}`)
  }

  #goneFile(path: string): void {
    this.#files.delete(path)
    this.#dirtyFiles.add(path)
  }

  /** To see the directory come back when it is replaced as a whole. Without the right to, it has to stay in place. */
  #watchParent(): void {
    const parent = dirname(resolve(this.#root))
    try {
      if (parent !== this.#root) this.#watches.add(parent, 'parent')
    } catch {
      // Nothing depends on it as long as the directory stays.
    }
  }

  #leadsBack(dir: string, id: string): boolean {
    for (let above = dir; above !== this.#root && above !== dirname(above); ) {
      above = dirname(above)
      if (this.#watches.idOf(above) === id) return true
    }
    return false
  }
}
