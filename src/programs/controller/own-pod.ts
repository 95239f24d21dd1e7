// SPDX-License-Identifier: Apache-2.0

import { type KubeApi, KubeFault } from '../../kube/api.ts'
import { PODS, pathOf } from '../../kube/resource.ts'
import type { Owner } from '../../kube/sink.ts'
import type { Log } from '../../lib/log.ts'

export type OwnPod = Readonly<{ owner: Owner | null; nodeName: string }>

const UNKNOWN: OwnPod = { owner: null, nodeName: '' }

/** The Pod that we run in, so that what we make goes with it. Not to know it is no fault: it is said, and that is all. */
export async function findOwnPod(api: KubeApi, place: { namespace: string; name: string }, log: Log): Promise<OwnPod> {
  const { namespace, name } = place
  if (name === '') return UNKNOWN
  try {
    const pod = await api.request({ method: 'GET', path: pathOf(PODS, { namespace, name }) })
    const uid = textAt(pod, 'metadata', 'uid')
    return { owner: { apiVersion: 'v1', kind: 'Pod', name, uid }, nodeName: textAt(pod, 'spec', 'nodeName') }
  } catch (thrown) {
    if (!(thrown instanceof KubeFault)) throw thrown
    log.info('the own Pod is not known; what it makes will outlive it', {
      pod: `${namespace}/${name}`,
      error: thrown.message,
    })
    return UNKNOWN
  }
}

function textAt(value: unknown, ...path: readonly string[]): string {
  const found = path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
    value,
  )
  return typeof found === 'string' ? found : ''
}
