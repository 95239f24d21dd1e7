// SPDX-License-Identifier: Apache-2.0
import { type KubeApi, KubeFault } from '../../kube/api.ts'
import { DAEMON_SETS, PODS, pathOf } from '../../kube/resource.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { listAt, textAt } from '../../lib/unchecked.ts'

export type OwnDaemonSetOptions = Readonly<{
  api: KubeApi
  namespace: string
  /** Of the own Pod, as it was told or found; '' where nobody knows it. */
  podName: string
  clock: Clock
  log: Log
}>

/** For both questions together. Who asks is on its way out, and has more to do. */
const PATIENCE_MS = 500

/**
 * Whether the DaemonSet that our Pod belongs to is gone or going, so that no other Pod follows ours. What cannot be
 * found out counts as no: a restart is what happens every day. Never throws.
 */
export async function isDaemonSetDeleted(options: OwnDaemonSetOptions): Promise<boolean> {
  const { clock, log, podName } = options
  if (podName === '') return false
  const impatience = new AbortController()
  const timer = clock.after(PATIENCE_MS, () => impatience.abort())
  try {
    return await ask(options, impatience.signal)
  } catch (thrown) {
    if (!(thrown instanceof KubeFault)) throw thrown
    const error = impatience.signal.aborted ? `no answer within ${PATIENCE_MS} ms` : thrown.message
    log.info('whether the DaemonSet is being deleted is not known; this counts as a restart', { error })
    return false
  } finally {
    timer.cancel()
  }
}

async function ask({ api, namespace, podName }: OwnDaemonSetOptions, signal: AbortSignal): Promise<boolean> {
  const pod = await api.request({ method: 'GET', path: pathOf(PODS, { namespace, name: podName }), signal })
  const owner = listAt(pod, 'metadata', 'ownerReferences').find((one) => textAt(one, 'kind') === 'DaemonSet')
  const [name, uid] = [textAt(owner, 'name'), textAt(owner, 'uid')]
  if (name === '') return false
  try {
    const found = await api.request({ method: 'GET', path: pathOf(DAEMON_SETS, { namespace, name }), signal })
    // Another one by that name has taken its place already, with Pods of its own.
    if (uid !== '' && textAt(found, 'metadata', 'uid') !== uid) return false
    return textAt(found, 'metadata', 'deletionTimestamp') !== ''
  } catch (thrown) {
    if (thrown instanceof KubeFault && thrown.kind.code === 'notFound') return true
    throw thrown
  }
}
