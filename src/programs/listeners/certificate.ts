// SPDX-License-Identifier: Apache-2.0
/** The certificate of the secure listener: from a directory, as a Secret is mounted, and read anew when it changes. */
import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { Clock, Timer } from '../../lib/clock.ts'
import { Fault, reasonOf } from '../../lib/fault.ts'
import type { Log } from '../../lib/log.ts'
import type { ListenFault } from './listen.ts'

/** PEM texts. */
export type Certificate = Readonly<{ cert: string; key: string }>

/** The kubelet swaps links when a Secret changes, in several steps that belong together. */
const SETTLE_MS = 100
/** Between looks where the kernel has no watch left for us (fs.inotify.max_user_instances), or ended ours. */
const LOOK_MS = 60_000

/** Reads tls.crt and tls.key. Throws Fault `badCertificate` when they are not there or do not belong together. */
export function readCertificate(directory: string): Certificate {
  try {
    const [cert, key] = ['tls.crt', 'tls.key'].map((name) => readFileSync(join(directory, name), 'utf8'))
    const certificate = { cert: cert ?? '', key: key ?? '' }
    createSecureContext(certificate)
    return certificate
  } catch (error) {
    const message = `the certificate in ${directory} cannot be used: ${reasonOf(error)}`
    throw new Fault<ListenFault>({ code: 'badCertificate' }, message, error)
  }
}

type Watching = Readonly<{ directory: string; clock: Clock; log: Log; onChange(certificate: Certificate): void }>

/** Calls back with each new certificate; one that cannot be used leaves the old one in use and is said in the log. */
export function watchCertificate({ directory, clock, log, onChange }: Watching): { close(): void } {
  let timer: Timer | undefined
  let current = JSON.stringify(readCertificate(directory))
  const reload = () => {
    try {
      const certificate = readCertificate(directory)
      if (JSON.stringify(certificate) === current) return
      current = JSON.stringify(certificate)
      onChange(certificate)
      log.info('certificate changed', { directory })
    } catch (error) {
      log.warn(`${reasonOf(error)}; the one before stays in use`, { directory })
    }
  }
  const look = () => {
    reload()
    timer = clock.after(LOOK_MS, look)
  }
  const onError = (error: unknown) => {
    log.warn(`a new certificate is noticed late: ${reasonOf(error)}`, { directory, everyMs: LOOK_MS })
    timer?.cancel()
    timer = clock.after(LOOK_MS, look)
  }
  const onEvent = () => {
    timer?.cancel()
    timer = clock.after(SETTLE_MS, reload)
  }
  const watcher = openWatcher(() => watch(directory, { persistent: false }, onEvent), onError)
  return {
    close: () => {
      timer?.cancel()
      watcher?.close()
    },
  }
}

/** Null where there is none to be had. */
function openWatcher(open: () => FSWatcher, onError: (error: unknown) => void): FSWatcher | null {
  try {
    return open().on('error', onError)
  } catch (error) {
    onError(error)
    return null
  }
}
