// SPDX-License-Identifier: Apache-2.0
/** Where kube-apiserver, etcd, kubectl and the rest of a cluster lie; built if they are missing. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Fault } from '../../src/lib/fault.ts'

export type ComponentsFault = Fault<{ code: 'notBuilt' }>

const BUILD = join(import.meta.dirname, '../../tools/build-kubernetes')

/** `api`: kube-apiserver, etcd and kubectl; `node`: also kubelet, kube-proxy, controller-manager and scheduler. */
export type Level = 'api' | 'node'

/** The directory of the components. The first time on a machine this takes minutes, and says so on stderr. */
export async function componentDirectory(level: Level = 'api'): Promise<string> {
  const child = spawn(BUILD, [level], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  const [code] = await once(child, 'close')
  if (code === 0) return output.trim()
  throw new Fault({ code: 'notBuilt' }, `tools/build-kubernetes ${level} failed; stderr says why`)
}
