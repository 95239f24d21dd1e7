// SPDX-License-Identifier: Apache-2.0
/** The webhooks of one controller as a process of their own: KUBECONFIG ADDRESS PORT. Logs like the controller. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { openClient } from '../../src/kube/client.ts'
import { readKubeconfig } from '../../src/kube/kubeconfig.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createLog } from '../../src/lib/log.ts'
import { startWebhooks } from '../../src/programs/controller/webhooks/webhooks.ts'
import { Readiness } from '../../src/programs/listeners/readiness.ts'

const [kubeconfig, host, port] = process.argv.slice(2)
assert.ok(kubeconfig !== undefined && host !== undefined && port !== undefined, 'KUBECONFIG ADDRESS PORT')
const api = openClient(await readKubeconfig(kubeconfig), { userAgent: 'metallb-controller/test' })
const webhooks = await startWebhooks({
  api,
  log: createLog('all'),
  clock: systemClock,
  random: Math.random,
  namespace: 'metallb-system',
  certificate: { secretName: 'metallb-webhook-cert', serviceName: 'metallb-webhook-service' },
  tls: { minVersion: 'TLSv1.3' },
  host,
  port: Number(port),
  readiness: new Readiness(),
})
await once(process, 'SIGTERM')
await webhooks.close()
api.close()
