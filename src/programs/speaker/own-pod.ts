// SPDX-License-Identifier: Apache-2.0
import { type KubeApi, KubeFault } from '../../kube/api.ts'
import { PODS, pathOf } from '../../kube/resource.ts'
import type { Owner } from '../../kube/sink.ts'
import type { Log } from '../../lib/log.ts'
import { fieldsOf } from '../../lib/unchecked.ts'

export type OwnPodOptions = Readonly<{
  api: KubeApi
  namespace: string
  node: string
  /** '' where nobody said it. With the host's network, HOSTNAME is the node's name and says nothing about the Pod. */
  podName: string
  /** Labels of the speakers' Pods, as a selector; '' where nobody said them. */
  labels: string
  log: Log
}>

/** Of our manifests and of MetalLB's. */
const USUAL_LABELS = 'app=metallb,component=speaker'

/**
 * Our own Pod, which is to own the objects that we write, so that they go with it. Null where it cannot be found: they
 * then stay until a speaker tidies up. Throws KubeFault where asking again may help.
 */
export async function findOwnPod(options: OwnPodOptions): Promise<Owner | null> {
  const { podName, log } = options
  try {
    const owner = podName === '' ? await searchPod(options) : await getPod(options)
    if (!owner) log.warn('the own Pod cannot be found, so that what is written about Services has no owner', {})
    return owner
  } catch (thrown) {
    if (!(thrown instanceof KubeFault) || !['forbidden', 'notFound', 'invalid'].includes(thrown.kind.code)) throw thrown
    log.warn('the own Pod cannot be read, so that what is written about Services has no owner', {
      error: thrown.message,
    })
    return null
  }
}

async function getPod({ api, namespace, podName }: OwnPodOptions): Promise<Owner | null> {
  return ownerOf(await api.request({ method: 'GET', path: pathOf(PODS, { namespace, name: podName }) }))
}

/** One that is being deleted is the one before us; one that was evicted stays until somebody tidies up. */
async function searchPod({ api, namespace, node, labels }: OwnPodOptions): Promise<Owner | null> {
  const query = { fieldSelector: `spec.nodeName=${node}`, labelSelector: labels || USUAL_LABELS }
  const answer = fieldsOf(await api.request({ method: 'GET', path: pathOf(PODS, { namespace }), query }))
  const items: readonly unknown[] = Array.isArray(answer['items']) ? answer['items'] : []
  const running = items.filter((item) => {
    const { metadata, status } = fieldsOf(item)
    const hasEnded = ['Failed', 'Succeeded'].includes(String(fieldsOf(status)['phase']))
    return !hasEnded && fieldsOf(metadata)['deletionTimestamp'] === undefined
  })
  return running.length === 1 ? ownerOf(running[0]) : null
}

function ownerOf(pod: unknown): Owner | null {
  const { name, uid } = fieldsOf(fieldsOf(pod)['metadata'])
  if (typeof name !== 'string' || typeof uid !== 'string') return null
  return { apiVersion: 'v1', kind: 'Pod', name, uid }
}
