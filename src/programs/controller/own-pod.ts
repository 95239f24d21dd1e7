// SPDX-License-Identifier: Apache-2.0

import { type KubeApi, KubeFault } from '../../kube/api.ts'
import { PODS, pathOf } from '../../kube/resource.ts'
import type { Owner } from '../../kube/sink.ts'
import type { Log } from '../../lib/log.ts'
import { textAt } from '../../lib/unchecked.ts'

/** The Pod that we run in, so that what we make goes with it. Not to know it is no fault: it is said, and that is all. */
export async function findOwnPod(
  api: KubeApi,
  place: { namespace: string; name: string },
  log: Log,
): Promise<Owner | null> {
  const { namespace, name } = place
  if (name === '') return null
  try {
    const pod = await api.request({ method: 'GET', path: pathOf(PODS, { namespace, name }) })
    return { apiVersion: 'v1', kind: 'Pod', name, uid: textAt(pod, 'metadata', 'uid') }
  } catch (thrown) {
    if (!(thrown instanceof KubeFault)) throw thrown
    log.info('the own Pod is not known; what it makes will outlive it', {
      pod: `${namespace}/${name}`,
      error: thrown.message,
    })
    return null
  }
}
