// SPDX-License-Identifier: Apache-2.0
/** The key that the speakers' member list is encrypted with: made once, by whichever controller is first, and never changed. */
import { randomBytes } from 'node:crypto'
import { type KubeApi, KubeFault } from '../../kube/api.ts'
import { DEPLOYMENTS, pathOf, SECRETS } from '../../kube/resource.ts'
import type { Log } from '../../lib/log.ts'
import { listAt, textAt } from '../../lib/unchecked.ts'

const KEY_BYTES = 16

export type SecretPlace = Readonly<{
  namespace: string
  name: string
  /** Deployment that owns it; '' where it is not known. */
  deployment: string
}>

/** Makes the Secret where it is missing. Throws KubeFault. */
export async function ensureMemberlistSecret(api: KubeApi, place: SecretPlace, log: Log): Promise<void> {
  const { namespace, name, deployment } = place
  const path = pathOf(SECRETS, { namespace })
  const found = await api.request({ method: 'GET', path, query: { fieldSelector: `metadata.name=${name}` } })
  if (listAt(found, 'items').length > 0) return
  const owner = deployment === '' ? null : await ownerOf(api, namespace, deployment)
  const metadata = { name, namespace, ...(owner ? { ownerReferences: [owner] } : {}) }
  // What MetalLB writes and its speakers take as it stands: standard base64 without padding.
  const secretkey = randomBytes(KEY_BYTES).toString('base64').replaceAll('=', '')
  const body = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', stringData: { secretkey } }
  try {
    await api.request({ method: 'POST', path, body })
    log.info('memberlist secret made', { secret: `${namespace}/${name}` })
  } catch (thrown) {
    if (!(thrown instanceof KubeFault) || thrown.kind.code !== 'alreadyExists') throw thrown
  }
}

async function ownerOf(api: KubeApi, namespace: string, name: string): Promise<object> {
  const deployment = await api.request({ method: 'GET', path: pathOf(DEPLOYMENTS, { namespace, name }) })
  return { apiVersion: 'apps/v1', kind: 'Deployment', name, uid: textAt(deployment, 'metadata', 'uid') }
}
