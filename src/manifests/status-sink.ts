// SPDX-License-Identifier: Apache-2.0
/** The controller's side of `.status`: what is written about which object, and when it goes again. */
import type { EventWrite, KubeObject, StatusWrite } from '../lib/object.ts'
import { keyOf } from '../lib/object.ts'
import type { ObjectRef } from '../lib/problem.ts'
import type { Catalog } from './catalog.ts'
import { EventFiles } from './event-files.ts'
import { isMetallb } from './kinds.ts'
import { rewrite } from './overlay.ts'
import { fileNameOf, folderOf, type StatusFiles } from './status-files.ts'
import type { WrittenServices } from './written-services.ts'

/** Kinds besides Service that users write into files and we write a status about. */
const WITH_STATUS = 'IPAddressPool'

type StatusSinkOptions = Readonly<{ files: StatusFiles; written: WrittenServices; catalog: Catalog }>

export class StatusSink {
  readonly #files: StatusFiles
  readonly #written: WrittenServices
  readonly #catalog: Catalog
  readonly #events: EventFiles

  constructor({ files, written, catalog }: StatusSinkOptions) {
    this.#files = files
    this.#written = written
    this.#catalog = catalog
    this.#events = new EventFiles(files)
  }

  /** False: the object is gone. Throws a Fault when the write did not happen. */
  status(write: StatusWrite): boolean {
    const { kind, namespace, name } = write.object
    const key = keyOf(kind, namespace, name)
    const object = this.#catalog.get(key)
    if (kind !== 'Service') {
      this.#other(write, object)
      return true
    }
    // The Service went while its result was under way: a file now would give the address to one that comes later.
    if (!object) return false
    this.#written.write(write.object, rewrite(this.#written.get(key), write, object))
    this.#catalog.acknowledge(key)
    return true
  }

  /** `now`: RFC 3339. Throws a Fault when the write did not happen. */
  event(write: EventWrite, now: string): void {
    this.#events.write(write, now)
  }

  /** The object is gone from the files, and with it what is written about it. Throws a Fault. */
  forget(object: KubeObject): void {
    const ref = { kind: object.kind, ...object.metadata }
    if (object.kind === 'Service') this.#written.remove(ref)
    else if (isMetallb(object.apiVersion)) this.#files.remove(this.#pathOf(ref))
  }

  /** Removes what is written about objects that went while no controller ran. Throws a Fault. */
  sweep(): void {
    for (const key of this.#written.keys()) {
      const [kind = '', namespace = '', name = ''] = key.split('/')
      if (!this.#catalog.claim(key)) this.#written.remove({ kind, namespace, name })
    }
    const folder = folderOf(WITH_STATUS)
    const wanted = new Set(this.#catalog.refs(WITH_STATUS).map((ref) => fileNameOf(ref)))
    for (const name of this.#files.list(folder)) {
      if (!wanted.has(name)) this.#files.remove(this.#files.pathOf(folder, name))
    }
  }

  #other({ object, status, annotations }: StatusWrite, file: KubeObject | undefined): void {
    const { kind, namespace, name } = object
    const set = Object.fromEntries(Object.entries(annotations).filter(([, value]) => value !== null))
    const metadata = { name, namespace, annotations: set }
    const apiVersion = file?.apiVersion ?? 'metallb.io/v1beta1'
    this.#files.write(this.#pathOf(object), { apiVersion, kind, metadata, status })
  }

  #pathOf(ref: ObjectRef): string {
    return this.#files.pathOf(folderOf(ref.kind), fileNameOf(ref))
  }
}
